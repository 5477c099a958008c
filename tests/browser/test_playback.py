"""Chromium plays what the service serves: `currentTime` advances, for made and for real camera files."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deploy.process import wait_until
from tests.browser.sign_in import signed_in
from tests.fixtures.media import SAMPLES, footage
from tests.fixtures.samples import FATES, UNPLAYABLE
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.xdist_group("playback")  # one running service for the file
FILES = sorted(
    path.name for path in SAMPLES.glob("*") if path.suffix in {".mp4", ".mov", ".ts", ".avi", ".mkv"}
)
MADE = ("h264_mp4", "hevc_mp4", "ts", "avi")


def advances(page, *, within_ms: int = 15_000) -> float:
    """Seconds that the player got on to, after being told to play."""
    page.wait_for_selector("video, audio", state="attached", timeout=within_ms)
    page.evaluate(
        "() => { const v = document.querySelector('video, audio'); v.muted = true; v.play().catch(() => 0) }"
    )
    on = "() => { const v = document.querySelector('video, audio'); return v.currentTime > Math.min(0.3, v.duration / 3) }"
    assert wait_until(lambda: page.evaluate(on), within_ms / 1000, every_s=0.1)
    return page.evaluate("document.querySelector('video, audio').currentTime")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", FILES or MADE)
def test_every_kind_of_file_plays_in_the_browser(
    stack: Stack, browser: Browser, clips: dict[str, Path], name: str
):
    path = SAMPLES / name if FILES else clips[name]
    recording_id = stack.upload(path)
    told = stack.settled(recording_id, within_s=400)
    with signed_in(browser, stack, "member") as page:
        page.goto(f"/recordings/{recording_id}")
        if FILES:
            assert (told["state"], told["reason"]) == (FATES[name].state, FATES[name].reason)
            assert FATES[name].duration_s is None or abs(told["duration_s"] - FATES[name].duration_s) <= 0.1
        if told["state"] == UNPLAYABLE:
            expect(page.locator("video[src], audio[src]")).to_have_count(0)
        else:
            assert advances(page) > 0


def test_a_file_browsers_can_play_is_watchable_before_its_encode(
    stack: Stack, browser: Browser, tmp_path: Path
):
    stack.workers["encode"].stop()
    try:
        recording_id = stack.upload(footage(tmp_path / "early.mp4", "h264_mp4", seconds=3))
        with signed_in(browser, stack, "member") as page:
            page.goto(f"/recordings/{recording_id}")
            page.wait_for_selector("video", state="attached", timeout=20_000)
            assert advances(page) > 0
        stages = stack.api("supervisor").get(f"/api/v1/recordings/{recording_id}").json()["stages"]
        assert {stage["kind"]: stage["state"] for stage in stages}["renditions"] == "queued"
    finally:
        stack.workers["encode"].start()


def test_seeking_works_on_an_encoded_file(stack: Stack, browser: Browser, tmp_path: Path):
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
