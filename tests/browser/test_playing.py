"""What the service says of a file is what Chromium says: its type, and that it plays where it says so, unencoded.

Debian's Chromium plays no HEVC; AV1 stands for what some browsers play."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from deploy.process import wait_until
from schemas.custody import CustodyEntry
from tests.browser.sign_in import PATIENCE_MS, signed_in
from tests.fixtures.media import SAMPLES, footage
from tests.fixtures.samples import FATES
from tests.fixtures.stack import Stack

QUEUES = ("light",)  # nothing is encoded
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", "-g", "15")
ASKED = """async type => {
    const [container, said] = type.split("; codecs=");
    const names = said ? said.replaceAll('"', "").split(", ") : [];
    const heard = name => /^(mp4a|opus|vorbis|flac)/.test(name);
    const of = names => ({ contentType: `${container}; codecs="${names.join(", ")}"` });
    const asked = { type: "file" };
    const seen = names.filter(name => !heard(name)), sound = names.filter(heard);
    if (seen.length) asked.video = { ...of(seen), width: 640, height: 360, bitrate: 1e6, framerate: 25 };
    if (sound.length) asked.audio = { ...of(sound), contentType: of(sound).contentType.replace("video/", "audio/") };
    const able = await navigator.mediaCapabilities.decodingInfo(asked);
    return [able.supported, document.createElement("video").canPlayType(type)];
}"""


def told(stack: Stack, recording_id: str) -> dict:
    """Once it was made playable."""
    read = lambda: stack.api("supervisor").get(f"/api/v1/recordings/{recording_id}").json()  # noqa: E731
    done = ("intake", "playable")
    assert wait_until(
        lambda: (
            sum(stage["kind"] in done and stage["state"] == "done" for stage in read()["stages"]) == 2
            or read()["state"] == "unplayable"
        ),
        PATIENCE_MS / 1000,
        every_s=0.2,
    )
    return read()


@pytest.fixture(scope="module")
def av1(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("av1") / "av1.mp4"
    return stack.upload(footage(path, seconds=3, options=AV1))


def test_a_browser_that_plays_the_codec_plays_the_original_and_nothing_is_encoded(
    stack: Stack, browser: Browser, av1: str
) -> None:
    assert told(stack, av1)["playback"] == "on_demand"
    with signed_in(browser, stack, "member") as page:
        page.goto(f"/recordings/{av1}")
        page.wait_for_function("document.querySelector('video')?.currentSrc.endsWith('/playback?plays=av1')")
        page.evaluate("() => { const v = document.querySelector('video'); v.muted = true; v.play() }")
        now = "document.querySelector('video').currentTime"
        assert wait_until(lambda: page.evaluate(now) > 0.3, PATIENCE_MS / 1000, every_s=0.1)
        assert page.evaluate("document.querySelector('video').videoHeight") == 360
    with stack.session() as session:
        acts = session.scalars(
            select(CustodyEntry.action).where(
                CustodyEntry.subject_id == UUID(av1), CustodyEntry.account_id.is_not(None)
            )
        ).all()
    assert acts.count("play") == 1 and not {"download", "ask_playback"} & set(acts)
    assert "video" not in {row["kind"] for row in told(stack, av1)["renditions"]}


def asked(page: Page, type_: str) -> list:
    return page.evaluate(ASKED, type_)


def test_chromium_knows_each_type_and_says_of_each_whether_it_plays(
    stack: Stack, browser: Browser, clips: dict[str, Path], av1: str
) -> None:
    ids = {kind: stack.upload(path) for kind, path in clips.items()} | {"av1": av1}
    if SAMPLES.is_dir():
        ids |= {name: stack.upload(SAMPLES / name) for name in FATES if (SAMPLES / name).is_file()}
    with signed_in(browser, stack, "member") as page:
        page.goto("/")
        for name, recording_id in ids.items():
            found = told(stack, recording_id)
            how, type_ = found["playback"], found["playback_type"]
            if type_ is None:
                assert how in ("on_demand", "none"), (name, how)
                continue
            plays = how != "on_demand" or type_.startswith('video/mp4; codecs="av01')
            assert asked(page, type_) == [plays, "probably" if plays else ""], (name, how, type_)
            if how in ("original", "remux"):
                src = f"/api/v1/recordings/{recording_id}/playback"
                size = page.evaluate(
                    "src => new Promise((good, bad) => { const v = document.createElement('video'); v.src = src;"
                    " v.onloadeddata = () => good(v.videoWidth); v.onerror = () => bad(v.error.message) })",
                    src,
                )
                assert (size > 0) == type_.startswith("video/"), name
        types = {name: told(stack, recording_id)["playback_type"] for name, recording_id in ids.items()}
    assert types["h264_mp4"] is not None and types["hevc_mp4"].startswith('video/mp4; codecs="hvc1.')
    assert types["avi"] is None and types["ts"].startswith('video/mp4; codecs="avc1.')
