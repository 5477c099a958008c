"""Who decides about links and who works on jobs never wait for each other in a ring."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from schemas.accounts import Role
from schemas.jobs import JobKind
from schemas.links import Link
from schemas.originals import Original
from service.finding.linking.actions import HURRIED, confirm, link_recording
from service.finding.linking.recognise import recognise
from service.kernel.actor import Actor
from service.kernel.jobs import request_job
from tests.service.finding.linking.field import Field, at

HOLD = text("SELECT id FROM jobs WHERE kind = ANY(CAST(:kinds AS text[])) FOR UPDATE")
LOCKS = text("SELECT count(*) FROM pg_locks WHERE pid = :pid AND locktype = 'advisory' AND granted")


@pytest.fixture
def field(clean_engine: Engine) -> Iterator[Field]:
    """One linked recording that claims a recorder which was entered just now: its jobs wait."""
    with Session(clean_engine, expire_on_commit=False) as session:
        bureau = Field(session)
        bureau.event(at("09:00"), at("09:12"), ("012",))
        original = Original(sha256="0" * 64, size=1, store_key="originals/1")
        session.add(original)
        session.flush()
        recording = bureau.recording(
            at("09:00"), at("09:10"), officer="012", original_id=original.id, claims={"recorder": "R-07"}
        )
        link_recording(session, recording.id)
        for kind in (JobKind.tags, JobKind.link):
            request_job(session, kind, recording.id)
        for kind in HURRIED:
            request_job(session, kind, original.id)
        bureau.recorder("R-07")
        bureau.known["the", "recording"] = recording
        session.commit()
        yield bureau


def _impatient(engine: Engine) -> Session:
    session = Session(engine, expire_on_commit=False)
    session.execute(text("SET LOCAL lock_timeout = '300ms'"))
    return session


def _parts(field: Field) -> tuple[Link, Actor]:
    recording = field.known["the", "recording"]
    return field.links(recording.id)[0], field.actor(Role.reviewer)


def test_a_person_s_decision_waits_for_no_link_or_tags_job(clean_engine: Engine, field: Field) -> None:
    link, actor = _parts(field)
    field.session.commit()
    with Session(clean_engine) as worker, _impatient(clean_engine) as person:
        worker.execute(HOLD, {"kinds": ["link", "tags"]})
        assert confirm(person, actor, link.id).decided_by == actor.account_id
        person.commit()


@pytest.mark.parametrize("kind", HURRIED)
def test_a_person_who_waits_for_a_job_of_the_original_keeps_nobody_waiting(
    clean_engine: Engine, field: Field, kind: JobKind
) -> None:
    link, actor = _parts(field)
    field.session.commit()
    with Session(clean_engine) as worker, _impatient(clean_engine) as person:
        pid = person.scalar(text("SELECT pg_backend_pid()"))
        worker.execute(HOLD, {"kinds": [kind]})
        with pytest.raises(OperationalError):
            confirm(person, actor, link.id)
        later = [one for one in HURRIED if HURRIED.index(one) > HURRIED.index(kind)]
        worker.execute(
            text(f"{HOLD.text} NOWAIT"), {"kinds": later}
        )  # whoever holds the first goes on to them
        assert worker.scalar(LOCKS, {"pid": pid}) == 0  # of an aborted transaction they would still be there
        worker.execute(text("SELECT id FROM recordings FOR UPDATE NOWAIT"))


def test_links_are_kept_without_the_tags_job_and_recorders_recognised_without_the_link_job(
    clean_engine: Engine, field: Field
) -> None:
    recording = field.known["the", "recording"]
    with Session(clean_engine) as worker, _impatient(clean_engine) as other:
        worker.execute(HOLD, {"kinds": ["tags"]})
        link_recording(other, recording.id)
        other.commit()
    with Session(clean_engine) as worker, _impatient(clean_engine) as other:
        worker.execute(HOLD, {"kinds": ["link"]})
        recognise(other, [recording.id])
        other.commit()
    field.session.refresh(recording)
    assert recording.recorder_id == field.recorder("R-07").id
