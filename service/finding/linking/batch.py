"""Links of many recordings anew, in the order of their time: neighbours in time share what is read of the field."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, or_, select

from schemas.events import EnforcementEvent
from schemas.recordings import Recording
from service.finding.linking.clearing import clear_clocks, unclear
from service.finding.linking.neighbours import tell_neighbours
from service.finding.linking.recognise import recognise
from service.finding.linking.writing import keep_many, lock_links
from service.kernel.changes import changed
from service.kernel.database import transaction

CHUNK = 500


@dataclass
class Relinked:
    recordings: int = 0
    changed: int = 0


def relink_all(
    engine: Engine | None = None, since: datetime | None = None, until: datetime | None = None
) -> Relinked:
    """Of all recordings, or of those recorded in a stretch of time: after thresholds or rules were changed. Each chunk
    is a transaction; what changes meanwhile asks for its own link jobs. Persons' decisions stay."""
    done = Relinked()
    for ids in _chunks(engine, since, until):
        with transaction(engine) as session:
            recognise(session, ids)
            asked = unclear(session, ids)
        if asked:
            with transaction(engine) as session:
                clear_clocks(session, asked)
        with transaction(engine) as session:
            lock_links(session, ids)
            kept = keep_many(session, ids)
            changed(session, EnforcementEvent, kept.events, {"links"})
        with transaction(engine) as session:
            tell_neighbours(session, ids)
        done.recordings += len(ids)
        done.changed += len(kept.changed)
    return done


def _chunks(engine: Engine | None, since: datetime | None, until: datetime | None) -> Iterator[list[UUID]]:
    """By time, then those whose time nobody knows."""
    wanted: list[ColumnElement[bool]] = [Recording.merged_into.is_(None)]
    timed = [*wanted, Recording.recorded_from.is_not(None)]
    if since is not None:
        timed.append(Recording.recorded_from >= since)
    if until is not None:
        timed.append(Recording.recorded_from < until)
    last: tuple[datetime, UUID] | None = None
    while True:
        after = []
        if last is not None:
            at, one = last
            after.append(
                or_(Recording.recorded_from > at, (Recording.recorded_from == at) & (Recording.id > one))
            )
            after.append(Recording.recorded_from >= at)
        with transaction(engine) as session:
            rows = session.execute(
                select(Recording.recorded_from, Recording.id)
                .where(*timed, *after)
                .order_by(Recording.recorded_from, Recording.id)
                .limit(CHUNK)
            ).all()
        if not rows:
            break
        last = rows[-1][0], rows[-1][1]
        yield [row[1] for row in rows]
    if since is not None or until is not None:
        return
    yield from _untimed(engine, wanted)


def _untimed(engine: Engine | None, wanted: list) -> Iterator[list[UUID]]:
    last: UUID | None = None
    while True:
        after = [Recording.id > last] if last is not None else []
        with transaction(engine) as session:
            ids = list(
                session.scalars(
                    select(Recording.id)
                    .where(*wanted, Recording.recorded_from.is_(None), *after)
                    .order_by(Recording.id)
                    .limit(CHUNK)
                )
            )
        if not ids:
            return
        last = ids[-1]
        yield ids
