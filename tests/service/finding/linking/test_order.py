"""The same field, told in any order through the real actions, gives the same links."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from schemas.accounts import Role
from schemas.cases import CaseCreate
from schemas.clocks import ClockOffsetCreate
from schemas.events import EnforcementEvent, EventCreate, EventKind, EventUpdate
from schemas.jobs import Job, JobKind, JobState
from schemas.people import OfficerCreate
from schemas.recorders import AssignmentCreate, RecorderCreate
from service.finding.linking.actions import link_recording
from service.finding.linking.neighbours import tell_neighbours
from service.finding.linking.recognise import recognise
from service.kernel.actor import Actor
from service.kernel.changes import settle
from service.kernel.jobs import request_job
from service.registry.cases.actions import create_case
from service.registry.clocks.actions import add_offset
from service.registry.events.actions import create_event, update_event
from service.registry.people.actions import create_officer
from service.registry.recorders.actions import create_assignment, create_recorder, update_assignment
from service.registry.recorders.updates import AssignmentUpdate
from tests.service.finding.linking.field import Field, at

Step = Callable[[], object]


def run_link_jobs(bureau: Field) -> int:
    """What the worker does with `link` jobs (workers.stages.link), in a random order."""
    settle(bureau.session)
    waiting = select(Job).where(Job.kind == JobKind.link, Job.state == JobState.queued)
    jobs = bureau.session.scalars(waiting.execution_options(populate_existing=True)).all()
    for job in random.sample(list(jobs), len(jobs)):
        bureau.session.execute(update(Job).where(Job.id == job.id).values(state=JobState.done))
        recognise(bureau.session, [job.subject_id])
        link_recording(bureau.session, job.subject_id)
        tell_neighbours(bureau.session, [job.subject_id])
    return len(jobs)


def history(bureau: Field, actor: Actor) -> list[list[Step]]:
    """Chains of steps: each in its own order, the chains mixed at will."""
    session = bureau.session

    def event(name: str, start: str, end: str, officers: list[str], **more: Any) -> EnforcementEvent:
        wanted = EventCreate(
            external_id=name,
            title=name,
            kind=EventKind.inspection,
            arrived_at=at(start),
            departed_at=at(end),
            squad="one",
            officers=officers,
            **more,
        )
        return create_event(session, actor, wanted)

    def change(name: str, **values: Any) -> None:
        found = session.scalars(select(EnforcementEvent).where(EnforcementEvent.external_id == name)).one()
        update_event(session, actor, found.id, EventUpdate(**values))

    def arrive(name: str, start: str, minutes: float, **more: Any) -> None:
        recording = bureau.recording(
            at(start), at(start) + timedelta(minutes=minutes), file_name=name, **more
        )
        request_job(session, JobKind.link, recording.id)

    def hold() -> None:
        made = create_assignment(
            session,
            actor,
            AssignmentCreate(recorder="R-07", officer="012", held_from=at("13:00"), held_to=at("14:00")),
        )
        bureau.known["made", "assignment"] = made

    def take(officer: str, start: str, *, hand_over: bool = False) -> Step:
        wanted = AssignmentCreate(recorder="R-10", officer=officer, held_from=at(start), hand_over=hand_over)
        return _after_people(lambda: create_assignment(session, actor, wanted), "R-10")

    def mend() -> None:
        made = bureau.known["made", "assignment"]
        wanted = AssignmentUpdate(held_from=at("08:10"), held_to=at("12:05"))
        update_assignment(session, actor, made.id, wanted)

    def people() -> None:
        for number in ("012", "013", "014"):
            create_officer(session, actor, OfficerCreate(certificate_no=number, name=number, squad="one"))

    def late_officer() -> None:
        create_officer(session, actor, OfficerCreate(certificate_no="020", name="020", squad="one"))

    def clock() -> None:
        add_offset(
            session,
            actor,
            ClockOffsetCreate(recorder="R-09", measured_at=at("17:00"), offset_s=900.0, doubt_s=1.0),
        )

    def recorder(serial: str) -> Step:
        return lambda: create_recorder(session, actor, RecorderCreate(serial=serial, squad="one"))

    case = CaseCreate(number="蓉城管罚〔2024〕5号", squad="one")
    return [
        [
            people,
            lambda: event("moved", "15:00", "15:20", ["012", "013"]),
            lambda: change("moved", arrived_at=at("09:00"), departed_at=at("09:20")),
        ],
        [recorder("R-07")],
        [recorder("R-08")],
        [recorder("R-09"), clock],
        [
            lambda: event("cancelled", "10:00", "10:30", []),
            lambda: change("cancelled", cancelled=True, reason="-"),
        ],
        [lambda: event("alone", "11:00", "11:30", []), lambda: change("alone", title="renamed")],
        [late_officer],
        [lambda: create_case(session, actor, case)],
        [lambda: arrive("held.mp4", "09:01", 18, claims={"recorder": "R-07"})],
        [lambda: arrive("declared.mp4", "10:02", 10, claims={"event": "alone"})],
        [lambda: arrive("cased.mp4", "17:00", 10, claims={"file_name": {"case": "蓉城管罚[2024]第005号"}})],
        [lambda: arrive("named.mp4", "11:02", 20, claims={"officer": "020"})],
        [lambda: arrive("partner.mp4", "09:30", 20, claims={"officer": "020"})],
        [_after_people(hold), _after_people(mend)],
        # two files of one act: only the first says who filmed it, nobody knows who held the recorder
        [lambda: arrive("head.mp4", "14:00", 10, claims={"recorder": "R-08", "officer": "013"})],
        [lambda: arrive("rest.mp4", "14:10:01", 10, claims={"recorder": "R-08"})],
        # a quarter of an hour fast, as a measurement says
        [lambda: arrive("fast.mp4", "16:00", 15, claims={"recorder": "R-09", "officer": "014"})],
        # handed over at six by 012, who was at the event, to 013, who was not
        [recorder("R-10")],
        [take("012", "08:00")],
        [take("013", "18:00", hand_over=True)],
        [lambda: arrive("handed.mp4", "18:31", 14, claims={"recorder": "R-10"})],
        [_after_people(lambda: event("evening", "18:30", "18:46", ["012"]))],
        [_after_people(lambda: event("afternoon", "14:01", "14:21", ["013"]))],
        [_after_people(lambda: event("quarter", "15:44", "15:59", ["014"]))],
    ]


def _after_people(step: Step, serial: str = "R-07") -> Step:
    step.needs = ("012", serial)  # type: ignore[attr-defined]  # functions hold what they are given
    return step


def mixed(chains: list[list[Step]], chance: random.Random, ready: Callable[[Step], bool]) -> Iterator[Step]:
    left = [list(chain) for chain in chains]
    while any(left):
        possible = [chain for chain in left if chain and ready(chain[0])]
        yield chance.choice(possible).pop(0)


def outcome(bureau: Field) -> set[tuple]:
    from schemas.cases import Case
    from schemas.links import Link
    from schemas.recordings import Recording

    rows = bureau.session.execute(
        select(
            Recording.file_name, EnforcementEvent.external_id, Case.number, Link.state, Link.score,
            Link.reasons, Link.part_from, Link.part_to,
        )
        .join(Link, Link.recording_id == Recording.id)
        .outerjoin(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .outerjoin(Case, Case.id == Link.case_id)
    )  # fmt: skip
    return {tuple(str(value) for value in row) for row in rows}


@pytest.mark.timeout(300)
def test_shuffled_histories_end_with_the_same_links(bureau: Field) -> None:
    bureau.squad("one")
    actor = bureau.actor(Role.admin)
    known = dict(bureau.known)
    outcomes = []
    for seed in range(8):
        chance = random.Random(seed)
        inside = bureau.session.begin_nested()
        bureau.known = dict(known)

        def ready(step: Step) -> bool:
            from schemas.people import Officer
            from schemas.recorders import Recorder

            if not hasattr(step, "needs"):
                return True
            number, serial = step.needs
            has_officer = bureau.session.scalars(
                select(Officer).where(Officer.certificate_no == number)
            ).first()
            has_recorder = bureau.session.scalars(select(Recorder).where(Recorder.serial == serial)).first()
            return has_officer is not None and has_recorder is not None

        for step in mixed(history(bureau, actor), chance, ready):
            step()
            if chance.random() < 0.5:
                run_link_jobs(bureau)
        # a job may ask for others, those of the neighbouring files; that comes to an end
        assert any(run_link_jobs(bureau) == 0 for _ in range(8))
        outcomes.append(outcome(bureau))
        inside.rollback()
        bureau.session.expire_all()
    assert all(one == outcomes[0] for one in outcomes), outcomes
    named = {(row[0], row[1], row[3]) for row in outcomes[0]}
    assert ("held.mp4", "moved", "automatic") in named
    assert ("cased.mp4", "None", "automatic") in named
    assert ("rest.mp4", "afternoon", "automatic") in named
    assert ("fast.mp4", "quarter", "automatic") in named
    assert ("handed.mp4", "evening", "automatic") not in named
    assert not any(row[1] == "cancelled" for row in outcomes[0])


@pytest.mark.parametrize("told_first", ["event", "recording"])
def test_a_file_without_time_is_told_of_the_holders_event_in_another_squad(
    bureau: Field, told_first: str
) -> None:
    """Its recorder is its own squad's, and was in the hands of an officer of the other one."""
    actor, file = bureau.actor(Role.admin), {"squad": "two", "recorder": "R-3"}
    bureau.recorder("R-3", "two")
    bureau.officer("002", "one")
    bureau.hold("R-3", "002", at("08:00"))

    def event() -> None:
        wanted = EventCreate(
            title="检查", kind=EventKind.inspection, squad="one", officers=["002"],
            arrived_at=at("10:00"), departed_at=at("11:00"),
        )  # fmt: skip
        create_event(bureau.session, actor, wanted)

    def recording() -> None:
        made = bureau.recording(None, None, received_at=at("15:00"), file_name="untimed.mp4", **file)
        request_job(bureau.session, JobKind.link, made.id)

    steps = [event, recording] if told_first == "event" else [recording, event]
    for step in steps:
        step()
        run_link_jobs(bureau)
    [(name, *_where, state, _score, _reasons, _from, _to)] = outcome(bureau)
    assert (name, state) == ("untimed.mp4", "offered")
