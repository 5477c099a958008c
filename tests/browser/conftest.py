"""Debian's own Chromium, driven by Playwright; nothing is downloaded."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from deploy.process import free_port
from tests.browser.sign_in import PATIENCE_MS
from tests.fixtures.processes import Processes

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def gallery(module_processes: Processes) -> str:
    """The address of the gallery: every template with made-up contexts. It keeps nothing."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    child = module_processes.python("-m", "tests.browser.gallery", str(port))
    module_processes.wait_for_http(f"{address}/gallery", child)
    return address


class Watched:
    """A page that remembers every complaint of the browser (errors, blocked by the CSP, failed loads)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def sideways(self) -> int:
        """How many pixels the page is wider than the window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.fixture
def open_page(browser: Browser, gallery: str) -> Iterator[Callable[..., Watched]]:
    contexts = []

    def open_(lang: str = "zh_CN", width: int = 1440) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 844}, base_url=gallery)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "lang", "value": lang, "url": gallery}])
        contexts.append(context)
        return Watched(context.new_page())

    yield open_
    for context in contexts:
        context.close()
