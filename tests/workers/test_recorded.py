"""From the bytes of a file to what its events count as recorded: where it has samples, and no second more."""

import subprocess
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import service.reactions  # noqa: F401  coverage follows
from schemas.accounts import Role
from schemas.coverage import Basis, EventCoverage
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.jobs import JobKind
from schemas.links import Link, LinkState
from schemas.originals import Original
from schemas.people import Officer
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Recording, Tag
from service.footage.recordings.queries import read
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.intervals import clip
from service.kernel.jobs import request_job
from service.kernel.settings import get_settings
from service.registry.recorders.actions import set_time_lapse
from service.supervision.coverage.timeline import timeline
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.media import footage

LOOKED_AT = (JobKind.intake, JobKind.tags, JobKind.link)
PATTERN = r"(?P<recorder>R-\d+)_(?P<officer>\d{6})_(?P<at>\d{14})"
SMALL: dict[str, Any] = {"size": "320x240", "rate": 10}


@dataclass
class Day:
    """A day of one officer with one recorder."""

    bureau: Bureau
    officer: UUID

    def at(self, clock: str) -> datetime:
        day = (now() - timedelta(days=3)).astimezone(get_settings().zone).date()
        return datetime.combine(day, time.fromisoformat(clock), get_settings().zone)

    def event(self, since: str, until: str) -> UUID:
        with transaction() as session:
            event = EnforcementEvent(
                title=since,
                kind=EventKind.inspection,
                arrived_at=self.at(since),
                departed_at=self.at(until),
                squad_id=self.bureau.squad(),
            )
            session.add(event)
            session.flush()
            session.add(EventOfficer(event_id=event.id, officer_id=self.officer))
            changed(session, EnforcementEvent, [event.id])
            return event.id

    def film(self, path: Path, clock: str) -> UUID:
        name = f"R-01_000002_{self.at(clock):%Y%m%d%H%M%S}{path.suffix}"
        recording_id = self.bureau.receive(path, name=name)
        run_all_jobs(LOOKED_AT)
        return recording_id

    def confirm(self, recording_id: UUID, events: list[UUID]) -> None:
        """By a person who did not look: what counts is still what was recorded."""
        with transaction() as session:
            for event in events:
                said = (Link.recording_id == recording_id, Link.event_id == event)
                link = session.scalars(select(Link).where(*said)).first() or Link(
                    recording_id=recording_id,
                    event_id=event,
                    state=LinkState.offered,
                    score=1,
                    rule_version="-",
                )
                link.state, link.decided_by = LinkState.confirmed, self.bureau.actor().account_id
                session.add(link)
            changed(session, EnforcementEvent, events, {"links"})
        run_all_jobs(LOOKED_AT)

    def kept(self, event: UUID) -> EventCoverage:
        with self.bureau.session() as session:
            return session.get_one(EventCoverage, (event, Basis.counted))

    def original(self, recording_id: UUID) -> Original:
        with self.bureau.session() as session:
            return session.get_one(Original, session.get_one(Recording, recording_id).original_id)


@pytest.fixture
def day(bureau: Bureau) -> Day:
    with transaction() as session:
        squad_id = bureau.squad()
        model = RecorderModel(code="M", conventions={"filename_patterns": [PATTERN]})
        officer = Officer(certificate_no="000002", name="队员 000002", squad_id=squad_id)
        session.add_all([model, officer])
        session.flush()
        session.add(Recorder(serial="R-01", squad_id=squad_id, model_id=model.id))
        return Day(bureau, officer.id)


def joined(folder: Path, offset_s: float) -> Path:
    """Five seconds, and five more whose time stamps are that much later, in one transport stream."""
    first, later = footage(folder / "a.ts", "ts", seconds=5, **SMALL), folder / "b.ts"
    command = ["ffmpeg", "-v", "error", "-i", str(first), "-c", "copy", "-output_ts_offset", str(offset_s)]
    subprocess.run([*command, "-f", "mpegts", str(later)], check=True)
    both = folder / "both.ts"
    both.write_bytes(first.read_bytes() + later.read_bytes())
    return both


def stretched(folder: Path, times: int) -> Path:
    """A clip of 3 s and 30 pictures whose header says that they last so many times longer."""
    clip = footage(folder / "clip.mp4", seconds=3, **SMALL)
    data = bytearray(clip.read_bytes())
    for box in (b"mvhd", b"mdhd"):
        at = data.find(box)
        while at >= 0:
            scale = slice(at + 4 + 12, at + 4 + 16)
            data[scale] = (int.from_bytes(data[scale]) // times).to_bytes(4)
            at = data.find(box, at + 4)
    clip.write_bytes(data)
    return clip


def test_a_jump_of_ten_hours_inside_a_file_records_ten_seconds(day: Day, tmp_path: Path) -> None:
    events = [day.event("09:00", "09:28"), day.event("10:00", "10:30"), day.event("14:00", "14:30")]
    recording_id = day.film(joined(tmp_path, 36000), "08:59:58")
    rows = [day.kept(event) for event in events]
    assert not any(row.shown and row.gap_count == row.gap_explained for row in rows)
    day.confirm(recording_id, events)
    first, *others = (day.kept(event) for event in events)
    assert 2.5 <= first.recorded_s <= 5 and first.gap_count == 1 and first.early_stop_s > 1670
    assert [(row.links, row.shown, row.recorded_s) for row in others] == [(1, 0, 0.0)] * 2
    with transaction() as session:
        told = read(session, day.bureau.actor(), session.get_one(Recording, recording_id))
        assert told["measured"] and not told["sparse"] and abs(told["recorded_s"] - 10) < 0.5
        assert [round(one["start_s"]) for one in told["stretches"]] == [0, 36000]
        (strip,) = timeline(session, day.bureau.actor(), events[1]).strips
        assert (len(strip.stretches), strip.measured, strip.counts) == (2, True, True)
        assert not clip(strip.stretches, day.at("10:00"), day.at("10:30"))


def test_time_stamps_that_begin_anew_are_laid_end_to_end_and_it_is_said(day: Day, tmp_path: Path) -> None:
    event = day.event("09:00", "09:00:10")
    recording_id = day.film(joined(tmp_path, 0), "09:00:00")
    assert day.original(recording_id).clock_restarted
    with transaction() as session:
        tags = session.scalars(select(Tag.name).where(Tag.recording_id == recording_id)).all()
    assert "clock_restarted" in tags
    day.confirm(recording_id, [event])
    assert day.kept(event).recorded_s > 9.5


def test_thirty_pictures_stretched_over_ten_minutes_make_no_event_recorded(day: Day, tmp_path: Path) -> None:
    event = day.event("09:00", "09:10")
    recording_id = day.film(stretched(tmp_path, 200), "09:00:00")
    day.confirm(recording_id, [event])
    row = day.kept(event)
    assert (row.links, row.shown, row.recorded_s) == (1, 0, 0.0)
    assert day.original(recording_id).sparse
    with transaction() as session:
        recorder = session.scalars(select(Recorder)).one()
        admin = Actor(day.bureau.actor().account_id, "admin", Role.admin, None)
        set_time_lapse(session, admin, recorder.id, True)
    assert day.kept(event).recorded_s > 560  # a camera that takes them so on purpose


def test_what_was_here_before_counts_by_its_span_until_it_is_measured(day: Day, tmp_path: Path) -> None:
    event = day.event("10:00", "10:30")
    recording_id = day.film(joined(tmp_path, 36000), "08:59:58")
    day.confirm(recording_id, [event])
    with transaction() as session:
        original = session.get_one(Original, day.original(recording_id).id)
        original.stretches = original.recorded_s = None
        session.add(original)
        changed(session, Recording, [recording_id], {"stretches"})
    assert day.kept(event).recorded_s == 1800
    with transaction() as session:
        (strip,) = timeline(session, day.bureau.actor(), event).strips
        assert not strip.measured
        link = session.scalars(select(Link).where(Link.event_id == event)).one()
        link.decided_by, link.state, link.score = None, LinkState.automatic, 1.0  # as the span had made it
        session.add(link)
        request_job(session, JobKind.walk, original.id)
    run_all_jobs((JobKind.walk, JobKind.tags, JobKind.link))
    row = day.kept(event)
    assert (row.shown, row.recorded_s) == (0, 0.0)
    assert day.original(recording_id).recorded_s == pytest.approx(10, abs=0.5)
    with transaction() as session:  # nothing of it is shown: no link by itself
        states = session.scalars(select(Link.state).where(Link.event_id == event)).all()
    assert LinkState.automatic not in states
