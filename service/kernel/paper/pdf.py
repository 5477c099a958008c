"""HTML as a PDF. Imported where it is needed: weasyprint costs half a second that no other request should pay."""

import logging
from typing import Any, NoReturn

from weasyprint import HTML
from weasyprint.urls import URLFetcher

logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # it tells every step


class Nothing(URLFetcher):
    """Whatever a title or a statement holds, the document fetches nothing: no host, no file."""

    def fetch(self, url: str, headers: Any = None) -> NoReturn:
        raise ValueError("a notice fetches nothing")


def write(html: str) -> bytes:
    return HTML(string=html, base_url=None, url_fetcher=Nothing()).write_pdf()
