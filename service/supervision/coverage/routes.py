"""/api/v1/coverage, and the coverage of one event."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlmodel import Session

from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.access.gate import Gate
from service.kernel.actor import Actor
from service.kernel.asked_times import WrittenDay, WrittenTime
from service.kernel.clock import local, now
from service.kernel.contract import raises
from service.kernel.custody import record
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound
from service.kernel.paper.download import TABLE_FILE, TableFormat, file_prefix, sheets_response
from service.registry.events.subjects import subjects
from service.supervision.coverage import acts
from service.supervision.coverage.export import board_sheets
from service.supervision.coverage.figure_types import Dimension, Part
from service.supervision.coverage.figures import BOARD
from service.supervision.coverage.lists import list_counts, list_rows
from service.supervision.coverage.queries import board
from service.supervision.coverage.reads import (
    BoardRead,
    ListRead,
    ListsRead,
    RowsRead,
    TimelineRead,
    board_read,
    list_read,
    lists_read,
    rows_read,
    timeline_read,
)
from service.supervision.coverage.rows import rows_behind
from service.supervision.coverage.selection import Filters, filters_of
from service.supervision.coverage.timeline import timeline

router = APIRouter(prefix="/api/v1", tags=["coverage"], route_class=Gate)


class Asked:
    """What every answer about coverage is narrowed by. `from` and `to` are days of the bureau's zone, both
    included; `as_of` decides what is due, and is now unless said."""

    def __init__(
        self,
        basis: str = "",
        since: Annotated[WrittenDay | None, Query(alias="from")] = None,
        to: WrittenDay | None = None,
        as_of: WrittenTime | None = None,
        squad: str = "",
        officer: str = "",
        kind: str = "",
        subject: str | None = None,
        campaign: str = "",
    ) -> None:
        self.as_of = as_of or now()
        self.since, self.to = since, to
        self.names: dict[str, Any] = {
            "basis": basis, "squad": squad, "officer": officer, "kind": kind, "subject": subject,
            "campaign": campaign,
        }  # fmt: skip

    def filters(self, session: Session, actor: Actor, *, this_month: bool = False) -> Filters:
        """`this_month`: the month of `as_of` where no day is given."""
        since, to = self.since, self.to
        if this_month and since is None and to is None:
            to = local(self.as_of).date()
            since = to.replace(day=1)
        try:
            until = to + timedelta(days=1) if to else None
        except OverflowError as error:
            raise Invalid(field="to", problem=str(to)) from error
        return filters_of(session, actor, since=since, until=until, **self.names)


Wanted = Annotated[Asked, Depends()]


@router.get("/coverage")
def get_coverage(
    actor: CurrentActor,
    session: DatabaseSession,
    asked: Wanted,
    figures: str = "",
    by: str = "",
    percentiles: bool = False,
) -> BoardRead:
    """`figures`: names, comma-separated; those about events if left out. `by`: up to two of squad, officer, kind,
    subject, campaign, day, month, year. Of this month unless `from` or `to` says otherwise."""
    require(actor, "see_board")
    found = board(
        session,
        actor,
        asked.filters(session, actor, this_month=True),
        _words(by),
        asked.as_of,
        names=_words(figures) or BOARD,
        percentiles=percentiles,
    )
    return board_read(found)


@router.get("/coverage/export", response_class=Response, responses=TABLE_FILE)
def export_coverage(
    actor: CurrentActor,
    session: DatabaseSession,
    asked: Wanted,
    figures: str = "",
    by: str = "squad,month",
    percentiles: bool = False,
    form: Annotated[TableFormat, Query(alias="format")] = TableFormat.xlsx,
) -> Response:
    """The same figures as a table: a line for each group and figure."""
    require(actor, "see_board")
    filters = asked.filters(session, actor, this_month=True)
    names = _words(figures) or BOARD
    found = board(session, actor, filters, _words(by), asked.as_of, names=names, percentiles=percentiles)
    record(
        session, actor, acts.EXPORT, "coverage", None,
        squad_id=actor.squad_id, format=form.value, by=by, basis=filters.basis.value,
        since=str(filters.since), until=str(filters.until),
    )  # fmt: skip
    sheets = board_sheets(found, subjects(session))
    name = f"{file_prefix(session)}coverage-{filters.since or 'all'}-{asked.as_of:%Y%m%d%H%M}"
    return sheets_response(name, form, sheets)


@router.get("/coverage/rows")
def list_coverage_rows(
    actor: CurrentActor,
    session: DatabaseSession,
    asked: Wanted,
    figure: str = "recorded",
    part: str = Part.denominator.value,
    reason: str = "",
    group: Annotated[list[str] | None, Query()] = None,
    cursor: str | None = None,
    limit: int = 50,
) -> RowsRead:
    """What is behind a figure. `group`: `dimension:value` of a row of the board, once for each dimension;
    `part`: numerator, denominator, rest or excluded, the last also by `reason`."""
    require(actor, "see_board")
    found = rows_behind(
        session,
        actor,
        figure,
        asked.filters(session, actor),
        _group(group or []),
        part,
        reason=reason,
        as_of=asked.as_of,
        cursor=cursor,
        limit=limit,
    )
    return rows_read(session, found)


@router.get("/coverage/lists")
def count_coverage_lists(actor: CurrentActor, session: DatabaseSession, asked: Wanted) -> ListsRead:
    """How long each of the day's lists is; `capped`: so many at least."""
    require(actor, "see_board")
    counts = list_counts(session, actor, asked.filters(session, actor), asked.as_of)
    return lists_read(asked.as_of, counts)


@router.get("/coverage/lists/{name}")
@raises(NotFound)
def get_coverage_list(
    name: str,
    actor: CurrentActor,
    session: DatabaseSession,
    asked: Wanted,
    cursor: str | None = None,
    limit: int = 50,
) -> ListRead:
    """One of the day's lists, oldest first: what is missing, late, unlinked, unexplained …"""
    require(actor, "see_board")
    filters = asked.filters(session, actor)
    found = list_rows(session, actor, name, filters, as_of=asked.as_of, cursor=cursor, limit=limit)
    return list_read(session, name, asked.as_of, found)


@router.get("/events/{event_id}/coverage", response_model_exclude_unset=True)
@raises(NotFound)
def get_event_coverage(
    event_id: UUID, actor: CurrentActor, session: DatabaseSession, as_of: WrittenTime | None = None
) -> TimelineRead:
    """The required interval, the recordings on it, the gaps and what they mean at `as_of`."""
    return timeline_read(timeline(session, actor, event_id, as_of))


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _group(said: list[str]) -> dict[Dimension, str]:
    found = {}
    for one in said:
        name, _, value = one.partition(":")
        try:
            found[Dimension(name)] = value
        except ValueError as error:
            raise Invalid(field="group", problem=one) from error
    return found
