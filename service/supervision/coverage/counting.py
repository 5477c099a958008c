"""Keeps the coverage of events as the rules say: of some in the transaction that changed them, or of all anew.

The counting waits for the end of the transaction (service.kernel.changes). So its locks come after all others, once
and in order: whoever holds one waits for nothing else, and no two transactions ever wait for each other here. Of two
transactions that change one event the second to commit waits for the first, and then sees what it did.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql
from sqlmodel import Session

from schemas.base import quoted
from schemas.coverage import EventCoverage
from schemas.events import EnforcementEvent
from schemas.links import COUNTED, LinkState
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Recording
from service.finding.linking.policy import OPEN_EVENT
from service.footage.stretches import COUNTED_STRETCHES, COUNTS_IF_SPARSE, in_real_time
from service.kernel.changes import NEW, Changes, Reaction, anything, but, only
from service.kernel.policy import policy
from service.kernel.round_trip import together
from service.kernel.settings import get_settings
from service.registry.matters.queries import book
from service.registry.matters.rules import Book
from service.supervision.coverage.rules import Act, Explained, Filmed, Kept, Stretch, cover, day_of

EVERYTHING = 0x7A68656E67634F  # the lock of whoever recounts many; any number of its own
SINGLY = 1000  # so many at most are locked one by one: the server's table of locks is small
CHUNK = 5000

Rows = dict[tuple[UUID, str], Kept]


def recount(session: Session, event_ids: Iterable[UUID]) -> None:
    """Makes the kept rows of these events agree with this transaction, now. Its locks come last: whoever changes
    something says `changed` instead, and this follows."""
    ids = sorted(set(event_ids))
    if not ids:
        return
    session.flush()
    _lock(session, ids)
    known = Known.read(session)
    for start in range(0, len(ids), CHUNK):
        _bring_up_to_date(session, known, ids[start : start + CHUNK])


def _settle(session: Session, changes: Changes) -> None:
    """Of a recording those events count that it is linked to, whatever the state of the link. Links of it that go in
    the same transaction are named by their events."""
    events = set(changes.ids(EnforcementEvent))
    if recordings := changes.ids(Recording):
        events.update(session.execute(_LINKED, {"recordings": recordings}).scalars())
    recorders, models = changes.ids(Recorder), changes.ids(RecorderModel)
    if recorders or models:
        events.update(session.execute(_SPARSE, {"recorders": recorders, "models": models}).scalars())
    recount(session, events)


# A recording's links and tags are not its own here: whoever writes links names the events. A recorder's model says
# whether pictures far apart count.
COVERAGE = Reaction(
    "coverage",
    {
        EnforcementEvent: anything,
        Recording: but(*NEW, "links", "tags"),
        Recorder: only("model_id"),
        RecorderModel: only("conventions"),
    },
    _settle,
)


def recount_all(session: Session) -> int:
    """Every event there is, in one transaction. Answers how many."""
    session.flush()
    session.execute(select(func.pg_advisory_xact_lock(EVERYTHING)))
    known, count = Known.read(session), 0
    ids = events_after(session, None, CHUNK)
    while ids:
        _bring_up_to_date(session, known, ids)
        count += len(ids)
        ids = events_after(session, ids[-1], CHUNK)
    return count


def events_after(session: Session, after: UUID | None, limit: int) -> list[UUID]:
    statement = select(EnforcementEvent.id).order_by(EnforcementEvent.id).limit(limit)
    if after is not None:
        statement = statement.where(EnforcementEvent.id > after)
    return list(session.scalars(statement))


def _lock(session: Session, ids: Sequence[UUID]) -> None:
    if len(ids) > SINGLY:
        session.execute(select(func.pg_advisory_xact_lock(EVERYTHING)))
        return
    keys = sorted({int.from_bytes(one.bytes[8:], signed=True) for one in ids} - {EVERYTHING})
    session.execute(_LOCK, {"everything": EVERYTHING, "keys": [EVERYTHING, *keys]})


@dataclass(frozen=True)
class Known:
    """What holds for every event."""

    book: Book
    zone: ZoneInfo
    open_for: timedelta

    @classmethod
    def read(cls, session: Session) -> Self:
        open_for = timedelta(minutes=policy(session, OPEN_EVENT))
        return cls(book(session), get_settings().zone, open_for)


def _bring_up_to_date(session: Session, known: Known, ids: Sequence[UUID]) -> None:
    chosen = {"ids": list(ids)}
    *read, stored = together(session, *((one, chosen) for one in (*_READ, _STORED)))
    wanted, held = _counted(known, *read), _rows(stored)
    _write(session, {key: row for key, row in wanted.items() if held.get(key) != row})


def kept_rows(session: Session, known: Known, ids: Sequence[UUID]) -> Rows:
    """What the rows of these events have to be."""
    chosen = {"ids": list(ids)}
    return _counted(known, *together(session, *((one, chosen) for one in _READ)))


def _counted(
    known: Known, films: list[Any], offers: list[Any], explanations: list[Any], events: list[Any]
) -> Rows:
    filmed: dict[UUID, list[Filmed]] = defaultdict(list)
    for event_id, begun, start, until, measured, received_at, confirmed, archived in films:
        shown = () if start is None or until is None else in_real_time(measured, begun, start, until)
        filmed[event_id].append(Filmed(shown, received_at, confirmed, archived))
    offered: dict[UUID, tuple[int, int]] = {event_id: (count, alone) for event_id, count, alone in offers}
    exempt: dict[UUID, str] = {}
    stretches: dict[UUID, list[Stretch]] = defaultdict(list)
    for event_id, kind, reason, since, until in explanations:
        if kind == "exemption":
            exempt.setdefault(event_id, reason)
        else:
            stretches[event_id].append((since, until))
    rows: Rows = {}
    for event_id, *values in events:
        act = Act(*values)
        explained = Explained(exempt.get(event_id), tuple(stretches.get(event_id, ())))
        day = day_of(act.arrived_at, known.zone)
        rule = known.book.find(day, act.kind, act.subject)  # type: ignore[arg-type]  # its value is as good
        mine = filmed.get(event_id, [])
        confirmed = [one for one in mine if one.confirmed]
        kept = partial(
            cover,
            act,
            rule,
            explained=explained,
            day=day,
            open_for=known.open_for,
            offered=offered.get(event_id, (0, 0)),
        )
        row = kept(mine)
        rows[event_id, "counted"] = row
        rows[event_id, "confirmed"] = row if len(confirmed) == len(mine) else kept(confirmed)
    return rows


def stored_rows(session: Session, ids: Sequence[UUID]) -> Rows:
    return _rows(together(session, (_STORED, {"ids": list(ids)}))[0])


def _rows(stored: list[Any]) -> Rows:
    return {(event_id, basis): Kept._make(values) for event_id, basis, *values in stored}


def _write(session: Session, rows: Rows) -> None:
    if not rows:
        return
    columns: list[list[Any]] = [
        list(column) for column in zip(*((*key, *row) for key, row in rows.items()), strict=True)
    ]
    session.execute(_UPSERT, dict(zip(_NAMES, columns, strict=True)))


# ---- statements -------------------------------------------------------------------------------------------

_TABLE = EventCoverage.__table__
_NAMES = [column.name for column in _TABLE.columns]
if tuple(_NAMES[2:]) != Kept._fields:
    raise RuntimeError("service.supervision.coverage.rules.Kept and the columns of event_coverage differ")

# The first key is shared by all who lock singly; unnest keeps the order.
_LOCK = text(
    """
    SELECT CASE WHEN key = CAST(:everything AS bigint) THEN pg_advisory_xact_lock_shared(key)
                ELSE pg_advisory_xact_lock(key) END
    FROM unnest(CAST(:keys AS bigint[])) AS key
    """
)
_EVENTS = text(
    """
    SELECT id, squad_id, kind, subject, campaign_id, arrived_at, departed_at,
           cancelled_at IS NOT NULL AS cancelled, merged_into IS NOT NULL AS merged
    FROM enforcement_events WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id
    """
)
# Of a link `l` and its recording `r`: whether it counts, whether its bytes are here, and what of it belongs to the
# event: what of it has samples is asked beside it (service.footage.stretches). A part that a person chose holds as
# seconds into the recording, also when its clock is corrected.
# A photo shows one moment, so no figure counts it.
STANDS = "r.state <> 'refused' AND r.merged_into IS NULL AND r.media IS DISTINCT FROM 'photo'"
COUNTS = f"l.state IN ({quoted(COUNTED)}) AND {STANDS}"
HERE = "r.state NOT IN ('announced', 'receiving')"
PLAYS = "r.state <> 'unplayable'"
BEGUN = "coalesce(l.taken_from, r.recorded_from)"
FILMED_START = f"{BEGUN} + coalesce(l.part_start_s, 0) * interval '1 second'"
FILMED_END = f"""
    least({BEGUN} + coalesce(r.recorded_to - r.recorded_from, r.duration_s * interval '1 second'),
          {BEGUN} + l.part_end_s * interval '1 second')
"""
_FILMED = text(
    f"""
    SELECT l.event_id, {BEGUN} AS begun, CASE WHEN {PLAYS} THEN {FILMED_START} END AS start,
           {FILMED_END} AS until, {COUNTED_STRETCHES} AS stretches,
           CASE WHEN {HERE} THEN r.received_at END AS received_at, l.state = 'confirmed' AS confirmed, r.archived
    FROM links l JOIN recordings r ON r.id = l.recording_id LEFT JOIN originals o ON o.id = r.original_id
    WHERE l.event_id = ANY(CAST(:ids AS uuid[])) AND {COUNTS}
    """  # fragments of this file
)
_OFFERED = text(
    f"""
    SELECT l.event_id, count(*) AS offered, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM links other WHERE other.recording_id = l.recording_id AND other.state = '{LinkState.offered}'
                                  AND other.event_id <> l.event_id)) AS alone
    FROM links l JOIN recordings r ON r.id = l.recording_id LEFT JOIN originals o ON o.id = r.original_id
    WHERE l.event_id = ANY(CAST(:ids AS uuid[])) AND l.state = '{LinkState.offered}'
      AND {STANDS} AND {HERE} AND {PLAYS} AND {COUNTS_IF_SPARSE}
    GROUP BY l.event_id
    """  # the same
)
_EXPLAINED = text(
    """
    SELECT event_id, kind, reason, gap_from, gap_to FROM explanations
    WHERE event_id = ANY(CAST(:ids AS uuid[])) AND state = 'approved' ORDER BY event_id, asked_at, id
    """
)
_READ = (_FILMED, _OFFERED, _EXPLAINED, _EVENTS)
_STORED = text(
    "SELECT {} FROM event_coverage WHERE event_id = ANY(CAST(:ids AS uuid[]))".format(
        ", ".join(
            "CAST(gaps AS text) AS gaps" if name == "gaps" else name for name in _NAMES
        )  # as text: most are empty
    )
)
_LINKED = text(
    """
    SELECT DISTINCT event_id FROM links
    WHERE recording_id = ANY(CAST(:recordings AS uuid[])) AND event_id IS NOT NULL
    """
)
_SPARSE = text(
    """
    SELECT DISTINCT l.event_id
    FROM recorders d JOIN recordings r ON r.recorder_id = d.id JOIN originals o ON o.id = r.original_id AND o.sparse
    JOIN links l ON l.recording_id = r.id
    WHERE (d.id = ANY(CAST(:recorders AS uuid[])) OR d.model_id = ANY(CAST(:models AS uuid[])))
      AND l.event_id IS NOT NULL
    """
)
_UPSERT = text(
    "INSERT INTO event_coverage ({names}) SELECT * FROM unnest({arrays})"
    " ON CONFLICT (event_id, basis) DO UPDATE SET {values}".format(
        names=", ".join(_NAMES),
        arrays=", ".join(
            f"CAST(:{column.name} AS {column.type.compile(postgresql.dialect())}[])"
            for column in _TABLE.columns
        ),
        values=", ".join(f"{name} = excluded.{name}" for name in _NAMES[2:]),
    )
)
