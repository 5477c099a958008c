"""The pages of a running service, as the people of the bureau use them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest
from playwright.sync_api import Browser, expect

from deploy.process import wait_until
from tests.browser.sign_in import PATIENCE_MS, signed_in
from tests.fixtures.media import footage
from tests.fixtures.stack import PASSWORD, Stack

PAGES = {
    "member": ("/", "/upload", "/my-uploads", "/recordings", "/cases", "/events", "/account"),
    "supervisor": ("/", "/attention", "/queue", "/people", "/recorders", "/recordings", "/account"),
    "reviewer": ("/", "/recordings", "/cases", "/events", "/account"),
    "auditor": ("/", "/recordings", "/attention", "/queue", "/account"),
}


@pytest.fixture
def clip(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Seconds are enough for the pages. The burned-in number is the test's own, or the bytes would be known already."""
    number = f"{crc32(request.node.name.encode()):010d}"
    return footage(tmp_path / "R-01_0000011.mp4", "h264_mp4", seconds=2, officer=number)


def test_signing_in_and_out_guards_every_page(stack: Stack, browser: Browser) -> None:
    context = browser.new_context(base_url=stack.address)
    page = context.new_page()
    page.goto("/recordings?q=油烟")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.fill("input[name=username]", "reviewer")
    page.fill("input[name=password]", "wrong-password-1")
    page.press("input[name=password]", "Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    expect(page).to_have_url(re.compile("/recordings.q="))
    page.locator("form[action='/sign-out'] button").first.click()
    expect(page).to_have_url(re.compile("/sign-in"))
    assert page.goto("/recordings").status == 200
    expect(page).to_have_url(re.compile("/sign-in"))
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("lang", ["zh_CN", "en"])
@pytest.mark.parametrize("username", list(PAGES))
def test_every_page_of_a_role_opens_without_complaint_and_fits(
    stack: Stack, browser: Browser, username: str, lang: str, width: int
) -> None:
    with signed_in(browser, stack, username, lang=lang, width=width) as page:
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in PAGES[username]:
            assert page.goto(path).status == 200, path
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            assert page.locator("h1").count() == 1, path
        assert not complaints


def test_a_role_is_not_offered_and_not_given_what_it_may_not_see(stack: Stack, browser: Browser) -> None:
    with signed_in(browser, stack, "member") as page:
        assert page.goto("/queue").status == 403
        assert page.goto("/people").status == 403
        page.goto("/")
        expect(page.locator("nav a[href='/queue']")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_an_unknown_address_keeps_the_frame_and_leads_on(
    stack: Stack, browser: Browser, lang: str, width: int
) -> None:
    with signed_in(browser, stack, "supervisor", lang=lang, width=width) as page:
        answer = page.goto("/nowhere/at-all")
        assert answer is not None and answer.status == 404
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("nav a[href='/recordings']:visible").first).to_be_visible()
        page.click("main a.btn.main")
        expect(page).to_have_url(f"{stack.address}/")
        page.go_back()
        if width < 800:
            page.locator("nav.tabs summary").click()
        expect(page.locator("form[action='/sign-out'] button:visible").first).to_be_visible()


def test_an_upload_ends_as_verified_and_is_found_under_my_uploads(
    stack: Stack, browser: Browser, clip: Path
) -> None:
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        page.set_input_files("#files", clip)
        expect(page.locator("#list .up .said")).to_contain_text("已核验")
        opens = page.locator("#list .up a[href^='/recordings/']").get_attribute("href")
        page.goto("/my-uploads")
        expect(page.locator(f"main a[href='{opens}']").first).to_be_visible()


def test_an_upload_paused_and_reloaded_goes_on_where_it_stopped(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(footage(tmp_path / "seed.mp4", "h264_mp4", seconds=2).read_bytes())
    with large.open("ab") as file:
        file.write(b"\0" * (48 * 2**20))
    with signed_in(browser, stack, "member") as page:
        slow = page.context.new_cdp_session(page)
        slow.send("Network.enable")
        slow.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 3 * 2**20},
        )
        page.goto("/upload")
        page.set_input_files("#files", large)
        sent_share = "document.querySelector('#list progress')?.value ?? 0"
        assert wait_until(lambda: page.evaluate(sent_share) > 0.1, 60)
        page.locator("#list .toggle").first.click()
        slow.detach()
        page.reload()
        sent: list[int] = []
        page.on(
            "request",
            lambda request: (
                sent.append(int(request.headers["upload-offset"]))
                if request.method == "PATCH" and "upload-offset" in request.headers
                else None
            ),
        )
        page.set_input_files("#files", large)
        expect(page.locator("#list .up .said")).to_contain_text("已核验", timeout=2 * PATIENCE_MS)
        assert sent, "nothing was sent after the reload"
        assert sent[0] > 0, "the upload began again from zero"


def test_what_is_not_a_recording_is_said_not_to_be_erased(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("不是录像" * 500)
    with signed_in(browser, stack, "member") as page:
        page.goto("/upload")
        page.set_input_files("#files", text)
        expect(page.locator("#list .up .said")).to_contain_text("请勿删除")


def test_a_wrong_event_is_put_right_and_a_removal_asked_for(
    stack: Stack, browser: Browser, clip: Path
) -> None:
    arrived = datetime.now(UTC) - timedelta(hours=3)
    event = stack.event("人民路餐饮油烟检查 7", arrived, arrived + timedelta(minutes=5), officers=["0000011"])
    recording_id = stack.upload(clip)
    stack.settled(recording_id)
    with signed_in(browser, stack, "member") as page:
        page.goto("/my-uploads")
        row = page.locator(f"#upload-{recording_id}")
        row.locator("summary").first.click()
        row.locator("select[name=event]").select_option(event["id"])
        row.get_by_role("button", name="保存").click()
        # the title also stands in the select box: only the link says that the row was swapped
        expect(row.locator(f"a[href='/events/{event['id']}']").first).to_be_visible()
        row.locator("summary").nth(1).click()
        row.locator("textarea[name=reason]").fill("拍到了私人内容")
        row.locator("input[type=checkbox]").check()
        row.locator("form").nth(1).get_by_role("button").click()
        expect(row.locator("textarea")).to_have_count(0)
    with signed_in(browser, stack, "supervisor") as page:
        page.goto("/attention?what=removal")
        # by its name only where its time could not be read from the picture
        expect(page.locator(f"main a[href='/recordings/{recording_id}']").first).to_be_visible()


def test_a_reviewer_finds_a_recording_by_a_case_number_however_it_is_written(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    told = stack.api("reviewer").post(
        "/api/v1/cases",
        json={"number": "示城管罚〔2026〕77号", "title": "扬尘污染案", "squad": "1", "party": "工地 077"},
    )
    assert told.status_code == 201, told.text
    clip = footage(tmp_path / "case77.mp4", "h264_mp4", seconds=2, officer="0000012")
    recording_id = stack.upload(clip, case="示城管罚[2026]77")
    stack.settled(recording_id)
    with signed_in(browser, stack, "reviewer") as page:
        for spelling in ("示城管罚〔2026〕77号", "示城管罚(2026)77", "示城管罚 [2026] 77 号", "工地 077"):
            page.goto("/recordings")
            page.fill("input[name=q]", spelling)
            page.press("input[name=q]", "Enter")
            expect(page).to_have_url(re.compile("[?&]q=.+"))  # or the next address would cross this one
            expect(page.locator(f"a[href='/recordings/{recording_id}']").first).to_be_visible()
        page.goto(f"/cases/{told.json()['id']}")
        expect(page.locator(f"a[href='/recordings/{recording_id}']").first).to_be_visible()


def test_offered_links_are_confirmed_and_the_decision_can_be_undone(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
    stack.event("学院路占道经营劝离 3", start, start + timedelta(minutes=1), officers=["0000012"])
    clip = footage(tmp_path / "unknown.mp4", "h264_mp4", seconds=20, options=())
    recording_id = stack.upload(clip, recorded_at=start.isoformat())
    told = stack.settled(recording_id)
    assert [link["state"] for link in told["links"]] == ["offered"]
    with signed_in(browser, stack, "member") as page:
        page.goto(f"/recordings/{recording_id}")
        links = page.locator("#links")
        links.get_by_role("button", name="确认").click()
        expect(links).to_contain_text("已确认")
        links.get_by_role("button", name="撤销").click()
        expect(links.get_by_role("button", name="确认")).to_be_visible()


def test_another_squad_neither_finds_nor_opens_a_recording(
    stack: Stack, browser: Browser, clip: Path
) -> None:
    recording_id = stack.upload(clip)
    stack.settled(recording_id)
    with signed_in(browser, stack, "other") as page:
        assert page.goto(f"/recordings/{recording_id}").status == 404
        page.goto("/recordings?q=0000011")
        expect(page.locator(f"a[href='/recordings/{recording_id}']")).to_have_count(0)


def test_a_stopped_encode_worker_shows_on_the_queue_page(stack: Stack, browser: Browser) -> None:
    with signed_in(browser, stack, "supervisor") as page:
        page.goto("/queue")
        expect(page.locator("main")).not_to_contain_text("无人值守")
        stack.workers["encode"].stop()
        try:
            expect(page.locator("main")).to_contain_text("无人值守", timeout=PATIENCE_MS)
        finally:
            stack.workers["encode"].start()
        expect(page.locator("main")).not_to_contain_text("无人值守", timeout=PATIENCE_MS)


def test_the_recording_page_is_usable_by_keyboard_alone(stack: Stack, browser: Browser, clip: Path) -> None:
    recording_id = stack.upload(clip)
    stack.settled(recording_id)
    with signed_in(browser, stack, "reviewer") as page:
        page.goto(f"/recordings/{recording_id}")
        page.wait_for_selector("video", state="attached")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        page.wait_for_function(
            "!document.querySelector('video').paused || document.querySelector('video').ended"
        )
