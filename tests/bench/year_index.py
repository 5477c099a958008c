"""A simulated year in a real database, as the services would have written it: in bulk."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from deploy.demo.simulator.report import campaign_of
from deploy.demo.simulator.rows import BEGIN, File, Happening, Year
from schemas.base import now
from service.finding.linking.evidence import Limits
from service.finding.linking.rules import VERSION, decide
from service.registry.clocks.correcting import answer
from tests.bench.installation import installed
from tests.bench.linking_pure import Clocks, as_seen, can_be

HELD_BACK = 25  # of so many recordings one has no links yet, as if it were arriving


@contextmanager
def database() -> Iterator[Engine]:
    """PostgreSQL and Redis as `zhenglu up` runs them, and nothing else."""
    with installed() as running:
        yield running.engine


class DayClocks(Clocks):
    """Of all files of a recorder's day the offset of the first one: seconds off where a clock drifts, and a year's
    300,000 files in a fifteenth of the time. For measures of speed, where only the index has to be like a year's."""

    def __init__(self, year: Year) -> None:
        super().__init__(year)
        self.read.clear()
        self.of_day: dict[tuple[UUID, date], tuple[float, float]] = {}

    def offset(self, file: File) -> tuple[float, float]:
        if file.recorder is None:
            return 0.0, 0.0
        day = file.recorder, file.claimed.date()
        if day not in self.of_day:
            self.of_day[day] = super().offset(file)
        return self.of_day[day]


def load(engine: Engine, year: Year, links: Iterable[tuple] = (), clocks: Clocks | None = None) -> None:
    """`links`: rows of `LINK`, such as those of `true_links` or `decided_links`."""
    clocks = clocks or Clocks(year)
    with engine.begin() as connection, _in_bulk(connection):
        _copy(
            connection,
            "squads",
            ("id", "code", "name"),
            ((i, c, f"中队 {c}") for i, c in year.squads.items()),
        )
        _copy(
            connection,
            "officers",
            ("id", "certificate_no", "name", "squad_id"),
            ((one.id, one.number, f"队员 {one.number}", one.squad) for one in year.officers),
        )
        _copy(
            connection,
            "recorders",
            ("id", "serial", "squad_id", "state"),
            ((one.id, one.serial, one.squad, "in_use") for one in year.cameras),
        )
        _copy(
            connection,
            "assignments",
            ("id", "recorder_id", "officer_id", "held_from", "held_to", "hand_over"),
            ((one.id, one.recorder, one.officer, one.start, one.end, False) for one in year.held),
        )
        _copy(
            connection,
            "cases",
            ("id", "number", "number_folded", "title", "party", "place", "squad_id", "sample", "created_at"),
            (
                (case, str(case), str(case), "", "", "", squad, False, BEGIN)
                for case, squad in year.cases.items()
            ),
        )
        campaigns = sorted({campaign for one in year.events if (campaign := _campaign(one))})
        _copy(connection, "campaigns", ("id", "name"), ((one, f"专项 {one.int}") for one in campaigns))
        _copy(
            connection,
            "enforcement_events",
            ("id", "title", "subject", "party", "place", "kind", "arrived_at", "departed_at", "squad_id", "case_id",
             "campaign_id", "cancelled_at", "merged_into", "latitude", "longitude", "sample", "created_at"),
            (
                (one.id, one.work.act, one.work.subject, "", "", one.kind, one.start, one.end, one.squad, one.case,
                 _campaign(one), one.cancelled, one.merged_into, one.latitude, one.longitude, False, one.start)
                for one in year.events
            ),
        )  # fmt: skip
        _copy(
            connection,
            "event_officers",
            ("event_id", "officer_id"),
            ((one.id, officer) for one in year.events for officer in one.officers),
        )
        _copy(
            connection,
            "clock_offsets",
            ("id", "recorder_id", "source", "measured_at", "offset_s", "doubt_s", "note", "created_at"),
            (
                (UUID(int=place + 1), one.recorder, one.source, one.at, one.offset_s, one.doubt_s, "", one.at)
                for place, one in enumerate(year.measured)
            ),
        )
        _copy(connection, "recordings", RECORDING, _recordings(year, clocks))
        _copy(connection, "links", LINK, links)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))


def _campaign(event: Happening) -> UUID | None:
    number = campaign_of(event.work, event.nth)
    return None if number is None else UUID(int=number + 1)


@contextmanager
def _in_bulk(connection: Connection) -> Iterator[None]:
    """The rows are whole by themselves: references are not looked up one by one, and indexes are made at the end."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    indexes = connection.execute(_INDEXES, {"tables": list(LARGE)}).all()
    for index in indexes:
        connection.exec_driver_sql(f'DROP INDEX "{index.name}"')
    yield
    for index in indexes:
        connection.exec_driver_sql(index.made_by.replace("%", "%%"))


LARGE = ("enforcement_events", "event_officers", "recordings", "links")
_INDEXES = text(
    """
    SELECT indexname AS name, indexdef AS made_by FROM pg_indexes
    WHERE schemaname = 'public' AND tablename = ANY(:tables)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = (quote_ident(indexname))::regclass)
    """
)
RECORDING = (
    "id", "squad_id", "state", "reason_params", "file_name", "note", "claims", "recorder_id", "officer_id",
    "claimed_from", "clock_offset_s", "clock_doubt_s", "recorded_from", "recorded_to", "duration_s", "clock",
    "latitude", "longitude", "track", "received_at", "sample", "archived",
)  # fmt: skip
LINK = (
    "id", "recording_id", "event_id", "state", "score", "reasons", "part_from", "part_to", "rule_version", "created_at",
)  # fmt: skip


def _recordings(year: Year, clocks: Clocks) -> Iterator[tuple]:
    serials = {one.id: one.serial for one in year.cameras}
    for file in year.files:
        offset, doubt = clocks.offset(file)
        clock: dict[str, Any] = {}
        if (found := clocks.read.get(file.id)) is not None and found.answers:
            # as it stands before anything else is asked than the measurements
            offset, doubt, clock["answers"] = found.offset_s, found.doubt_s, list(map(answer, found.answers))
        start: datetime | None = file.claimed - timedelta(seconds=offset)
        end: datetime | None = file.claimed - timedelta(seconds=offset - file.length_s)
        claimed: datetime | None = file.claimed
        if not can_be(file.claimed - timedelta(seconds=offset), file):
            clock |= {
                "camera": 0,
                "judged": [{"shown": file.claimed.isoformat()}],
                "doubts": ["no_true_claim"],
            }
            start = end = claimed = None
        claims: dict[str, Any] = {"recorder": serials[file.recorder]} if file.recorder else {}
        if file.case:
            claims["sidecar"] = {"case": str(file.case)}
        place = file.track[0][:2] if file.track else (None, None)
        yield (
            file.id, file.squad, "ready", "{}", file.name, "", json.dumps(claims),
            file.recorder, file.officer, claimed, offset, doubt, start, end, file.length_s, json.dumps(clock), *place,
            json.dumps([list(row) for row in file.track]), file.received, False, False,
        )  # fmt: skip


def held_back(year: Year) -> list[UUID]:
    """Recordings without links yet, as if they were arriving."""
    return [file.id for number, file in enumerate(year.files) if number % HELD_BACK == 0]


def true_links(year: Year) -> Iterator[tuple]:
    """Of all recordings but those held back."""
    written = now()
    for number, file in enumerate(year.files):
        if number % HELD_BACK:
            for place, event in enumerate(sorted(file.shows)):
                known = UUID(int=file.id.int ^ (0xA << 72) ^ place << 52)
                yield (known, file.id, event, "automatic", 0.9, "[]", None, None, "0", written)


def decided_links(year: Year, clocks: Clocks) -> Iterator[tuple]:
    """As the rules decide them."""
    written, limits = now(), Limits()
    for file, facts, events in as_seen(year, limits, clocks):
        found = [one for one in decide(facts, events, limits) if one.event_id]
        for place, one in enumerate(found):
            known = UUID(int=file.id.int ^ (0xA << 72) ^ place << 52)
            reasons = json.dumps([reason.stored() for reason in one.reasons])
            part = one.part or (None, None)
            yield (known, file.id, one.event_id, str(one.state), one.score, reasons, *part, VERSION, written)


def _copy(connection: Any, table: str, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    cursor = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
