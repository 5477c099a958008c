"""What an hour of film costs and what has waited longest: each second counted once, each recording as long as it waits."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from schemas.accounts import Role
from schemas.base import new_id
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind, JobState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.people import Squad
from schemas.recordings import Recording, RecordingState
from service.desk.operations.pace import Pace, Wait, pace, waits
from service.kernel.actor import Actor
from service.kernel.clock import now
from tests.fixtures.jobs import Bureau

OPERATOR = Actor(new_id(), "operator", Role.admin, None)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Work:
    """Rows as the workers leave them."""

    def __init__(self, session: Session, squad_id: UUID) -> None:
        self.session, self.squad_id, self.at = session, squad_id, now()

    def recording(self, film_s: float, state: str = "ready", received: float = 0, **more: Any) -> Recording:
        """`received`: hours ago."""
        original = more.pop("original", None) or Original(
            sha256=new_id().hex * 2, size=1, store_key=f"originals/{new_id()}", recorded_s=film_s
        )
        self.session.add(original)
        self.session.flush()
        recording = Recording(
            squad_id=more.pop("squad_id", self.squad_id),
            original_id=original.id,
            state=RecordingState(state),
            received_at=self.ago(received),
            **more,
        )
        self.session.add(recording)
        self.session.flush()
        return recording

    def ago(self, hours: float) -> datetime:
        return self.at - timedelta(hours=hours)

    def attempt(
        self, kind: JobKind, subject: UUID | None, ended: float, took: float, cpu_s: float | None, **more: Any
    ) -> None:
        """`ended`: hours ago; `took`: hours."""
        job = Job(kind=kind, subject_id=subject or new_id(), queue="light", state=JobState.done, satisfied=1)
        job = more.pop("job", job)
        self.session.add(job)
        self.session.flush()
        self.session.add(
            JobAttempt(
                job_id=job.id,
                attempt=more.pop("attempt", 1),
                worker=more.pop("worker", "a:1"),
                outcome=more.pop("outcome", AttemptOutcome.done),
                started_at=self.ago(ended + took),
                ended_at=self.ago(ended),
                cpu_s=cpu_s,
            )
        )
        self.session.flush()


@pytest.fixture
def work(session: Session) -> Work:
    squad = Squad(code="p", name="p")
    session.add(squad)
    session.flush()
    return Work(session, squad.id)


def costs(found: Pace) -> dict[str, tuple[int, float, float]]:
    return {stage.kind: (stage.attempts, stage.cpu_s, stage.film_s) for stage in found.stages}


def test_each_stage_costs_what_all_its_attempts_took_for_film_that_counts_once(work: Work) -> None:
    one, two = work.recording(3600), work.recording(1800)
    for recording in (one, two):
        work.attempt(JobKind.intake, recording.id, 1, 0.1, 20)
    job = Job(kind=JobKind.renditions, subject_id=one.original_id, queue="encode", state=JobState.done)
    for number, outcome in enumerate((AttemptOutcome.retry, AttemptOutcome.lost, AttemptOutcome.done), 1):
        work.attempt(
            JobKind.renditions, None, 1, 0.1, 600, job=job, attempt=number, outcome=outcome
        )  # fmt: skip
    found = pace(work.session, DAY)
    assert costs(found) == {"intake": (2, 40, 5400), "renditions": (3, 1800, 3600)}
    assert found.film_s == 5400 and found.cpu_s == 1840
    assert {stage.kind: stage.cpu_s_per_film_hour for stage in found.stages}[JobKind.renditions] == 1800
    assert found.cpu_s_per_film_hour == pytest.approx(1840 / 1.5)


def test_recordings_that_share_their_bytes_share_their_film(work: Work) -> None:
    one = work.recording(3600)
    other = Squad(code="q", name="q")
    work.session.add(other)
    work.session.flush()
    twin = work.recording(3600, original=work.session.get_one(Original, one.original_id), squad_id=other.id)
    for recording in (one, twin):
        work.attempt(JobKind.intake, recording.id, 1, 0.1, 20)
    assert costs(pace(work.session, DAY)) == {"intake": (2, 40, 3600)}


def test_work_on_no_film_costs_and_makes_no_hour(work: Work) -> None:
    work.attempt(JobKind.recount, None, 1, 0.1, 50)
    found = pace(work.session, DAY)
    assert costs(found) == {"recount": (1, 50, 0)}
    assert (found.film_s, found.cpu_s, found.cpu_s_per_film_hour) == (0, 50, None)
    assert found.stages[0].cpu_s_per_film_hour is None


def test_a_machine_is_at_work_once_however_many_of_its_processes_are(work: Work) -> None:
    recording = work.recording(7200)
    work.attempt(JobKind.intake, recording.id, 1, 1, 20, worker="a:1")
    work.attempt(JobKind.walk, recording.original_id, 1.5, 1, 20, worker="a:22")  # half of it beside
    work.attempt(JobKind.tags, recording.id, 4, 0.5, 20, worker="a:1")  # apart
    work.attempt(JobKind.link, recording.id, 1, 0.5, 20, worker="b:3")  # another machine
    found = pace(work.session, DAY)
    assert found.machine_s == pytest.approx((1.5 + 0.5 + 0.5) * 3600)
    assert found.film_hours_per_machine_hour == pytest.approx(2 / 2.5)


def test_what_ended_before_the_period_is_not_counted_and_what_began_before_it_only_within(work: Work) -> None:
    recording = work.recording(3600)
    work.attempt(JobKind.intake, recording.id, 23, 2, 20)
    work.attempt(JobKind.walk, recording.original_id, 25, 1, 20)
    assert pace(work.session, DAY).machine_s == pytest.approx(3600, abs=60)
    assert set(costs(pace(work.session, DAY))) == {"intake"}
    assert set(costs(pace(work.session, WEEK))) == {"intake", "walk"}
    assert pace(work.session, WEEK).machine_s == pytest.approx(3 * 3600)


def test_attempts_that_do_not_say_what_they_cost_make_no_hour_cheaper(work: Work) -> None:
    told, untold = work.recording(3600), work.recording(3600)
    work.attempt(JobKind.intake, told.id, 1, 0.1, 20)
    work.attempt(JobKind.intake, untold.id, 1, 0.1, None)
    assert costs(pace(work.session, DAY)) == {"intake": (1, 20, 3600)}


def test_a_clock_that_was_set_back_breaks_nothing(work: Work) -> None:
    work.attempt(JobKind.intake, work.recording(3600).id, 1, -0.5, 20)
    assert pace(work.session, DAY).machine_s == 0
    assert pace(work.session, DAY).film_hours_per_machine_hour is None


def waiting(work: Work, actor: Actor = OPERATOR) -> dict[str, Wait]:
    return {wait.what: wait for wait in waits(work.session, actor)}


def test_the_oldest_is_named_for_each_thing_that_it_waits_for(work: Work) -> None:
    plays = work.recording(60, "processing", received=5)
    work.session.add(
        Rendition(
            original_id=plays.original_id, kind=RenditionKind.playback, content_type="video/mp4", attempt=1
        )
    )
    bare = work.recording(60, "processing", received=3)
    gone = work.recording(60, "processing", received=9, merged_into=bare.id)
    done = work.recording(60, "ready", received=8)
    work.recording(60, "refused", received=7)
    for recording in (plays, done):
        work.session.add(
            Job(kind=JobKind.link, subject_id=recording.id, queue="light", state=JobState.done, satisfied=1)
        )
    work.session.flush()
    found = waiting(work)
    assert [(what, one.count, one.oldest and one.oldest.id) for what, one in found.items()] == [
        ("looks", 2, plays.id),
        ("playable", 1, bare.id),
        ("link", 1, bare.id),
    ]
    assert found["looks"].age_s == pytest.approx(5 * 3600, abs=60)
    assert gone.id != plays.id


@pytest.mark.parametrize(
    ("state", "satisfied", "waits_on"),
    [
        (JobState.queued, 0, True),
        (JobState.running, 0, True),
        (JobState.queued, 1, False),  # linked before, and looked at again
        (JobState.failed, 1, False),  # says so itself
        (JobState.done, 1, False),
    ],
)
def test_a_recording_waits_for_its_links_until_the_rules_have_looked_once(
    work: Work, state: JobState, satisfied: int, waits_on: bool
) -> None:
    recording = work.recording(60, "ready", received=2)
    work.session.add(
        Job(kind=JobKind.link, subject_id=recording.id, queue="light", state=state, satisfied=satisfied)
    )
    work.session.flush()
    assert (waiting(work)["link"].count == 1) is waits_on


def test_nothing_waits_in_an_installation_that_keeps_up(work: Work) -> None:
    work.recording(60, "ready")
    assert all(one.count == 0 and one.oldest is None and one.age_s is None for one in waiting(work).values())


def test_a_squad_is_told_of_its_own_recordings_only(bureau: Bureau) -> None:
    theirs, mine = bureau.receive(b"theirs", squad="2", name="theirs.mp4"), bureau.receive(b"mine")
    assert theirs != mine
    with bureau.session() as session:
        found = waits(session, bureau.actor("1"))
        assert {(one.count, one.oldest and one.oldest.id) for one in found} == {(1, mine)}
