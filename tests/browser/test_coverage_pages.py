"""The board, the lists of the day and an event's coverage in Chromium, over a running service."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from schemas.events import EnforcementEvent
from schemas.links import Link, LinkState
from schemas.people import Officer, Squad
from schemas.recordings import Recording
from service.finding.linking.actions import link_recording
from service.supervision.coverage.counting import recount_all
from tests.browser.sign_in import signed_in
from tests.fixtures.stack import Stack
from tests.service.finding.linking.field import Field, at

MONTH = "/coverage?month=2024-06"
QUEUES = ("light",)
PAGES = (
    "/coverage?year=2024",
    MONTH,
    "/coverage/rows?month=2024-06&figure=recorded&part=rest",
    *(
        f"/coverage/lists/{name}"
        for name in ("due", "missing", "gaps", "ambiguous", "explanations", "clocks")
    ),
)
# controls that nobody could name, as the gallery looks for them
BARE = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, progress')]
  .filter(e => !e.closest('template') && !e.labels?.length && !e.getAttribute('aria-label')
               && !e.textContent.trim()).map(e => e.outerHTML.slice(0, 120))"""


@dataclass
class Filmed:
    """Squad 1 on 2024-06-03: an event recorded whole, one with a late start, one not at all, and a recording that
    fits two events alike. Squad 2: one event, not recorded."""

    gap: UUID
    missing: UUID
    elsewhere: UUID
    unclear: UUID


@pytest.fixture(scope="module")
def filmed(stack: Stack) -> Filmed:
    with stack.session() as session:
        field = Field(session)
        field.known |= {
            ("squad", code): session.exec(select(Squad).where(Squad.code == code)).one() for code in "12"
        }
        field.known |= {("officer", one.certificate_no): one for one in session.exec(select(Officer))}

        def act(start: str, end: str, squad: str = "1", **more: Any) -> EnforcementEvent:
            return field.event(at(start), at(end), (f"00000{squad}1",), squad=squad, **more)

        def film(event: EnforcementEvent, start: datetime, end: datetime) -> Recording:
            made = field.recording(start, end, squad="1", officer="0000011")
            link = Link(
                recording_id=made.id,
                event_id=event.id,
                state=LinkState.automatic,
                score=0.9,
                rule_version="1",
            )
            session.add(link)
            return made

        whole = act("08:00", "08:20", title="工地巡查")
        film(whole, at("08:00"), at("08:20"))
        gap = act("09:00", "09:30", title="餐饮油烟检查")
        film(gap, at("09:10"), at("09:30"))
        missing = act("10:00", "10:30", title="扬尘取证")
        act("14:00", "14:30", title="招牌检查甲")
        act("14:00", "14:30", title="招牌检查乙")
        unclear = field.recording(
            at("14:02"), at("14:28"), squad="1", officer="0000011", file_name="unclear.mp4"
        )
        elsewhere = act("11:00", "11:30", squad="2", title="二中队的检查")
        session.flush()
        link_recording(session, unclear.id)
        recount_all(session)
        session.commit()
        return Filmed(gap.id, missing.id, elsewhere.id, unclear.id)


@pytest.fixture
def supervisor(stack: Stack, browser: Browser, filmed: Filmed) -> Iterator[Page]:
    with signed_in(browser, stack, "supervisor", lang="en") as page:
        yield page


def shot(page: Page, name: str) -> None:
    """Kept only where somebody wants to look at them."""
    if folder := os.environ.get("ZHENGLU_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def has_rows(page: Page, n: int) -> None:
    expect(page.locator("[data-deciding] [data-row]")).to_have_count(n)


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


def test_every_number_of_the_board_opens_into_as_many_rows(supervisor: Page) -> None:
    supervisor.goto(MONTH)
    recorded = supervisor.locator("#figure-recorded")
    expect(recorded.locator(".big")).to_contain_text("33.3%")
    links = recorded.locator(".of a, a.wrong").all() + supervisor.locator(".standings .legend a").all()
    found = {link.get_attribute("href"): number(link.inner_text()) for link in links}
    assert len(found) >= 5
    for href, n in found.items():
        supervisor.goto(href)
        has_rows(supervisor, n)


def test_the_table_under_the_chart_says_what_the_chart_says_and_opens_too(supervisor: Page) -> None:
    supervisor.goto("/coverage?year=2024")
    heat = supervisor.locator("#chart table.heat")
    expect(heat.locator("thead th")).to_have_count(14)  # squad, twelve months, the whole range
    june = heat.locator("tbody tr", has_text="第1中队").locator("td").nth(5).locator("a")
    share = june.inner_text().strip("*")
    points = supervisor.locator("#chart circle.point title").all_text_contents()
    assert any(point.startswith("第1中队 2024-06") and share in point for point in points)
    june.click()
    has_rows(supervisor, 5)


def test_figures_that_cost_a_query_each_come_after_the_page(supervisor: Page) -> None:
    with supervisor.expect_response("**/coverage/more?*"):
        supervisor.goto(MONTH)
    expect(supervisor.locator("#figure-unlinked .of a").first).to_have_text("1")
    expect(supervisor.locator("[aria-busy=true]")).to_have_count(0)
    expect(supervisor.get_by_text("Not yet counted")).to_be_visible()


def test_an_unclear_recording_is_linked_and_taken_back_by_keyboard_alone(
    supervisor: Page, filmed: Filmed
) -> None:
    supervisor.goto("/coverage/lists/ambiguous")
    row = supervisor.locator(f"#rec-{filmed.unclear}")
    expect(row).to_be_focused()
    expect(row.locator(".choice")).to_have_count(2)
    chosen = row.locator(".choice b").first.inner_text()
    supervisor.keyboard.press("1")
    expect(supervisor.locator("#said")).to_have_text(f"Confirmed: {chosen}.")
    expect(row).to_be_focused()
    expect(row.locator(".made")).to_contain_text(chosen)
    supervisor.keyboard.press("z")
    expect(supervisor.locator("#said")).to_have_text(f"Taken back: {chosen}.")
    expect(row.locator(".choice")).to_have_count(2)
    supervisor.keyboard.press("x")
    expect(supervisor.locator("#said")).to_contain_text("Rejected")
    supervisor.keyboard.press("z")
    expect(row.locator(".choice")).to_have_count(2)
    supervisor.keyboard.press("Enter")
    expect(supervisor).to_have_url(re.compile(f"/recordings/{filmed.unclear}$"))


def test_rows_are_walked_through_with_j_and_k(supervisor: Page) -> None:
    supervisor.goto("/coverage/lists/missing")
    first, second = (supervisor.locator("[data-row]").nth(n) for n in (0, 1))
    expect(first).to_be_focused()
    supervisor.keyboard.press("j")
    expect(second).to_be_focused()
    supervisor.keyboard.press("k")
    supervisor.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    opens = second.locator("[data-open]").get_attribute("href")
    supervisor.keyboard.press("Enter")
    expect(supervisor).to_have_url(re.compile(f"{opens}$"))


def test_the_list_decides_without_scripts_too(stack: Stack, browser: Browser, filmed: Filmed) -> None:
    context = browser.new_context(base_url=stack.address, java_script_enabled=False, locale="en")
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("input[name=username]", "supervisor")
    page.fill("input[name=password]", "a-long-enough-word")
    page.press("input[name=password]", "Enter")
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto("/coverage/lists/unlinked")
    page.locator(f"#rec-{filmed.unclear} form[data-key='1'] button").click()
    expect(page).to_have_url(re.compile(f"done={filmed.unclear}"))
    page.locator(".done-row form[data-key='z'] button").click()
    expect(page.locator(f"[data-deciding] #rec-{filmed.unclear} .choice")).to_have_count(2)
    context.close()


def test_a_member_explains_a_gap_and_a_supervisor_decides(
    stack: Stack, browser: Browser, filmed: Filmed
) -> None:
    with signed_in(browser, stack, "member", lang="en") as page:
        page.goto("/")
        page.get_by_role("link", name="My events: gaps to explain").click()
        page.locator("[data-row] a[data-open]", has_text="餐饮油烟检查").click()
        line = page.locator("#coverage")
        expect(line).to_contain_text("started late")
        line.get_by_text("Explain this gap").click()
        line.locator("form[id=gap-1] select").select_option("device_fault")
        line.locator("form[id=gap-1] textarea").fill("电池更换")
        line.get_by_role("button", name="Ask for approval").first.click()
        expect(page.locator("#coverage .gaps")).to_contain_text("explanation waits")
        expect(page.locator("#coverage .wish")).to_contain_text("电池更换")
        expect(page.locator("#coverage").get_by_role("button", name="Withdraw")).to_be_visible()
    with signed_in(browser, stack, "supervisor", lang="en") as page:
        page.goto("/coverage/lists/explanations")
        wish = page.locator("li.wish", has_text="电池更换")
        wish.get_by_text("Approve").first.click()
        wish.get_by_role("button", name="Approve").click()
        expect(page.locator("#said")).to_have_text("Approved.")
        expect(wish).to_contain_text("Approved")
        page.goto(f"/events/{filmed.gap}")
        expect(page.locator("#coverage > header")).to_contain_text("Complete")
        page.locator("#coverage").get_by_role("button", name="Open it again").click()
        expect(page.locator("#coverage > header")).to_contain_text("Partly recorded")


def test_a_member_disputes_a_row_and_reads_the_answer(stack: Stack, browser: Browser, filmed: Filmed) -> None:
    with signed_in(browser, stack, "member", lang="en") as page:
        page.goto(f"/events/{filmed.missing}")
        page.get_by_text("Dispute what stands here").click()
        page.locator("#dispute textarea").fill("当日两部记录仪均已归还")
        page.get_by_role("button", name="Send to the supervisor").click()
        expect(page.locator("#coverage .wish")).to_contain_text("当日两部记录仪均已归还")
    with signed_in(browser, stack, "supervisor", lang="en") as page:
        page.goto("/coverage/lists/disputes")
        row = page.locator("li.wish", has_text="当日两部记录仪均已归还")
        row.get_by_text("The row is right").first.click()
        row.locator("textarea:visible").fill("采集站无此记录")
        row.get_by_role("button", name="The row is right").click()
        expect(row).to_contain_text("采集站无此记录")
    with signed_in(browser, stack, "member", lang="en") as page:
        page.goto(f"/events/{filmed.missing}")
        expect(page.locator("#coverage .wish")).to_contain_text("采集站无此记录")


def test_a_member_opens_no_board_and_no_event_of_another_squad(
    stack: Stack, browser: Browser, filmed: Filmed
) -> None:
    with signed_in(browser, stack, "member", lang="en") as page:
        for path in ("/coverage", "/coverage/lists", "/coverage/rows?figure=recorded"):
            assert page.goto(path).status == 403, path
        assert page.goto(f"/events/{filmed.elsewhere}").status == 404
        page.goto("/")
        expect(page.locator("a[href='/coverage']")).to_have_count(0)


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_of_coverage_fits_is_labelled_and_without_complaint(
    stack: Stack, browser: Browser, filmed: Filmed, lang: str, width: int
) -> None:
    with signed_in(browser, stack, "supervisor", lang=lang, width=width) as page:
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in (*PAGES, f"/events/{filmed.gap}"):
            assert page.goto(path, wait_until="networkidle").status == 200, path
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            expect(page.locator("h1")).to_have_count(1)
            assert not page.evaluate(BARE), path
            expect(page.locator(".rail [aria-current=page]")).to_have_count(1)
            shot(page, f"{re.sub(r'[^a-z]+', '-', path)}-{lang}-{width}")
        assert not complaints


def test_old_months_are_reached_in_one_step(supervisor: Page) -> None:
    supervisor.goto(MONTH)
    supervisor.get_by_role("link", name="‹ 2024-05").click()
    expect(supervisor.locator(".range")).to_have_text("2024-05")
    expect(supervisor.get_by_text("No events in this range")).to_be_visible()
