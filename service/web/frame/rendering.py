"""Pages and fragments: the one place that decides which, with the headers that every page carries."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from service.kernel import i18n, templates
from service.kernel.clock import now
from service.kernel.settings import get_settings
from service.web.frame import drawing, words
from service.web.frame.views import Shell

HERE = Path(__file__).parent
DIST = HERE / "static" / "dist"
STATIC_URL = "/static"

# hash-wasm compiles its own WebAssembly in a worker; nothing else may be evaluated, nothing comes from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=()"
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Cache-Control": "no-store",
    "Vary": "HX-Request, Accept-Language, Cookie",
}


@cache
def manifest() -> dict[str, Any]:
    file = DIST / "manifest.json"
    if not file.exists():
        raise RuntimeError(f"{file} is missing: run `npm ci && npm run build` (or `make assets`)")
    return json.loads(file.read_text())


def asset(name: str) -> str:
    return f"{STATIC_URL}/{manifest()[name]}"


def icon(name: str, label: str | None = None) -> Markup:
    """An icon of the sprite: decoration, unless it has a label of its own."""
    if name not in manifest()["icons"]:
        raise KeyError(f"icon {name!r} is not in the sprite: name it literally in a template or a Word")
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"/></svg>').format(meaning, asset("icons.svg"), name)


@cache
def environment() -> Environment:
    made = templates.environment(HERE.parent)
    made.globals |= {
        "asset": asset,
        "icon": icon,
        "words": words,
        "drawing": drawing,
        "locales": i18n.LOCALES,
        "locale": i18n.current,
        "zone_name": lambda: i18n.zone().key,
        "zone_label": i18n.zone_label,
        "now": now,
    }
    return made


def wants_fragment(request: Request) -> bool:
    """True for an htmx request that swaps a part; going back in the history needs the whole page."""
    headers = request.headers
    return headers.get("HX-Request-Type") == "partial" and "HX-History-Restore-Request" not in headers


def text(template: str, shell: Shell, path: str = "/", **context: Any) -> str:
    html_lang = "zh-CN" if i18n.current() == "zh_CN" else "en"
    return environment().get_template(template).render(shell=shell, path=path, html_lang=html_lang, **context)


def _shell_of(request: Request) -> Shell:
    """That of who is signed in; a stranger's says at least where made-up data is shown."""
    return getattr(request.state, "shell", None) or Shell(demo=get_settings().demo)


def render(
    request: Request, page: str, *, fragment: str | None = None, status_code: int = 200, **context: Any
) -> HTMLResponse:
    """The page, or only its `fragment` when htmx asks for a part. The frame is request.state.shell."""
    shell = _shell_of(request)
    template = fragment if fragment and wants_fragment(request) else page
    body = text(template, shell, request.url.path, **context)
    return HTMLResponse(body, status_code, headers=PAGE_HEADERS)


def render_error(request: Request, status_code: int, sentence: str, hint: str | None = None) -> Response:
    """A page with a clear sentence; inside a page (htmx) a notice on top, leaving the rest as it is."""
    shell = _shell_of(request)
    context = {"status_code": status_code, "sentence": sentence, "hint": hint}
    if "HX-Request" in request.headers:
        body = text("frame/error_notice.html", shell, request.url.path, **context)
        headers = PAGE_HEADERS | {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}
        return HTMLResponse(body, status_code, headers=headers)
    return HTMLResponse(
        text("frame/error.html", shell, request.url.path, **context), status_code, headers=PAGE_HEADERS
    )


def redirect(request: Request, url: str) -> Response:
    """After a form: 303, which htmx would follow invisibly, so it is told to go there itself."""
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": url})
    return Response(status_code=303, headers={"Location": url})
