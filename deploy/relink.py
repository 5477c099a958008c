"""`zhenglu relink`: links made anew, after thresholds were changed or by newer rules."""

from datetime import datetime, time, timedelta
from typing import Annotated

import typer

from service.kernel.i18n import gettext as _

Day = Annotated[str | None, typer.Option(metavar="DAY", help="recorded from this day on (2024-06-03)")]
LastDay = Annotated[str | None, typer.Option(metavar="DAY", help="recorded up to this day, itself included")]


def relink(since: Day = None, until: LastDay = None) -> None:
    """Decide the links of all recordings anew. What persons decided stays."""
    import service.reactions  # noqa: F401  what follows from each change
    from service.finding.linking.batch import relink_all
    from service.kernel.settings import get_settings

    if not get_settings().database_url:
        typer.echo(
            _("ZHENGLU_DATABASE_URL is not set, and no `zhenglu up` runs on the data folder."), err=True
        )
        raise typer.Exit(1)
    start, end = _morning(since, 0), _morning(until, 1)
    done = relink_all(None, start, end)
    typer.echo(
        _("{all} recordings looked at, the links of {changed} changed.").format(
            all=done.recordings, changed=done.changed
        )
    )


def _morning(day: str | None, later: int) -> datetime | None:
    from service.kernel.asked_times import day_asked
    from service.kernel.settings import get_settings
    from service.kernel.written_times import UnreadableTime

    if day is None:
        return None
    try:
        found = day_asked(day)
    except UnreadableTime:
        raise typer.BadParameter(_("{day} is no day: write it as 2024-06-03").format(day=day)) from None
    return datetime.combine(found + timedelta(days=later), time(), get_settings().zone)


def register(app: typer.Typer) -> None:
    app.command("relink")(relink)
