"""The templates and islands in Chromium with made-up contexts, before any data is involved."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from deploy.process import wait_until
from tests.browser import samples
from tests.browser.conftest import Watched
from tests.browser.sign_in import PATIENCE_MS


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_wider_than_its_window_or_makes_the_browser_complain(
    open_page: Callable[..., Watched], lang: str, width: int
) -> None:
    watched = open_page(lang, width)
    found: dict[str, str | list[str]] = {}
    for path, *_ in samples.pages():
        watched.page.goto(path, wait_until="load")
        if watched.sideways() > 0:
            found[path] = f"{watched.sideways()} px too wide"
        complaints = [
            c for c in watched.complaints if not c.rstrip(")").endswith(("Not Found", "Server Error"))
        ]
        if complaints:
            found[path] = complaints
        watched.complaints.clear()
    assert not found


def test_the_longest_names_and_addresses_stay_inside_their_cards_on_a_phone(
    open_page: Callable[..., Watched],
) -> None:
    page = open_page(width=390).page
    for path in ("/queue", "/people", "/recorders", "/events", "/cases"):
        page.goto(path)
        beyond = page.evaluate(
            """() => {
                const cells = [...document.querySelectorAll('.table.cards tbody td')];
                for (const cell of cells) {
                    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
                    while (texts.nextNode())
                        if (texts.currentNode.data.trim() && !texts.currentNode.parentElement.closest('.state, .chip, .btn'))
                            texts.currentNode.data = 'a'.repeat(64);
                }
                return [...document.querySelectorAll('.tablewrap:has(.table.cards)')]
                    .filter(wrap => wrap.scrollWidth > wrap.clientWidth).map(wrap => wrap.innerText.slice(0, 200));
            }"""
        )
        assert not beyond, path


def test_every_page_has_one_heading_a_language_a_title_and_labelled_controls(
    open_page: Callable[..., Watched],
) -> None:
    page = open_page().page
    for path, *_ in samples.pages():
        page.goto(path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("html").get_attribute("lang") == "zh-CN"
        assert page.title().endswith("证录"), path
        bare = page.evaluate(
            """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, progress')]
                 .filter(e => !e.closest('template') && !e.labels?.length && !e.getAttribute('aria-label')
                              && !e.textContent.trim()).map(e => e.outerHTML.slice(0, 120))"""
        )
        assert not bare, path


def test_the_language_switch_changes_the_page_and_stays(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/cases")
    expect(page.locator("h1")).to_have_text("案件")
    page.get_by_role("button", name="English").first.click()
    expect(page.locator("h1")).to_have_text("Cases")
    page.goto("/events")
    expect(page.locator("h1")).to_have_text("Enforcement events")


def test_facets_come_after_the_list_and_fold_away_on_a_phone(open_page: Callable[..., Watched]) -> None:
    wide = open_page().page
    wide.goto("/recordings")
    expect(wide.locator("#facets fieldset").first).to_be_visible()
    narrow = open_page(width=390).page
    narrow.goto("/recordings")
    expect(narrow.locator("#facets")).to_be_hidden()
    narrow.get_by_text("筛选").click()
    expect(narrow.locator("#facets fieldset").first).to_be_visible()


def test_searching_swaps_the_results_and_says_so_in_the_address(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/recordings")
    page.evaluate("window.same = true")
    page.get_by_role("searchbox").fill("油烟")
    with page.expect_response("**/recordings?q=*"):
        page.keyboard.press("Enter")
    page.wait_for_url("**/recordings?q=*")
    assert page.evaluate("window.same") is True
    expect(page.locator("#results")).to_have_count(1)
    expect(page.locator("#facets fieldset").first).to_be_visible()
    page.go_back()
    expect(page.locator("#results")).to_have_count(1)


def test_the_queue_page_refreshes_itself_in_place(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/queue")
    with page.expect_response("**/queue", timeout=PATIENCE_MS) as answer:
        pass
    assert "<html" not in answer.value.text()
    expect(page.locator("#live")).to_have_count(1)


def test_confirming_an_offered_link_swaps_only_the_links(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/recordings/0001")
    page.evaluate("window.same = true")
    with page.expect_request("**/links/l3/confirm") as asked:
        page.locator("#links").get_by_role("button", name="确认").click()
    assert asked.value.headers["x-csrf-token"] == "gallery"
    expect(page.locator("#links .offered")).to_have_count(0)
    assert page.evaluate("window.same") is True


def test_an_error_answer_becomes_a_notice_and_leaves_the_page(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/queue")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#notices [role=alert]")).to_contain_text("already running")
    expect(page.locator("#live")).to_be_visible()


def test_what_cannot_be_undone_asks_first(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    page.goto("/account")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/revoke" in request.url else None)
    page.get_by_role("button", name="吊销").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("采集站 03")
    page.get_by_role("button", name="取消").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert asked == []
    page.get_by_role("button", name="吊销").first.click()
    with page.expect_request("**/revoke"):
        page.get_by_role("button", name="确定").click()


def test_the_player_plays_seeks_steps_and_shows_previews(open_page: Callable[..., Watched]) -> None:
    watched = open_page()
    page = watched.page
    page.goto("/recordings/0001")

    def video(expression: str) -> float:
        return page.evaluate(f"document.querySelector('video').{expression}")

    def comes_to(seconds: float, within: float = 0.1) -> None:
        wait_until(lambda: abs(video("currentTime") - seconds) < within, PATIENCE_MS / 1000)
        assert video("currentTime") == pytest.approx(seconds, abs=within)

    wait_until(lambda: video("readyState") >= 1, PATIENCE_MS / 1000)
    page.keyboard.press("Space")
    wait_until(lambda: video("currentTime") > 0.5, PATIENCE_MS / 1000)
    page.keyboard.press("k")
    stopped = video("currentTime")
    assert stopped > 0.5
    page.keyboard.press(".")
    comes_to(stopped + 0.04, 0.01)
    page.keyboard.press("ArrowRight")
    comes_to(stopped + 5.04, 0.02)
    page.locator("[data-seek='12']").click()
    comes_to(12)
    page.locator(".marks button").nth(1).click()
    comes_to(6)

    lane = page.locator(".lane").bounding_box()
    page.mouse.move(lane["x"] + lane["width"] * 0.52, lane["y"] + 10)
    expect(page.locator(".hover")).to_be_visible()
    expect(page.locator(".hover i")).to_have_css("background-position", "0px -90px")
    page.mouse.click(lane["x"] + lane["width"] * 0.9, lane["y"] + 10)
    comes_to(27, 0.5)

    page.get_by_label("倍速").select_option("4")
    assert video("playbackRate") == 4
    assert not watched.complaints


def test_the_player_jumps_over_a_hole_and_says_so(open_page: Callable[..., Watched]) -> None:
    """Twelve seconds, half an hour without a sample, eighteen seconds: played in thirty."""
    watched = open_page()
    page = watched.page
    page.goto("/recordings/0003")

    def comes_to(seconds: float) -> None:
        at = "document.querySelector('video').currentTime"
        wait_until(lambda: abs(page.evaluate(at) - seconds) < 0.1, PATIENCE_MS / 1000)
        assert page.evaluate(at) == pytest.approx(seconds, abs=0.1)

    wait_until(lambda: page.evaluate("document.querySelector('video').readyState") >= 1, PATIENCE_MS / 1000)
    expect(page.locator("#stretches")).to_contain_text("29")
    real = page.locator(".controls .real")
    page.locator("#stretches [data-seek='1800.0']").click()
    comes_to(12)
    expect(real).to_have_text("14:33:00")
    page.locator(".taglist [data-seek='1806']").click()
    comes_to(18)
    expect(real).to_have_text("14:33:06")
    page.locator(".marks button").first.click()
    comes_to(2)
    expect(real).to_have_text("14:03:02")
    expect(page.locator(".lane .joint")).to_have_count(1)
    lane = page.locator(".lane").bounding_box()
    page.mouse.move(lane["x"] + lane["width"] * 0.4, lane["y"] + 10)
    expect(page.locator(".hover")).to_contain_text("14:03:12–14:33:00")
    assert not watched.complaints


def test_an_original_with_a_hole_is_counted_like_the_rendition_that_is_to_come(
    open_page: Callable[..., Watched],
) -> None:
    """Six seconds, fourteen of nothing, ten seconds: sixteen on the player's clock, thirty in the file."""
    watched = open_page()
    page = watched.page
    page.goto("/recordings/0009")
    video = "document.querySelector('video')"
    wait_until(lambda: page.evaluate(f"{video}.readyState") >= 1, PATIENCE_MS / 1000)

    def comes_to(in_file: float, clock: str, real: str) -> None:
        wait_until(lambda: abs(page.evaluate(f"{video}.currentTime") - in_file) < 0.1, PATIENCE_MS / 1000)
        assert page.evaluate(f"{video}.currentTime") == pytest.approx(in_file, abs=0.1)
        expect(page.locator(".controls .clock")).to_have_text(clock)
        expect(page.locator(".controls .real")).to_have_text(real)

    page.locator("#stretches [data-seek='20.0']").click()
    comes_to(20, "0:06 / 0:16", "14:03:20")
    page.locator(".marks button").first.click()
    comes_to(22, "0:08 / 0:16", "14:03:22")
    page.locator(".lane").focus()
    page.keyboard.press("ArrowLeft")
    comes_to(3, "0:03 / 0:16", "14:03:03")
    page.evaluate(f"{video}.currentTime = 9")  # as one who plays on comes into the hole
    comes_to(20, "0:06 / 0:16", "14:03:20")
    expect(page.locator(".lane .joint")).to_have_count(1)
    assert not watched.complaints


def answering(page: Page, *answers: str) -> list[dict]:
    """Who asks for what is not made yet hears these one after the other, the last for ever; what was asked."""
    asked: list[dict] = []

    def answer(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}"))
        said = answers[min(len(asked), len(answers)) - 1]
        route.fulfill(status=202, json=samples.NOTHING | samples.ANSWERS[said])

    page.route("**/media/asked/*", answer)
    return asked


def test_what_is_not_made_yet_is_made_by_a_press_and_watched_while_it_is(
    open_page: Callable[..., Watched],
) -> None:
    watched = open_page(lang="en")
    page = watched.page
    asked = answering(page, "queued", "running", "growing")
    page.goto("/recordings/asked-growing")
    tells, at = page.locator(".tells"), page.locator(".controls .clock")
    expect(tells).to_contain_text("does not play the original (H.265 (HEVC))")
    assert asked == []

    page.keyboard.press("Space")
    expect(tells).to_contain_text("0:12 of 0:30 is made", timeout=PATIENCE_MS)
    video = "document.querySelector('video')"
    assert wait_until(lambda: page.evaluate(f"{video}.currentTime") > 0.3, PATIENCE_MS / 1000)
    assert asked[0] == {"need": "viewer", "again": False, "pressed": False}
    expect(page.get_by_role("status").filter(has_text="0:12 of 0:30")).to_have_count(1)

    # The time line is that of the whole: a mark lies where it will lie.
    page.get_by_label("Speed").select_option("2")
    page.locator(".marks button").nth(3).click()
    expect(tells).to_contain_text("0:20 is not made yet")
    expect(at).to_have_text("0:20 / 0:30")
    expect(page.locator(".controls .real")).to_have_text("14:03:20")
    before = page.evaluate(f"{video}.currentTime")
    assert before < 12

    page.unroute_all()
    answering(page, "ready")
    assert wait_until(lambda: page.evaluate(f"{video}.currentTime") > 20.2, PATIENCE_MS / 1000)
    assert page.evaluate(f"[{video}.playbackRate, {video}.paused, {video}.duration]") == [2, False, 30]
    expect(tells).to_contain_text("All of it is made now")
    assert not watched.complaints


def test_what_could_not_be_made_says_why_and_is_asked_for_again(open_page: Callable[..., Watched]) -> None:
    page = open_page().page
    asked = answering(page, "failed", "queued")
    page.goto("/recordings/asked-failed")
    page.get_by_role("button", name="观看").click()
    expect(page.locator(".tells")).to_contain_text("编码输出比原始视频短 12 秒")
    page.get_by_role("button", name="重试").press("Enter")
    expect(page.locator(".tells")).to_contain_text("排队")
    expect(page.locator(".controls button").first).to_be_focused()  # what was pressed is gone
    assert [one["again"] for one in asked[:3]] == [False, True, False][: len(asked)]
    page.goto("about:blank")
    left = len(asked)
    page.wait_for_timeout(700)
    assert len(asked) == left  # who leaves asks no more


def test_a_line_that_is_too_slow_is_offered_a_smaller_picture_and_the_choice_stays(
    open_page: Callable[..., Watched],
) -> None:
    page = open_page(lang="en").page
    asked = answering(page, "running")
    page.goto("/recordings/0009")
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 40, "downloadThroughput": 20_000, "uploadThroughput": 20_000}
    line.send("Network.emulateNetworkConditions", slow)
    page.evaluate(
        "() => { const v = document.querySelector('video'); v.src += '?again'; v.play().catch(() => 0) }"
    )
    tells = page.locator(".tells")
    expect(tells).to_contain_text("line", timeout=2 * PATIENCE_MS)
    assert asked == []
    page.get_by_role("button", name="Smaller picture").click()
    expect(tells).to_contain_text("The smaller version is being made: 4%")
    assert (asked[0]["need"], asked[0]["pressed"]) == ("line", True)
    expect(page.get_by_label("Picture", exact=True)).to_have_value("small")
    line.send("Network.emulateNetworkConditions", slow | {"downloadThroughput": -1})
    page.reload()
    expect(tells).to_contain_text("You chose smaller pictures")
    tells.get_by_role("button", name="Watch as recorded").click()
    assert wait_until(
        lambda: page.evaluate("document.querySelector('video').readyState") >= 1, PATIENCE_MS / 1000
    )
    expect(page.get_by_label("Picture", exact=True)).to_have_value("recorded")
