"""What the player's island decides, run in Node: which file it shows, when it asks, and when a line is too slow."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.processes import REPOSITORY

ISLANDS = REPOSITORY / "service/web/frame/islands"
NODE = shutil.which("node", path=f"{REPOSITORY}/build/node/bin:{os.environ['PATH']}")
DRIVER = """
import { readFileSync } from "node:fs";
const { Line, next, opened, pauseMs, tracks } = await import(process.argv[1]);
const run = {
  watch: ({ there, small, happenings }) => happenings.reduce((watch, one) => next(watch, there, one), opened(there, small)),
  line: ({ samples }) => {
    const line = new Line();
    return samples.map((sample) => line.hear(sample)).find(Boolean) ?? null;
  },
  tracks: ({ type }) => tracks(type),
  pause: ({ watch, asked, hidden }) => pauseMs(watch, asked, hidden),
};
const { what, ...given } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(run[what](given)));
"""

ORIGINAL = "/playback?plays=hevc"
HEVC: dict[str, str | None] = {"file": None, "original": None, "video": None}
H264: dict[str, str | None] = {"file": "/playback", "original": None, "video": None}
PRESSED = {"is": "pressed", "button": False}
SMALLER = {"is": "chosen", "small": True}
VIDEO = {"as": "video", "src": "/video"}
FILE = {"as": "file", "src": "/playback"}


def segments(attempt: int) -> dict[str, str]:
    return {"as": "segments", "src": f"/playback.m3u8?attempt={attempt}"}


def told(state: str, attempt: int | None = None, *, far: bool = False, **more: Any) -> dict[str, Any]:
    playlist = f"/playback.m3u8?attempt={attempt}" if attempt else None
    answer = {"state": state, "progress": None, "playlist": playlist, "playback": None, "reason_text": None}
    return {"is": "told", "answer": answer | more, "far": far}


@pytest.fixture(scope="module")
def island(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    folder = tmp_path_factory.mktemp("island")
    entry, bundle = folder / "entry.ts", folder / "bundle.mjs"
    entry.write_text(
        "".join(f"export * from {json.dumps(str(ISLANDS / name))};" for name in ("watching", "line"))
    )
    argv = [str(REPOSITORY / "node_modules/.bin/esbuild"), str(entry), "--bundle", "--format=esm"]
    subprocess.run([*argv, "--log-level=error", f"--outfile={bundle}"], check=True, cwd=REPOSITORY)

    def run(what: str, **given: Any) -> Any:
        argv = [NODE, "--input-type=module", "-e", DRIVER, str(Path(bundle))]
        asked = json.dumps({"what": what, **given})
        done = subprocess.run(argv, input=asked, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def watch(
    island: Callable[..., Any], there: dict[str, str | None], *happenings: dict, small: bool = False
) -> Any:
    return island("watch", there=there, small=small, happenings=happenings)


def test_opening_a_page_asks_for_nothing(island: Callable[..., Any]) -> None:
    assert watch(island, HEVC) == {"shown": None, "asked": None, "unfit": []}
    assert watch(island, H264) == {"shown": FILE, "asked": None, "unfit": []}
    assert watch(island, H264, small=True) == {"shown": None, "asked": None, "unfit": []}
    assert watch(island, HEVC | {"original": ORIGINAL})["shown"] == {"as": "original", "src": ORIGINAL}
    assert watch(island, H264 | {"video": "/video"}, small=True)["shown"] == VIDEO


def test_who_presses_play_asks_once_and_watches_what_is_made_then_the_whole(
    island: Callable[..., Any],
) -> None:
    asked = watch(island, HEVC, PRESSED, PRESSED)["asked"]
    assert (asked["need"], asked["state"], asked["pressed"]) == ("viewer", "asking", False)
    first = [PRESSED, told("queued"), told("running", progress=0.01)]
    assert watch(island, HEVC, *first)["shown"] is None
    part = [*first, told("running", 1, progress=0.1)]
    assert watch(island, HEVC, *part)["shown"] == segments(1)
    whole = watch(island, HEVC, *part, told("ready", playback="/video"))
    assert (whole["shown"], whole["asked"]) == (VIDEO, None)


def test_another_attempt_is_taken_up_and_one_that_was_lost_is_not_left(island: Callable[..., Any]) -> None:
    part = [PRESSED, told("running", 1, progress=0.5)]
    assert watch(island, HEVC, *part, told("queued"))["shown"] == segments(1)
    assert watch(island, HEVC, *part, told("queued"), told("running", 2))["shown"] == segments(2)


def test_what_failed_is_asked_for_again_only_by_a_press_that_says_so(island: Callable[..., Any]) -> None:
    failed = [PRESSED, told("failed", reason_text="too short")]
    asked = watch(island, HEVC, *failed)["asked"]
    assert (asked["state"], asked["reason"], asked["again"]) == ("failed", "too short", False)
    once_more = watch(island, HEVC, *failed, {"is": "pressed", "button": True})["asked"]
    assert (once_more["state"], once_more["again"], once_more["pressed"]) == ("asking", True, True)
    heard = watch(island, HEVC, *failed, {"is": "pressed", "button": True}, told("queued"))["asked"]
    assert heard["again"] is False


def test_a_rule_that_wants_a_person_gets_one_and_no_second_asking_by_itself(
    island: Callable[..., Any],
) -> None:
    refused = [PRESSED, told("not_asked")]
    assert watch(island, HEVC, *refused)["asked"]["state"] == "not_asked"
    asked = watch(island, HEVC, *refused, {"is": "pressed", "button": True})["asked"]
    assert (asked["state"], asked["pressed"], asked["again"]) == ("asking", True, False)


def test_a_service_that_does_not_answer_is_asked_on_and_nothing_shown_is_lost(
    island: Callable[..., Any],
) -> None:
    part = [PRESSED, told("running", 1), {"is": "unheard"}]
    seen = watch(island, HEVC, *part)
    assert (seen["shown"], seen["asked"]["heard"]) == (segments(1), False)
    assert watch(island, HEVC, *part, told("running", 1))["asked"]["heard"] is True


def test_a_smaller_picture_takes_over_where_the_viewer_is_and_goes_back_when_told(
    island: Callable[..., Any],
) -> None:
    asked = watch(island, H264, SMALLER)
    assert (asked["shown"], asked["asked"]["need"], asked["asked"]["pressed"]) == (FILE, "line", True)
    assert watch(island, H264, SMALLER, told("running", 1, progress=0.1))["shown"] == FILE
    assert watch(island, H264, SMALLER, told("running", 1, far=True))["shown"] == segments(1)
    back = watch(island, H264, SMALLER, told("running", 1, far=True), {"is": "chosen", "small": False})
    assert (back["shown"], back["asked"]) == (FILE, None)
    assert watch(island, H264 | {"video": "/video"}, SMALLER) == {"shown": VIDEO, "asked": None, "unfit": []}


def test_a_browser_that_said_too_much_is_given_another_version(island: Callable[..., Any]) -> None:
    there = HEVC | {"original": ORIGINAL}
    while_playing = watch(island, there, {"is": "broke", "playing": True})
    assert (while_playing["shown"], while_playing["asked"]["need"]) == (None, "viewer")
    assert while_playing["unfit"] == ["original"]
    assert watch(island, there, {"is": "broke", "playing": False})["asked"] is None
    made = there | {"video": "/video"}
    assert watch(island, made, {"is": "broke", "playing": True})["shown"] == VIDEO
    # Segments that do not play are not tried again: the whole is waited for.
    broken = [PRESSED, told("running", 1), {"is": "broke", "playing": True}, told("running", 1)]
    assert watch(island, HEVC, *broken)["shown"] is None
    assert watch(island, HEVC, *broken, told("ready", playback="/video"))["shown"] == VIDEO


def test_a_copy_of_the_originals_streams_counts_its_seconds_as_they_do(island: Callable[..., Any]) -> None:
    for address, kind in ((ORIGINAL, "original"), ("/playback", "file"), ("/video", "video")):
        ready = told("ready", playback=address)
        assert watch(island, HEVC, PRESSED, ready)["shown"] == {"as": kind, "src": address}


@pytest.mark.parametrize(
    ("kind", "picture", "sound"),
    [
        (
            'video/mp4; codecs="hvc1.1.6.L120.90, mp4a.40.2"',
            'video/mp4; codecs="hvc1.1.6.L120.90"',
            'audio/mp4; codecs="mp4a.40.2"',
        ),
        ("video/webm; codecs=av01.0.04M.08", 'video/webm; codecs="av01.0.04M.08"', None),
        ('audio/mp4; codecs="mp4a.40.2"', None, 'audio/mp4; codecs="mp4a.40.2"'),
        ("video/mp4", None, None),
    ],
)
def test_a_browser_is_asked_about_picture_and_sound_apart(
    island: Callable[..., Any], kind: str, picture: str | None, sound: str | None
) -> None:
    assert island("tracks", type=kind) == {"video": picture, "audio": sound}


def line(carries: float, seconds: int, *, ahead: float = 0.0, fetching: bool = True) -> list[dict[str, Any]]:
    """Half seconds of one who plays while so many seconds of the film come in a second."""
    found, end, at = [], ahead, 0.0
    for half in range(2 * seconds):
        waiting = end <= at
        found.append(
            {"at": 500 * half, "end": end, "ahead": end - at, "fetching": fetching, "waiting": waiting, "speed": 1}
        )  # fmt: skip
        end += carries / 2 if fetching else 0
        at = min(end, at + 0.5)
    return found


def test_a_line_that_carries_the_picture_is_never_called_slow(island: Callable[..., Any]) -> None:
    for samples in (
        line(1.05, 60),
        line(20, 10),
        line(0.5, 30, ahead=60),
        line(0, 30, ahead=90, fetching=False),
    ):
        assert island("line", samples=samples) is None


def test_a_line_that_does_not_carry_it_is_called_so_with_what_it_carries(island: Callable[..., Any]) -> None:
    for carries in (0.0, 0.3, 0.8):
        found = island("line", samples=line(carries, 20))
        assert abs(found["carries"] - carries) < 0.05
    assert island("line", samples=line(0.5, 2)) is None  # too soon to say
