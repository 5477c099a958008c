"""Times in forms: a browser without a picker sends what was typed."""

from datetime import datetime

from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.written_times import UnreadableTime, read_time


def field_time(said: str, field: str) -> datetime | None:
    """None where it was left empty. `field`: as the page calls it."""
    if not said.strip():
        return None
    try:
        return read_time(said).at
    except UnreadableTime as error:
        problem = error.problem or _("a time such as 2026-03-02 08:10 is wanted")
        raise Invalid(field=field, problem=problem) from None
