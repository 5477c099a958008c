"""The recount job: batch by batch, each a transaction of its own, begun again by whoever takes over."""

from uuid import UUID

import pytest
from sqlalchemy import func, update
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.coverage import EventCoverage
from schemas.events import EventKind
from schemas.jobs import Job, JobKind, JobState
from schemas.matters import Duty, MatterBase
from service.kernel.database import transaction
from service.kernel.settings import get_settings
from service.registry.matters.actions import publish
from service.supervision.coverage.counting import recount
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.service.finding.linking.field import Field, at
from workers.lease import JobFailed
from workers.stages import recount as stage

EVENTS = 7


@pytest.fixture
def published(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """Events that were counted, and then a list that asks for no recording at all. Three events a batch."""
    assert get_settings().database_url == bureau.env["ZHENGLU_DATABASE_URL"]
    monkeypatch.setattr(stage, "SINGLY", 3)
    with transaction() as session:
        field = Field(session)
        recount(session, [field.event(at("09:00"), at("09:30")).id for _ in range(EVENTS)])
    with transaction() as session:
        actor = Field(session).actor(Role.admin)
        publish(
            session,
            actor,
            [MatterBase(kind=kind, duty=Duty.text_suffices) for kind in EventKind],
            at("00:00").date(),
        )
    return bureau


def not_required() -> int:
    with transaction() as session:
        return session.scalar(
            select(func.count()).select_from(EventCoverage).where(EventCoverage.excluded == "not_required")
        )


def the_job() -> Job:
    with transaction() as session:
        return session.scalars(select(Job).where(Job.kind == JobKind.recount)).one()


def test_a_published_list_changes_what_is_kept_of_every_event(published: Bureau) -> None:
    assert not_required() == 0
    run_all_jobs((JobKind.recount,))
    assert not_required() == 2 * EVENTS
    assert the_job().state == JobState.done


def test_what_a_killed_worker_had_counted_stays_and_the_next_one_finishes(
    published: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[UUID | None] = []

    def dies(session: Session, after: UUID | None) -> list[UUID]:
        if len(batches) == 1:
            raise JobFailed("worker_lost")
        batches.append(after)
        return real(session, after)

    real = stage._batch
    monkeypatch.setattr(stage, "_batch", dies)
    run_all_jobs((JobKind.recount,))
    assert not_required() == 2 * 3
    monkeypatch.setattr(stage, "_batch", real)
    with transaction() as session:
        session.execute(update(Job).where(Job.kind == JobKind.recount).values(not_before=func.now()))
    run_all_jobs((JobKind.recount,))
    assert not_required() == 2 * EVENTS
    assert the_job().state == JobState.done


def test_a_second_list_while_the_first_is_counted_is_counted_too(
    published: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stage._batch
    asked: list[bool] = []

    def publishes(session: Session, after: UUID | None) -> list[UUID]:
        if not asked:
            asked.append(True)
            with transaction() as other:
                actor = Field(other).actor(Role.admin, name="other")
                lines = [MatterBase(kind=kind, duty=Duty.must) for kind in EventKind]
                publish(other, actor, lines, at("00:00").date())
        return real(session, after)

    monkeypatch.setattr(stage, "_batch", publishes)
    run_all_jobs((JobKind.recount,))
    assert not_required() == 0
