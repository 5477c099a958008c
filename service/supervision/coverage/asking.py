"""What a page of coverage is asked for, as a form sends it: an empty field says nothing."""

from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query
from sqlmodel import Session

from service.kernel.actor import Actor
from service.kernel.asked_times import day_asked, time_asked
from service.kernel.clock import local, now
from service.kernel.errors import Invalid
from service.kernel.months import next_month
from service.kernel.written_times import UnreadableTime
from service.supervision.coverage.figure_types import Dimension
from service.supervision.coverage.figures import BOARD
from service.supervision.coverage.selection import Filters, filters_of

NO_SUBJECT = "-"  # in a form, where an empty field means any
GROUPS = (Dimension.squad, Dimension.officer, Dimension.kind, Dimension.subject, Dimension.campaign)


class Shown:
    """`month` and `year` are short for a `from` and a `to`, which are both included and win. Without any of them
    `since` and `until` are None; `until` is not included. `as_of` is now unless said."""

    def __init__(
        self,
        month: str = "",
        year: str = "",
        since: Annotated[str, Query(alias="from")] = "",
        to: str = "",
        squad: str = "",
        officer: str = "",
        kind: str = "",
        subject: str = "",
        campaign: str = "",
        basis: str = "",
        as_of: str = "",
        by: str = "",
        figure: str = "",
    ) -> None:
        self.said_as_of = as_of
        self.as_of = _read(time_asked, "as_of", as_of) if as_of else now()
        self.names = {
            "squad": squad, "officer": officer, "kind": kind, "subject": subject, "campaign": campaign,
            "basis": basis,
        }  # fmt: skip
        self.by = _read(Dimension, "by", by or GROUPS[0])
        self.figure = figure or BOARD[0]
        if self.by not in GROUPS:
            raise Invalid(field="by", problem=by)
        first = _read(day_asked, "from", since) if since else None
        last = _read(day_asked, "to", to) if to else None
        if first is None and last is None and month:
            first = _read(day_asked, "month", f"{month.strip().removesuffix('月')}-01")
            last = _read(next_month, "month", first) - timedelta(days=1)
        elif first is None and last is None and year:
            first = _read(day_asked, "year", f"{year.strip().removesuffix('年')}-01-01")
            last = first.replace(month=12, day=31)
        self.since, self.until = (
            first,
            _read(lambda day: day + timedelta(days=1), "to", last) if last else None,
        )

    @property
    def today(self) -> date:
        return local(self.as_of).date()

    def this_month(self) -> None:
        """Where no day is given."""
        if self.since is None and self.until is None:
            self.since = self.today.replace(day=1)
            self.until = next_month(self.since)
        elif self.since is None and self.until is not None:
            self.since = (self.until - timedelta(days=1)).replace(day=1)
        elif self.until is None:
            self.until = max(self.today, self.since or self.today) + timedelta(days=1)

    def filters(self, session: Session, actor: Actor) -> Filters:
        subject = self.names["subject"]
        names = {name: value for name, value in self.names.items() if name != "subject"}
        return filters_of(
            session,
            actor,
            since=self.since,
            until=self.until,
            subject={"": None, NO_SUBJECT: ""}.get(subject, subject),
            **names,
        )

    def pairs(self, *without: str) -> list[tuple[str, str]]:
        """What was asked, to be carried on; the hour only where it was said."""
        said = {
            "from": self.since.isoformat() if self.since else "",
            "to": (self.until - timedelta(days=1)).isoformat() if self.until else "",
            **self.names,
            "as_of": self.said_as_of,
        }
        return [(name, value) for name, value in said.items() if value and name not in without]

    @cached_property
    def carried(self) -> str:
        """All of it with the hour, encoded once: a board has thousands of links. Not before the days are settled."""
        return urlencode([*self.pairs("as_of"), ("as_of", self.as_of.isoformat())])

    def link(self, path: str, *without: str, **more: Any) -> str:
        pairs = self.pairs(*without, *more) + [(name, str(value)) for name, value in more.items() if value]
        return f"{path}?{urlencode(pairs)}" if pairs else path


def _read(read: Any, field: str, text: Any) -> Any:
    try:
        return read(text)
    except UnreadableTime as error:
        raise Invalid(field=field, problem=f"{text}: {error.problem}") from error
    except (ValueError, OverflowError) as error:
        raise Invalid(field=field, problem=str(text)) from error


Asking = Annotated[Shown, Depends()]
