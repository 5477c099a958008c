"""The import page in Chromium: by keyboard, in both languages, on a phone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.kernel.paper.workbook import write_xlsx
from tests.browser.sign_in import signed_in
from tests.fixtures.stack import Stack

QUEUES = ()  # what is imported is there at once
HEADERS = ["执法证号", "日期", "开始时间", "结束时间"]
ROWS = [["0000011", "2026-03-02", "08:00", "16:00"], ["0000099", "2026-03-02", "20:00", "08:00"]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "值班表.xlsx"
    path.write_bytes(write_xlsx("值班表", HEADERS, ROWS))
    return path


def shot(page: Page, name: str) -> None:
    """Kept only where somebody wants to look at them."""
    if folder := os.environ.get("ZHENGLU_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def sideways(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_a_roster_is_checked_and_applied_by_keyboard(stack: Stack, browser: Browser, table: Path) -> None:
    with signed_in(browser, stack, "supervisor", lang="en") as page:
        page.goto("/import?kind=rosters")
        page.set_input_files("input[name=file]", table)
        page.focus("button[value=check]")
        page.keyboard.press("Enter")
        expect(page.locator("#told h2")).to_have_text("What it would do")
        expect(page.locator("#told tbody tr")).to_have_count(2)
        expect(page.locator("#told tbody tr").first).to_contain_text("0000099")
        shot(page, "import-en-1440")
        page.focus("#told button[value=apply]")
        page.keyboard.press("Enter")
        expect(page.locator("#told h2")).to_have_text("Done")
        items = stack.api("supervisor").get("/api/v1/rosters").json()["items"]
        assert [item["starts_at"] for item in items] == ["2026-03-02T00:00:00Z"]
        page.goto("/import?kind=rosters")
        page.set_input_files("input[name=file]", table)
        page.click("button[value=check]")
        expect(page.locator("#told .notice")).to_contain_text("Nothing to do")


def test_a_list_of_matters_asks_before_it_is_published_and_is_shown_and_compared(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "清单.csv"
    path.write_text(
        "执法活动类型,事项,环节,保存期限（天）,上传时限（小时）\n日常巡查,,亮证、说明来意,730,12\n"
        "日常巡查,餐饮油烟,亮证、现场情况,1095,24\n行政强制,,亮证、告知、签字,永久,6\n"
    )
    with signed_in(browser, stack, "supervisor", lang="en") as page:
        page.goto("/matters")
        page.click("text=Publish a new version")
        page.set_input_files("input[name=file]", path)
        page.fill("input[name=in_force_from]", "2026-01-01")
        page.click("button[value=check]")
        page.click("#told button[value=apply]")
        expect(page.locator("#ask-text")).to_contain_text("2026-01-01")
        page.click("#ask button[value=no]")
        assert stack.api("supervisor").get("/api/v1/matters/1").status_code == 404
        page.click("#told button[value=apply]")
        page.click("#ask button[value=yes]")
        page.click("#told >> text=Show it")
        expect(page.locator("h2").first).to_have_text("Version 1")
        page.click("text=with version 1")
        expect(page.locator("#changes")).to_contain_text("new line")
        shot(page, "matters-en-1440")


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_of_the_field_is_wider_than_the_window(
    stack: Stack, browser: Browser, lang: str, width: int
) -> None:
    with signed_in(browser, stack, "supervisor", lang=lang, width=width) as page:
        for path in (
            "/matters",
            "/matters/0",
            "/import?kind=matters",
            "/import?kind=events",
            "/people",
            "/recorders",
        ):
            page.goto(path)
            assert sideways(page) <= 0, path
            name = path.strip("/").replace("/", "-").replace("?kind=", "-")
            shot(page, f"{name}-{lang}-{width}")
