"""Times and days that a request asks for, a command's options too: read by the one reader of times, in the bureau's zone
where none is written."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from service.kernel.clock import as_utc, day_start
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.written_times import UnreadableTime, Written, read_time


def time_asked(said: Any) -> datetime:
    """In UTC; a day is its midnight."""
    if isinstance(said, datetime):
        return as_utc(said)
    try:
        return as_utc(_read(said).at)
    except OverflowError:
        raise UnreadableTime(_("there is no such day")) from None


def day_asked(said: str) -> date:
    written = _read(said)
    if not written.day_only:
        raise UnreadableTime(_("a day such as 2026-03-02 is wanted"))
    return written.at.date()


def bound(said: str, field: str, *, end: bool) -> datetime | None:
    """In UTC, None where nothing is said. A day means all of it, also at the end."""
    if not said.strip():
        return None
    try:
        written = _read(said)
        if written.day_only:
            return day_start(written.at.date() + timedelta(days=1 if end else 0))
        return as_utc(written.at)
    except UnreadableTime as error:
        raise Invalid(field=field, problem=error.problem) from error
    except OverflowError as error:
        raise Invalid(field=field, problem=_("there is no such day")) from error


# A table's own days and a computer's seconds, which nobody types; 20261107 and 20261107090500 are written so.
_COUNTED = re.compile(r"\s*(?!(?:\d{8}|\d{12}|\d{14})\s*$)[+-]?\d+(?:\.\d*)?\s*")


def _read(said: Any) -> Written:
    if _COUNTED.fullmatch(str(said)):
        raise UnreadableTime(_("a time such as 2026-03-02 08:10 is wanted"))
    try:
        return read_time(said)
    except UnreadableTime as error:
        problem = error.problem or _("a time such as 2026-03-02 08:10 is wanted")
        raise UnreadableTime(problem) from None


# Parameters and fields of requests; in the documentation they are times and days as everywhere.
WrittenTime = Annotated[datetime, BeforeValidator(time_asked)]
WrittenDay = Annotated[
    date, BeforeValidator(lambda said: said if isinstance(said, date) else day_asked(said))
]
