"""Languages and the bureau's way of writing times, numbers and sizes.

Catalogs are chosen by the explicit map below. Babel's own negotiation answers None for "zh-CN" against
"zh_Hans_CN", and Translations.load with a Locale object looks for a folder that does not exist and then
silently translates nothing: hence plain strings here and a test that a known sentence is translated.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_datetime, format_timedelta, get_timezone_gmt, get_timezone_name
from babel.numbers import format_decimal, format_percent
from babel.support import LazyProxy, NullTranslations, Translations

if TYPE_CHECKING:  # whoever only raises or says something loads no web
    from starlette.types import ASGIApp, Receive, Scope, Send

LOCALES = {"zh_CN": "中文", "en": "English"}
DEFAULT = "zh_CN"
COOKIE = "lang"
CATALOG_OF = {"zh": "zh_CN", "zh-cn": "zh_CN", "zh-hans": "zh_CN", "zh-hans-cn": "zh_CN", "zh-sg": "zh_CN"}
CATALOG_OF |= {"zh-tw": "zh_CN", "zh-hk": "zh_CN", "zh_cn": "zh_CN", "en": "en", "en-us": "en", "en-gb": "en"}
FOLDER = Path(__file__).parents[1] / "web" / "frame" / "locales"

# A list of one, because an endpoint's thread works on a copy of the context: what a dependency sets there
# (the account's language) must be seen by the middleware and the other threads of the same request.
_locale: ContextVar[list[str]] = ContextVar("locale")
_zone = ZoneInfo("Asia/Shanghai")


def set_zone(name: str) -> None:
    global _zone
    _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    return _zone


def zone_label() -> str:
    """中国标准时间（UTC+08:00） / China Standard Time (UTC+08:00)."""
    here = datetime.now(_zone)
    apart = get_timezone_gmt(here, width="iso8601", locale=current())
    name = get_timezone_name(here, locale=current())
    return f"{name}（UTC{apart}）" if current() == "zh_CN" else f"{name} (UTC{apart})"


def current() -> str:
    held = _locale.get(None)
    return held[0] if held else DEFAULT


def use(locale: str | None) -> None:
    """Changes the language of the request that is being answered (the account's own choice)."""
    held = _locale.get(None)
    if held and locale in LOCALES:
        held[0] = locale


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """All text inside is in this language: for requests, commands and workers."""
    token = _locale.set([locale if locale in LOCALES else DEFAULT])
    try:
        yield
    finally:
        _locale.reset(token)


def negotiate(cookie: str | None, accept_language: str | None) -> str:
    """The cookie, else the best known language of the header, else Chinese."""
    if cookie in LOCALES:
        return cookie
    wishes = []
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().lower().partition(";q=")
        try:
            wishes.append((float(weight or 1), tag))
        except ValueError:
            continue
    for quality, tag in sorted(wishes, key=lambda wish: -wish[0]):
        found = CATALOG_OF.get(tag) or CATALOG_OF.get(tag.split("-")[0])
        if found and quality > 0:
            return found
    return DEFAULT


@cache
def catalog(locale: str) -> NullTranslations:
    return Translations.load(FOLDER, [locale]) if locale != "en" else NullTranslations()


def gettext(message: str, **values: object) -> str:
    text = catalog(current()).gettext(message) if message else ""
    return text % values if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    return catalog(current()).ngettext(one, many, n) % {"n": n, "num": n, **values}


def lazy(message: str) -> LazyProxy:
    """For words defined at import time: translated whenever they are shown."""
    return LazyProxy(gettext, message, enable_cache=False)


def noop(message: str) -> str:
    """Marks a sentence for the catalogs; it is translated later, where it is shown."""
    return message


class LocaleMiddleware:
    """ASGI: every request speaks the language of its cookie or header."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        pairs = (c.strip().partition("=") for c in headers.get("cookie", "").split(";"))
        cookie = next((value for name, _, value in pairs if name == COOKIE), None)
        with speaking(negotiate(cookie, headers.get("accept-language"))):
            await self.app(scope, receive, send)


# ---- writing --------------------------------------------------------------------------------------


def moment(value: datetime | None, form: str = "minute") -> str:
    """minute: 2024-06-03 14:05 · weekday: 2024-06-03 周一 14:05 · second · day: 2024-06-03 · clock: 14:05:09 · long: 2024年6月3日 星期一 14:05."""
    if value is None:
        return "–"
    local = value.astimezone(_zone)
    if form == "long":
        pattern = "y年M月d日 EEEE HH:mm" if current() == "zh_CN" else "EEEE, d MMMM y, HH:mm"
        return format_datetime(local, pattern, locale=current())
    if form == "weekday":
        return format_datetime(local, "y-MM-dd EEE HH:mm", locale=current())
    if form == "month_day":
        return (
            f"{local.month}月{local.day}日"
            if current() == "zh_CN"
            else format_datetime(local, "d MMM", locale="en")
        )
    patterns = {"minute": "%Y-%m-%d %H:%M", "second": "%Y-%m-%d %H:%M:%S", "day": "%Y-%m-%d"}
    return local.strftime((patterns | {"clock": "%H:%M:%S", "hour": "%H:%M"})[form])


def day(value: date | None) -> str:
    return value.isoformat() if value else "–"


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """3小时前 / 3 hours ago."""
    if value is None:
        return "–"
    passed = value - (now or datetime.now(value.tzinfo))
    return format_timedelta(passed, add_direction=True, locale=current(), threshold=1.2)


def span(seconds: float | None) -> str:
    """A rough length of time in words: 5分钟 / 5 minutes."""
    if seconds is None:
        return "–"
    # Babel counts fractions, too; its annotation does not say so.
    return format_timedelta(max(0, seconds), locale=current(), threshold=1.2)  # type: ignore[arg-type]


def duration(seconds: float | None) -> str:
    """A recording's length as a clock: 0:42, 12:05, 1:02:33."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@cache
def _parsed(locale: str) -> Locale:
    """Babel looks a name up among all it knows, which costs a millisecond for each number written."""
    return Locale.parse(locale)


def number(value: float | None, digits: int = 0) -> str:
    if value is None:
        return "–"
    return format_decimal(round(value, digits), locale=_parsed(current()))


def percent(share: float | None, digits: int = 0) -> str:
    if share is None:
        return "–"
    return format_percent(share, "#,##0" + "." * bool(digits) + "0" * digits + "%", locale=_parsed(current()))


def size(value: int | None) -> str:
    """Decimal units, as cameras and disks are sold: 3.4 GB."""
    if value is None:
        return "–"
    amount, units = float(value), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.{0 if units[0] in ('B', 'kB') or amount >= 100 else 1}f} {units[0]}"
