"""The upload page tells files by their bytes, and says "verified" of no others than those it has read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from deploy.process import wait_until
from tests.browser.sign_in import signed_in
from tests.fixtures.media import footage
from tests.fixtures.stack import Stack

VERIFIED = "已核验"
SAME = "与上面的一个文件内容完全相同"
A_LONG_TIME_AGO = (946_684_808, 946_684_808)


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = footage(tmp_path_factory.mktemp("seed") / "seed.mp4", "h264_mp4", seconds=2)
    return path.read_bytes()


def clip(path: Path, seed: bytes, more: bytes) -> Path:
    """A recording with bytes of its own in a free box at its end, written at the same moment as all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seed + (8 + len(more)).to_bytes(4, "big") + b"free" + more)
    os.utime(path, A_LONG_TIME_AGO)
    return path


def begun(page: Page) -> list[str]:
    """Grows with each upload that is begun from now on."""
    found: list[str] = []
    page.on(
        "request",
        lambda one: (
            found.append(one.url) if one.method == "POST" and one.url.endswith("/api/v1/uploads") else None
        ),
    )
    return found


@contextmanager
def slowly(page: Page, bytes_a_second: int) -> Iterator[None]:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": bytes_a_second},
    )
    yield
    session.detach()


def sent_share(page: Page) -> float:
    return page.evaluate("document.querySelector('#list progress')?.value ?? 0")


def test_two_files_of_one_name_size_and_time_are_two(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    two = [
        clip(tmp_path / folder / "FILE0001.MP4", seed, os.urandom(64)) for folder in ("100MEDIA", "101MEDIA")
    ]
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        page.set_input_files("#files", two)
        said = page.locator("#list .up .said")
        expect(said).to_have_count(2)
        for row in (0, 1):
            expect(said.nth(row)).to_contain_text(VERIFIED)
        opens = {said.nth(row).locator("a").get_attribute("href") for row in (0, 1)}
        hashes = set(page.locator("#list .up .sha").all_text_contents())
        assert len(opens) == len(hashes) == 2
        assert SAME not in page.locator("#list").inner_text()


def test_the_same_bytes_chosen_again_are_sent_once_and_said(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    own = os.urandom(64)
    one, other = (clip(tmp_path / folder / "FILE0002.MP4", seed, own) for folder in ("100MEDIA", "101MEDIA"))
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        uploads = begun(page)
        page.set_input_files("#files", [one, other])
        said = page.locator("#list .up .said")
        expect(said.nth(1)).to_contain_text(SAME)
        expect(said.nth(0)).to_contain_text(VERIFIED)
        expect(said.nth(1)).to_contain_text(VERIFIED)
        page.set_input_files("#files", one)  # and once more, when all is done
        expect(said.nth(2)).to_contain_text(VERIFIED)
        assert len(uploads) == 1
        page.locator("#list .drop-it").first.click()
        expect(said.nth(0)).to_contain_text(VERIFIED)
        page.fill("#case", "示城管罚〔2026〕9号")  # now they have something to add
        page.set_input_files("#files", one)
        expect(said).to_have_count(3)
        expect(said.nth(2)).to_contain_text(VERIFIED)
        assert len(uploads) == 2 and SAME not in said.nth(2).inner_text()


def test_a_file_that_changes_while_it_is_sent_is_not_called_verified(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    file = clip(tmp_path / "changes.mp4", seed, os.urandom(3_000_000))
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        with slowly(page, 2**20):
            page.set_input_files("#files", file)
            assert wait_until(lambda: sent_share(page) > 0.1, 60)
            clip(file, seed, os.urandom(3_000_000))
            os.utime(file)
        said = page.locator("#list .up .said").first
        expect(said).to_contain_text("请勿删除")
        assert VERIFIED not in said.inner_text()


def test_a_file_that_cannot_be_read_says_so(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    file = clip(tmp_path / "gone.mp4", seed, os.urandom(64))
    with signed_in(browser, stack, "member") as page:
        held: list[Route] = []
        page.route("**/hashing-*.js", lambda route: held.append(route))  # what reads the file comes later
        page.goto("/upload")
        page.set_input_files("#files", file)
        expect(page.locator("#list .up")).to_have_count(1)
        assert wait_until(lambda: page.evaluate("1") and bool(held), 60)
        file.unlink()
        held[0].continue_()
        expect(page.locator("#list .up .said").first).to_contain_text("请勿删除")


def test_what_goes_on_above_is_not_called_unfinished_below(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    own = os.urandom(3_000_000)
    file = clip(tmp_path / "100MEDIA" / "FILE0003.MP4", seed, own)
    other = clip(tmp_path / "101MEDIA" / "FILE0003.MP4", seed, os.urandom(3_000_000))
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        with slowly(page, 2**20):
            page.set_input_files("#files", file)
            assert wait_until(lambda: sent_share(page) > 0.2, 60)
            page.locator("#list .toggle").first.click()
    # In a browser that remembers nothing of it.
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        box = page.locator("li[id^=unfinished-]").filter(has_text="FILE0003.MP4")
        expect(box).to_be_visible()
        uploads = begun(page)
        page.set_input_files("#files", other)  # the same name, size and time, other bytes
        said = page.locator("#list .up .said")
        expect(said.nth(0)).to_contain_text(VERIFIED)
        assert len(uploads) == 1
        expect(box).to_be_visible()
        offsets: list[int] = []
        page.on(
            "request",
            lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None,
        )
        page.set_input_files("#files", file)
        expect(box).to_be_hidden()
        expect(said.nth(1)).to_contain_text(VERIFIED)
        assert len(uploads) == 1 and offsets[0] > 0
        page.reload()
        expect(page.locator("li[id^=unfinished-]").filter(has_text="FILE0003.MP4")).to_have_count(0)


def test_a_dropped_card_is_looked_through_and_what_no_camera_made_is_said(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    card = tmp_path / "card"
    for folder in ("100MEDIA", "101MEDIA"):
        clip(card / "DCIM" / folder / "FILE0004.MP4", seed, os.urandom(64))
    for name in ("Thumbs.db", "System Volume Information/WPSettings.dat", "DCIM/100MEDIA/FILE0004.THM"):
        (card / name).parent.mkdir(exist_ok=True)
        (card / name).write_bytes(b"x")
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        box = page.locator("#drop").bounding_box()
        assert box
        hand = page.context.new_cdp_session(page)
        for _twice in range(2):
            for kind in ("dragEnter", "dragOver", "drop"):
                hand.send(
                    "Input.dispatchDragEvent",
                    {
                        "type": kind, "x": box["x"] + 20, "y": box["y"] + 20,
                        "data": {"items": [], "files": [str(card)], "dragOperationsMask": 1},
                    },
                )  # fmt: skip
            expect(page.locator("#left-out")).to_contain_text("card/Thumbs.db")
        names = page.locator("#list .up .name")
        expect(names).to_have_count(4)
        assert (
            names.all_text_contents()
            == [f"card/DCIM/{folder}/FILE0004.MP4" for folder in ("100MEDIA", "101MEDIA")] * 2
        )
        for row in range(4):
            expect(page.locator("#list .up .said").nth(row)).to_contain_text(VERIFIED)
        expect(page.locator("#list .up .said").nth(3)).to_contain_text(SAME)
        assert "System Volume Information" in page.locator("#left-out").inner_text()
        assert "FILE0004.THM" in page.locator("#left-out").inner_text()


def test_an_old_archive_is_declared_by_those_who_may_and_is_shown_as_such(
    stack: Stack, browser: Browser, tmp_path: Path, seed: bytes
) -> None:
    file = clip(tmp_path / "2019.mp4", seed, os.urandom(64))
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        expect(page.locator("#drop")).to_contain_text("照片")
        expect(page.locator("#archive")).to_have_count(0)
    with signed_in(browser, stack, "supervisor") as page:
        page.goto("/upload")
        uploads = begun(page)
        expect(page.locator("#first-received")).to_be_hidden()
        page.check("#archive")
        page.fill("#first-received", "2019-05-06T08:10")
        page.set_input_files("#files", file)
        said = page.locator("#list .up .said")
        expect(said.nth(0)).to_contain_text(VERIFIED)
        page.uncheck("#archive")  # the same bytes are not sent for it as part of the archive
        page.set_input_files("#files", file)
        expect(said.nth(1)).to_contain_text(VERIFIED)
        assert len(uploads) == 2 and SAME not in said.nth(1).inner_text()
        page.goto(said.nth(0).locator("a").get_attribute("href") or "")
        expect(page.locator("main")).to_contain_text("作为旧档案上传")
        expect(page.locator("main")).to_contain_text("2019")
