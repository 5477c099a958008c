"""A random walk through the real actions: whatever may change coverage, in any order, each step a transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.accounts import Role
from schemas.claims import Claims
from schemas.clocks import ClockOffset, ClockOffsetCreate
from schemas.coverage import Basis, EventCoverage, Explanation, ExplanationReason
from schemas.events import EnforcementEvent, EventCreate, EventKind, EventOfficer, EventUpdate
from schemas.jobs import JobKind
from schemas.links import Link
from schemas.matters import Duty, MatterBase
from schemas.originals import MediaFacts, MediaState, Original
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Receipt, Recording, RecordingState
from service.finding.linking.actions import (
    confirm,
    create_event_from_recording,
    declare_event,
    event_from_recording,
    reject,
    set_part,
    undo,
)  # fmt: skip
from service.finding.linking.merging import merge_event, unmerge_event
from service.footage.recordings.actions import refresh_state, refuse_mismatch
from service.kernel.changes import NEW, changed
from service.kernel.database import transaction
from service.kernel.errors import ServiceError
from service.kernel.jobs import request_job
from service.registry.clocks.actions import add_offset, withdraw_offset
from service.registry.events.actions import cancel_event, create_event, restore_event, update_event
from service.registry.matters.actions import publish
from service.registry.recorders.actions import set_time_lapse
from service.supervision.coverage.counting import Known, events_after, kept_rows, stored_rows
from service.supervision.explanations.actions import ask_exemption, ask_gap_reason
from service.supervision.explanations.approval import EXPLANATION
from tests.service.finding.linking.field import Field, at
from workers.media.probe import Probe
from workers.media.verdict import Verdict

HOURS = 10  # of one day: crowded enough for everything to meet


@dataclass
class Walk:
    """`taken`: how often each kind of step did something. `days`: over how many days it goes. On one day and with a
    handful of `officers` and `recorders` everything meets everything; a long walk needs more room, for else each
    change touches more than the one before."""

    chance: Random
    known: dict = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    made: int = 0
    days: int = 1
    officers: int = 6
    recorders: int = 4
    steps: dict[str, Any] = field(default_factory=lambda: STEPS)

    def prepare(self) -> None:
        with transaction() as session:
            bureau = Field(session, self.known)
            for n in range(self.officers):
                bureau.officer(f"{n:03}", "one" if n % 3 else "two")
            for n in range(self.recorders):
                bureau.model(f"M-{n % 2}", f"R-{n}")
                bureau.hold(f"R-{n}", f"{n:03}", at("06:00"), at("23:00", day=self.days))
            for role, name in ((Role.admin, "first"), (Role.admin, "second")):
                bureau.actor(role, name=name)

    def step(self) -> str:
        """One action drawn by chance. What the rules of the house refuse changes nothing."""
        name = self.chance.choices(list(self.steps), [weight for _, weight in self.steps.values()])[0]
        try:
            with transaction() as session:
                self.steps[name][0](self, session)
        except (ServiceError, Nothing):
            return ""
        self.taken[name] = self.taken.get(name, 0) + 1
        return name

    # ---- drawing ----

    def actor(self, session: Session, name: str = "first") -> Any:
        return Field(session, self.known).actor(Role.admin, name=name)

    def moment(self) -> datetime:
        day = self.chance.randrange(self.days)
        return at("08:00", day) + timedelta(seconds=self.chance.randrange(HOURS * 3600))

    def one(self, session: Session, table: Any, *conditions: Any) -> Any:
        ids = list(session.scalars(select(table.id).where(*conditions).order_by(table.id)))
        if not ids:
            raise Nothing
        return session.get_one(table, self.chance.choice(ids))

    def crew(self) -> list[str]:
        return [f"{n:03}" for n in self.chance.sample(range(self.officers), self.chance.randint(0, 2))]

    def holders(self, session: Session, event: EnforcementEvent) -> list[int]:
        """Numbers of the event's officers who hold the recorder of that number."""
        numbers = select(Officer.certificate_no).join(EventOfficer, EventOfficer.officer_id == Officer.id)
        crew = session.scalars(
            numbers.where(EventOfficer.event_id == event.id).order_by(Officer.certificate_no)
        )
        return [int(number) for number in crew if int(number) < self.recorders]

    # ---- events ----

    def create(self, session: Session) -> None:
        start = self.moment()
        lasting = timedelta(minutes=self.chance.choice([1, 5, 20, 45]))
        self.made += 1
        wanted = EventCreate(
            external_id=f"E-{self.made}",
            title="检查",
            kind=self.chance.choice(list(EventKind)),
            subject=self.chance.choice(["", "dust"]),
            arrived_at=start,
            departed_at=None if self.chance.random() < 0.2 else start + lasting,
            squad=self.chance.choice(["one", "two"]),
            officers=self.crew(),
        )
        create_event(session, self.actor(session), wanted)

    def change(self, session: Session) -> None:
        event = self.one(session, EnforcementEvent)
        start = self.moment()
        wanted = self.chance.choice(
            [
                EventUpdate(arrived_at=start, departed_at=start + timedelta(minutes=15)),
                EventUpdate(departed_at=event.arrived_at + timedelta(minutes=self.chance.randrange(60))),
                EventUpdate(kind=self.chance.choice(list(EventKind))),
                EventUpdate(subject=self.chance.choice(["", "dust", "noise"])),
                EventUpdate(officers=self.crew()),
                EventUpdate(departed_at=None),
            ]
        )
        update_event(session, self.actor(session), event.id, wanted)

    def cancel(self, session: Session) -> None:
        event = self.one(session, EnforcementEvent)
        act = restore_event if event.cancelled_at else cancel_event
        act(session, self.actor(session), event.id, "walk")

    def merge(self, session: Session) -> None:
        gone, into = self.one(session, EnforcementEvent), self.one(session, EnforcementEvent)
        if gone.merged_into is not None:
            unmerge_event(session, self.actor(session), gone.id)
        else:
            merge_event(session, self.actor(session), gone.id, into.id)

    # ---- recordings ----

    def film(self, session: Session) -> None:
        """Mostly at an event, with the recorder of somebody."""
        bureau = Field(session, self.known)
        start = self.moment()
        holders: list[int] = []
        if self.chance.random() < 0.8:
            event = self.one(session, EnforcementEvent)
            holders = self.holders(session, event)
            start = event.arrived_at + timedelta(seconds=self.chance.randrange(-120, 600))
        end = start + timedelta(seconds=self.chance.choice([20, 120, 600, 1500]))
        timed = self.chance.random() > 0.05
        serial = f"R-{self.chance.choice(holders or range(self.recorders))}"
        squad, with_recorder = self.chance.choice(["one", "two"]), self.chance.random() < 0.8
        state = self.chance.choice([RecordingState.ready] * 4 + [RecordingState.announced])
        claims = self.claims()
        if timed:
            claims["sidecar"] = {"start": start.isoformat(), "end": end.isoformat()}
        if state == RecordingState.announced:
            claims["announced"] = {"at": start.isoformat(), "by": "station", "facts": {}}
        recording = bureau.recording(
            start if timed else None,
            end if timed else None,
            squad=squad,
            recorder=serial if with_recorder else None,
            claimed_from=start if timed else None,
            state=state,
            received_at=end + timedelta(hours=self.chance.choice([1, 30])),
            claims=claims,
        )
        request_job(session, JobKind.link, recording.id)
        changed(session, Recording, [recording.id], NEW)

    def claims(self) -> Claims:
        """What is said with a recording."""
        return {}

    def refuse(self, session: Session) -> None:
        recording = self.one(session, Recording, Recording.state == RecordingState.ready)
        receipt = Receipt(recording_id=recording.id, store_key="-", size=1)
        session.add(receipt)
        request_job(session, JobKind.link, recording.id)  # as intake does of what was linked
        refuse_mismatch(session, recording, receipt, "0" * 64)

    def probe(self, session: Session) -> None:
        """Its bytes turn out to be unplayable, or to play after all."""
        recording = self.one(
            session, Recording, Recording.state.in_((RecordingState.ready, RecordingState.unplayable))
        )
        if recording.original_id is None:
            probe = Probe(size=1, measured_s=recording.duration_s)
            media = cast(
                MediaFacts,
                {"probe": probe.model_dump(), "verdict": Verdict(outcome="unplayable").model_dump()},
            )
            original = Original(sha256=uuid4().hex * 2, size=1, store_key=str(recording.id), media=media)
            session.add(original)
            session.flush()
            recording.original_id = original.id
            session.add(recording)
        original = session.get_one(Original, recording.original_id)
        original.media_state = MediaState.ready if recording.state == "unplayable" else MediaState.unplayable
        original.measured_duration_s = recording.duration_s
        session.add(original)
        refresh_state(session, original.id)

    def measure(self, session: Session) -> None:
        """Somebody looks where it really has samples, as the back-fill does of what was there before."""
        original = self.one(session, Original)
        of_it = select(Recording.id).where(Recording.original_id == original.id).order_by(Recording.id)
        measured = session.scalars(of_it).all()
        whole = original.measured_duration_s or 600.0
        cut, hole = self.chance.random() * whole, self.chance.choice([0.0, 3.5, 250.0])
        original.stretches = [[0.0, cut], *([[cut + hole, whole]] if cut + hole < whole else [])]
        original.recorded_s = sum(end - start for start, end in original.stretches)
        original.sparse = self.chance.random() < 0.2
        session.add(original)
        changed(session, Recording, measured, {"stretches", "recorded_s", "sparse"})

    def time_lapse(self, session: Session) -> None:
        recorder = self.one(session, Recorder, Recorder.model_id.is_not(None))
        set_time_lapse(session, self.actor(session), recorder.id, self.chance.random() < 0.5)

    def set_clock(self, session: Session) -> None:
        actor = self.actor(session)
        if self.chance.random() < 0.3:
            withdraw_offset(session, actor, self.one(session, ClockOffset).id)
            return
        wanted = ClockOffsetCreate(
            recorder=f"R-{self.chance.randrange(self.recorders)}",
            measured_at=self.moment(),
            offset_s=self.chance.choice([-3600.0, -90.0, 2.0, 45.5, 300.0]),
        )
        add_offset(session, actor, wanted)

    # ---- links ----

    def decide(self, session: Session) -> None:
        act = self.chance.choice([confirm, confirm, reject, undo])
        act(session, self.actor(session), self.one(session, Link).id)

    def cut(self, session: Session) -> None:
        start = self.chance.choice([0.0, 10.0, 60.5])
        part = (start, start + 10.25) if self.chance.random() < 0.8 else (None, None)
        set_part(session, self.actor(session), self.one(session, Link).id, *part)

    def declare(self, session: Session) -> None:
        event = self.one(session, EnforcementEvent).id if self.chance.random() < 0.8 else None
        declare_event(session, self.actor(session), self.one(session, Recording).id, event)

    def make_event(self, session: Session) -> None:
        actor, recording = self.actor(session), self.one(session, Recording)
        wanted = event_from_recording(session, actor, recording.id)
        create_event_from_recording(session, actor, recording.id, wanted)

    # ---- explanations and rules ----

    def explain(self, session: Session) -> None:
        actor = self.actor(session)
        reason = self.chance.choice(list(ExplanationReason))
        with_gaps = select(EventCoverage.event_id).where(
            EventCoverage.gap_count > 0, EventCoverage.basis == Basis.counted
        )
        if self.chance.random() < 0.3:
            ask_exemption(session, actor, self.one(session, EnforcementEvent).id, reason, "why")
            return
        event = self.one(session, EnforcementEvent, EnforcementEvent.id.in_(with_gaps))
        kept = session.get_one(EventCoverage, (event.id, Basis.counted))
        start, end, *_ = self.chance.choice(kept.gaps)
        ask_gap_reason(
            session,
            actor,
            event.id,
            reason,
            "why",
            datetime.fromisoformat(start),
            datetime.fromisoformat(end),
        )

    def answer(self, session: Session) -> None:
        wish = self.one(session, Explanation)
        act = EXPLANATION.reopen if wish.state == "approved" else EXPLANATION.approve
        act(session, self.actor(session, "second"), wish.id)

    def publish(self, session: Session) -> None:
        lines = [
            MatterBase(
                kind=kind,
                subject=subject,
                duty=self.chance.choice([Duty.must, Duty.must, Duty.text_suffices]),
                from_offset_s=self.chance.choice([-60, 0, 30]),
                late_start_s=self.chance.choice([0, 60, 300]),
                gap_s=self.chance.choice([0, 30]),
                upload_hours=self.chance.choice([0, 24]),
            )
            for kind in EventKind
            for subject in ("", "dust")
        ]
        publish(session, self.actor(session), lines, at("00:00").date())


class Nothing(Exception):
    """There is nothing yet that such a step could be about."""


STEPS: dict[str, tuple[Callable[[Walk, Session], None], float]] = {
    "create": (Walk.create, 5), "change": (Walk.change, 6), "cancel": (Walk.cancel, 1), "merge": (Walk.merge, 1),
    "film": (Walk.film, 10), "refuse": (Walk.refuse, 1.5), "probe": (Walk.probe, 4), "measure": (Walk.measure, 4),
    "time_lapse": (Walk.time_lapse, 1), "set_clock": (Walk.set_clock, 4),
    "decide": (Walk.decide, 8), "cut": (Walk.cut, 3), "declare": (Walk.declare, 2),
    "make_event": (Walk.make_event, 1), "explain": (Walk.explain, 4), "answer": (Walk.answer, 4),
    "publish": (Walk.publish, 0.2),
}  # fmt: skip


def differences() -> dict[tuple[UUID, str], tuple[Any, Any]]:
    """Rows as they are kept against what a full recount would write; it writes nothing."""
    found: dict[tuple[UUID, str], tuple[Any, Any]] = {}
    with transaction() as session:
        known, ids = Known.read(session), events_after(session, None, 1_000_000)
        for start in range(0, len(ids), 5000):
            some = ids[start : start + 5000]
            wanted, held = kept_rows(session, known, some), stored_rows(session, some)
            found |= {key: (held.get(key), row) for key, row in wanted.items() if held.get(key) != row}
        count = session.scalar(select(func.count()).select_from(EventCoverage))
    assert count == 2 * len(ids), "as many rows as events and bases"
    return found
