"""Chromium plays what the service serves: `currentTime` advances, for made and for real camera files.

The camera files are held to the table of their README here too, so that each is encoded once a run."""

from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from deploy.process import wait_until
from schemas.custody import CustodyEntry
from schemas.originals import Rendition, RenditionKind
from schemas.recordings import Recording, Tag
from tests.browser.sign_in import PATIENCE_MS, signed_in
from tests.fixtures.media import SAMPLES, footage
from tests.fixtures.samples import FATES, UNPLAYABLE
from tests.fixtures.stack import Stack

# A file that the table does not know yet is no case: what it must become has to be said first.
CAMERA_FILES = {name: SAMPLES / name for name in FATES if (SAMPLES / name).is_file()}
# the long ones last: they are encoded while the others are looked at
FILES = sorted(CAMERA_FILES, key=lambda name: (FATES[name].duration_s or 0, name))
MADE = ("h264_mp4", "hevc_mp4", "ts", "avi")


def advances(page: Page) -> float:
    """Seconds that the player got on to, after being told to play."""
    page.wait_for_selector("video, audio", state="attached")
    page.evaluate(
        "() => { const v = document.querySelector('video, audio'); v.muted = true; v.play().catch(() => 0) }"
    )
    on = "() => { const v = document.querySelector('video, audio'); return v.currentTime > Math.min(0.3, v.duration / 3) }"
    assert wait_until(lambda: page.evaluate(on), PATIENCE_MS / 1000, every_s=0.1)
    return page.evaluate("document.querySelector('video, audio').currentTime")


def test_a_file_browsers_can_play_is_watchable_and_ready_before_its_encode(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    stack.workers["encode"].stop()
    try:
        recording_id = stack.upload(footage(tmp_path / "early.mp4", "h264_mp4", seconds=3))
        with signed_in(browser, stack, "member") as page:
            page.goto(f"/recordings/{recording_id}")
            page.wait_for_selector("video", state="attached")
            assert advances(page) > 0

        def told() -> dict:
            return stack.api("supervisor").get(f"/api/v1/recordings/{recording_id}").json()

        assert wait_until(lambda: told()["state"] == "ready", PATIENCE_MS / 1000, every_s=0.2)
        states = {stage["kind"]: stage["state"] for stage in told()["stages"]}
        assert (states["looks"], states["renditions"]) == ("done", "queued")
    finally:
        stack.workers["encode"].start()


def test_what_browsers_cannot_play_is_watched_by_who_presses_play(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    encode = stack.workers["encode"]
    encode.stop()
    try:
        recording_id = stack.upload(footage(tmp_path / "asked.mp4", "hevc_mp4", seconds=5))
        told = stack.api("supervisor").get
        assert wait_until(
            lambda: told(f"/api/v1/recordings/{recording_id}").json()["streams"], PATIENCE_MS / 1000
        )
        with signed_in(browser, stack, "member") as page:
            page.goto(f"/recordings/{recording_id}")
            expect(page.locator(".tells")).to_contain_text("H.265 (HEVC)")
            page.keyboard.press("Space")
            expect(page.locator(".tells")).to_contain_text("排队")
            encode.start()
            now = "document.querySelector('video').currentTime"
            assert wait_until(lambda: page.evaluate(now) > 0.3, PATIENCE_MS / 1000, every_s=0.2)
        with stack.session() as session:
            of_it = select(CustodyEntry.action).where(CustodyEntry.subject_id == UUID(recording_id))
            acts = session.scalars(of_it).all()
        assert acts.count("ask_playback") == 1 and "play" in acts
    finally:
        if not encode.running:
            encode.start()


def test_who_can_play_the_original_waits_for_no_encode(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    """Debian's Chromium plays AV1, and asks for nothing."""
    encode = stack.workers["encode"]
    encode.stop()
    try:
        av1 = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", "-g", "15")
        recording_id = stack.upload(footage(tmp_path / "av1.mp4", seconds=3, options=av1))
        told = stack.api("supervisor").get
        assert wait_until(
            lambda: told(f"/api/v1/recordings/{recording_id}").json()["streams"], PATIENCE_MS / 1000
        )
        with signed_in(browser, stack, "member") as page:
            page.goto(f"/recordings/{recording_id}")
            assert advances(page) > 0
            assert page.evaluate("document.querySelector('video').currentSrc").endswith("/playback?plays=av1")
            expect(page.locator(".tells")).to_be_hidden()
        with stack.session() as session:
            of_it = select(CustodyEntry.action).where(CustodyEntry.subject_id == UUID(recording_id))
            acts = session.scalars(of_it).all()
        assert "ask_playback" not in acts and "play" in acts
    finally:
        encode.start()


def test_seeking_works_on_an_encoded_file(stack: Stack, browser: Browser, tmp_path: Path) -> None:
    recording_id = stack.upload(footage(tmp_path / "seek.avi", "avi", seconds=8))
    stack.settled(recording_id)
    with signed_in(browser, stack, "member") as page:
        page.goto(f"/recordings/{recording_id}")
        page.wait_for_selector("video", state="attached")
        page.evaluate(
            "() => new Promise(done => { const v = document.querySelector('video');"
            " v.onseeked = done; v.readyState ? v.currentTime = 6 : v.onloadedmetadata = () => v.currentTime = 6 })"
        )
        assert abs(page.evaluate("document.querySelector('video').currentTime") - 6) < 0.2


@pytest.fixture(scope="module")
def sent(stack: Stack, clips: dict[str, Path]) -> dict[str, str]:
    """The recordings' ids by name. All are sent at once: the workers go on while a browser looks at one."""
    files = {name: CAMERA_FILES[name] for name in FILES} or {kind: clips[kind] for kind in MADE}
    return {name: stack.upload(path) for name, path in files.items()}


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", FILES or MADE)
def test_every_kind_of_file_plays_in_the_browser(
    stack: Stack, browser: Browser, sent: dict[str, str], name: str
) -> None:
    told = stack.settled(sent[name], within_s=1200)
    if FILES:
        is_as_its_table_says(stack, told, name)
    with signed_in(browser, stack, "member") as page:
        page.goto(f"/recordings/{sent[name]}")
        if told["state"] == UNPLAYABLE:
            expect(page.locator("video[src], audio[src]")).to_have_count(0)
        else:
            assert advances(page) > 0


def is_as_its_table_says(stack: Stack, told: dict, name: str) -> None:
    fate = FATES[name]
    assert {stage["state"] for stage in told["stages"]} == {"done"}, told["stages"]
    assert (told["state"], told["reason"]) == (fate.state, fate.reason)
    assert fate.duration_s is None or abs(told["duration_s"] - fate.duration_s) <= 0.1
    with stack.session() as session:
        recording = session.get_one(Recording, UUID(told["id"]))
        of_it = Rendition.original_id == recording.original_id
        kinds = set(session.scalars(select(Rendition.kind).where(of_it)))
        tags = set(session.scalars(select(Tag.name).where(Tag.recording_id == recording.id)))
    assert tags >= fate.tags
    if fate.state == UNPLAYABLE:
        assert not kinds and recording.playable_at is None
    else:
        assert recording.playable_at is not None
        assert {RenditionKind.playback, RenditionKind.video} <= kinds


# Where the folder is missing, generated footage of the same kinds stands in (tests/workers/test_stages.py).
if "karma.mp4" in CAMERA_FILES:

    def test_gps_telemetry_becomes_place_track_and_time(stack: Stack, sent: dict[str, str]) -> None:
        stack.settled(sent["karma.mp4"])
        with stack.session() as session:
            recording = session.get_one(Recording, UUID(sent["karma.mp4"]))
        assert abs(recording.latitude - 33.1254) < 0.001 and abs(recording.longitude + 117.3311) < 0.001
        assert len(recording.track) > 10 and len(recording.track[0]) == 3
        assert recording.recorded_from is not None or recording.clock["doubts"]
