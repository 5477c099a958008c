"""A Chromium page that is signed in: by hand the first time, with the same session afterwards. No address is open yet."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.fixtures.stack import PASSWORD, Stack

PATIENCE_MS = 60_000  # no page is judged by its speed here, and the machine may be busy
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def signed_in(
    browser: Browser, stack: Stack, username: str, *, lang: str = "zh_CN", width: int = 1440
) -> Iterator[Page]:
    context = browser.new_context(
        base_url=stack.address,
        viewport={"width": width, "height": 900},
        locale="zh-CN" if lang == "zh_CN" else "en",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    if username in stack.cookies:
        context.add_cookies(stack.cookies[username])
    else:
        page.goto("/sign-in")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(stack.address + "/")
        stack.cookies[username] = context.cookies()
    context.add_cookies([{"name": "lang", "value": lang, "url": stack.address}])
    try:
        yield page
    finally:
        context.close()
