"""What a file may cost in all: the stages bound each attempt, and this bounds their sum."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import Session

from schemas.base import new_id
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind, JobState
from schemas.originals import MediaState, Original
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from tests.fixtures.jobs import Bureau
from workers import runner
from workers.allowed import ALLOWED, of_a_file_s
from workers.lease import UNKNOWN_S, Lease, left_of_its_file_s, take
from workers.stages.bytes_at_hand import sandbox_for

HOUR = 3600
SMALL, FILM = 263_000, 4 * HOUR * 500_000


def test_a_small_file_has_two_minutes_in_all_whatever_it_claims() -> None:
    """The files of gigabytes and hours, as they came: 534 bytes to 263 kB."""
    for size in (534, 13_600, 72_000, 126_000, SMALL):
        assert of_a_file_s(size, 43_000, 0) <= 120


@given(st.integers(0, 2**42), st.floats(0, 10**6), st.integers(0, 10**9))
def test_more_bytes_or_film_never_have_less_and_any_file_has_what_its_dearest_stage_has(
    size: int, film_s: float, pictures: int
) -> None:
    mine = of_a_file_s(size, film_s, pictures)
    assert mine <= of_a_file_s(size + 1, film_s + 1, pictures + 1)
    assert all(mine >= one.cpu_s(size, film_s, pictures) for one in ALLOWED.values())


@pytest.mark.parametrize(
    ("bytes_a_second", "cost"), [(8_000, 0.1), (25_000, 1.0), (500_000, 3.0), (2_000_000, 4.0)]
)
def test_a_sound_film_of_four_hours_is_made_twice_over(bytes_a_second: int, cost: float) -> None:
    """`cost`: seconds of the processor that a second of it takes, all stages together: sound, a still yard, 1080p."""
    assert of_a_file_s(4 * HOUR * bytes_a_second, 4 * HOUR, 0) > 2 * 4 * HOUR * cost


class Stage:
    def __init__(self) -> None:
        self.ran, self.told = 0, list[tuple[str, dict[str, Any]]]()

    def run(self, held: Lease) -> None:
        self.ran += 1
        held.finish()

    def failed(self, session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
        self.told.append((reason, params))


@pytest.fixture
def original(bureau: Bureau) -> Callable[..., UUID]:
    def make(size: int = SMALL, **facts: Any) -> UUID:
        with transaction() as session:
            row = Original(
                sha256=new_id().hex * 2,
                size=size,
                store_key=str(new_id()),
                media_state=MediaState.ready,
                **facts,
            )
            session.add(row)
            session.flush()
            return row.id

    return make


def spent(
    subject: UUID,
    kind: JobKind,
    *costs: float | None,
    wished: timedelta = timedelta(hours=1),
    wall_s: float = 1e4,
) -> None:
    """Attempts at a wish of so long ago; None: it cannot say what it took."""
    with transaction() as session:
        asked = now() - wished
        job = Job(
            kind=kind, subject_id=subject, queue="light", state=JobState.done, requested_at=asked, satisfied=1,
            attempt=len(costs),
        )  # fmt: skip
        session.add(job)
        session.flush()
        for number, cost in enumerate(costs, 1):
            begun = asked + timedelta(minutes=number)
            session.add(
                JobAttempt(
                    job_id=job.id, attempt=number, worker="w", cpu_s=cost, started_at=begun,
                    outcome=AttemptOutcome.lost if cost is None else AttemptOutcome.retry,
                    ended_at=begun + timedelta(seconds=wall_s),
                )
            )  # fmt: skip


def left(subject: UUID, kind: JobKind = JobKind.clock) -> float:
    with transaction() as session:
        job_id = request_job(session, kind, subject)
    held = take(job_id, "here")
    assert held is not None
    found = left_of_its_file_s(held)
    held.finish()
    return found


def test_a_file_that_spent_it_in_several_stages_and_tries_ends_with_its_reason(
    original: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, file = Stage(), original()
    monkeypatch.setitem(runner.STAGES, JobKind.clock, stage)
    for kind, costs in (
        (JobKind.playable, (19.0,)),
        (JobKind.walk, (14.0, 14.0)),
        (JobKind.renditions, (20.0, 20.0)),
    ):
        spent(file, kind, *costs)
    with transaction() as session:
        job_id = request_job(session, JobKind.clock, file)
    runner.run_job(job_id, "here")
    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert (job.state, job.reason, job.attempt) == (JobState.failed, "limit_exceeded", 1)
    assert stage.ran == 0 and stage.told == [("limit_exceeded", {"limit": "all_cpu_time"})]


def test_what_is_left_of_a_file_is_what_its_next_run_has(original: Callable[..., UUID]) -> None:
    file = original()
    spent(file, JobKind.walk, 70.0)
    with transaction() as session:
        job_id = request_job(session, JobKind.clock, file)
    held = take(job_id, "here")
    assert held is not None
    held.left_s = left_of_its_file_s(held)
    assert 0 < held.left_s < 6
    allowance = sandbox_for(held, SMALL).allowance
    assert allowance is not None and allowance.cpu_s == held.left_s


def test_a_film_of_hours_goes_on_where_a_small_file_would_not(original: Callable[..., UUID]) -> None:
    film = original(FILM, measured_duration_s=4.0 * HOUR)
    spent(film, JobKind.renditions, 20_000.0, 20_000.0)
    assert left(film) > 4 * HOUR
    # one whose bytes are few and whose pictures are many has what these take
    still = original(
        10_000_000, measured_duration_s=4.0 * HOUR,
        media={"probe": {"streams": [{"kind": "video", "samples": 360_000}, {"kind": "audio", "samples": 10**9}]}},
    )  # fmt: skip
    assert left(still) == pytest.approx(of_a_file_s(10_000_000, 4 * HOUR, 250_000))
    assert left(still) > 30_000


def test_a_wish_anew_and_the_day_after_begin_again(original: Callable[..., UUID]) -> None:
    file = original()
    spent(file, JobKind.walk, 500.0, wished=timedelta(hours=25))
    assert left(file) > 70
    spent(file, JobKind.playable, 500.0)
    assert left(file, JobKind.renditions) < 0
    with transaction() as session:
        request_job(session, JobKind.playable, file)
    assert left(file, JobKind.tags) > 70


def test_a_clock_that_was_put_back_holds_nothing_of_the_future_against_a_file(
    original: Callable[..., UUID],
) -> None:
    file = original()
    spent(file, JobKind.walk, 500.0, wished=-timedelta(hours=2))
    assert left(file) > 70


def test_a_worker_that_went_away_costs_its_file_little(original: Callable[..., UUID]) -> None:
    """Workers killed five times with all that they did: what nobody knows is not held against the file."""
    file = original()
    whole = left(file)
    for kind in (JobKind.playable, JobKind.walk, JobKind.renditions):
        spent(file, kind, *[None] * 5, wall_s=9 * HOUR)
    assert whole - left(file, JobKind.tags) == pytest.approx(15 * UNKNOWN_S, abs=3)
    other = original()
    spent(other, JobKind.walk, None, wall_s=1.0)
    assert left(other, JobKind.tags) == pytest.approx(whole - 1, abs=0.5)


def test_what_runs_beside_is_not_counted_by_the_clock(original: Callable[..., UUID]) -> None:
    file = original()
    whole = left(file)
    spent(file, JobKind.walk, None, wall_s=9 * HOUR)
    with transaction() as session:
        session.execute(update(JobAttempt).values(outcome=AttemptOutcome.running, ended_at=None))
    assert left(file, JobKind.tags) == pytest.approx(whole, abs=0.5)


def test_intake_and_tags_of_the_recording_that_brought_it_count_and_other_arrivals_do_not(
    bureau: Bureau,
) -> None:
    first = bureau.receive(b"x" * SMALL)
    spent_before = left(first, JobKind.tags)  # of bytes that nobody has looked at yet
    with transaction() as session:
        job_id = request_job(session, JobKind.intake, first)
    held = take(job_id, "here")
    assert held is not None and left_of_its_file_s(held) == pytest.approx(spent_before, abs=1)
    assert spent_before >= 75
    spent(first, JobKind.playable, 1000.0)
    assert left_of_its_file_s(held) < 0
    second = bureau.receive(b"x" * SMALL)
    assert left(second, JobKind.tags) >= 75
