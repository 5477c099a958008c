"""Jumps of the server's clock that the schedule has seen (workers.clock_watch), for who has to look at what was written
meanwhile."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.server_clock import ClockJump
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment, span

SHOWN_FOR = timedelta(days=7)
MOST = 5


def jumps(session: Session, within: timedelta = SHOWN_FOR) -> list[ClockJump]:
    """Newest first, by the clock of today: before it or, where it was set back, behind it."""
    near = ClockJump.seen_at.between(func.now() - within, func.now() + within)
    return list(session.scalars(select(ClockJump).where(near).order_by(ClockJump.id.desc()).limit(MOST)))


def told(jump: ClockJump) -> str:
    params = {"by": span(abs(jump.by_s)), "time": moment(jump.seen_at)}
    if not jump.certain and jump.by_s > 0:
        return _("The service rested for {by} until {time}, or its clock was put forward by so much.").format(
            **params
        )
    if jump.by_s > 0:
        return _("The server's clock was put forward by {by}, to {time}.").format(**params)
    return _("The server's clock was put back by {by}, to {time}.").format(**params)
