"""What the schedule could not clear up, and how its duties fare: for the page of queues."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.jobs import Job
from schemas.recordings import Receipt, Recording
from schemas.sweeps import DutyState, SetAside
from schemas.uploads import Upload
from service.access.actions import require
from service.access.queries import squad_scope, visible_recordings
from service.desk.operations import acts
from service.kernel.actor import Actor
from service.kernel.custody import record
from service.kernel.errors import NotFound

MOST = 200


@dataclass(frozen=True)
class Item:
    """`file_name`, `squad_id`, `recording_id`: as far as it is about one file. `held_at`: left alone since then; None: it
    is still tried."""

    duty: str
    subject_id: UUID
    tries: int
    problem: str
    first_failed_at: datetime
    held_at: datetime | None
    file_name: str = ""
    squad_id: UUID | None = None
    recording_id: UUID | None = None


def items(session: Session, actor: Actor) -> list[Item]:
    """The longest set aside first; of a squad only what is about its own files."""
    rows = session.scalars(
        select(SetAside).order_by(SetAside.held_at.nulls_last(), SetAside.first_failed_at).limit(MOST)
    ).all()
    files = _files(session, actor, [row.subject_id for row in rows])
    scope = squad_scope(actor)
    found = []
    for row in rows:
        name, squad_id, recording_id = files.get(row.subject_id, ("", None, None))
        if scope is None or squad_id in scope:
            found.append(
                Item(
                    row.duty, row.subject_id, row.tries, row.problem, row.first_failed_at, row.held_at,
                    name, squad_id, recording_id,
                )
            )  # fmt: skip
    return found


def try_again(session: Session, actor: Actor, duty: str, subject_id: UUID) -> None:
    require(actor, "retry_jobs")
    item = next(
        (one for one in items(session, actor) if (one.duty, one.subject_id) == (duty, subject_id)), None
    )
    row = session.get(SetAside, (duty, subject_id), with_for_update=True)
    if item is None or row is None:
        raise NotFound
    session.delete(row)
    record(
        session, actor, acts.RETRY_JOB, "set_aside", subject_id, squad_id=item.squad_id,
        duty=duty, tries=item.tries, problem=item.problem,
    )  # fmt: skip


def duties(session: Session) -> list[DutyState]:
    """Those that fail first."""
    return list(
        session.scalars(select(DutyState).order_by(DutyState.failing_since.nulls_last(), DutyState.name))
    )


File = tuple[str, UUID | None, UUID | None]


def _files(session: Session, actor: Actor, ids: list[UUID]) -> dict[UUID, File]:
    """By the id of what was set aside: name, squad and recording of the file that it is about."""
    if not ids:
        return {}
    found: dict[UUID, File] = {
        id_: (name, squad_id, recording_id)
        for id_, name, squad_id, recording_id in session.execute(
            select(Upload.id, Upload.file_name, Upload.squad_id, Upload.recording_id).where(
                Upload.id.in_(ids)
            )
        )
    }
    mine = visible_recordings(actor)
    of: tuple[tuple[Any, Select], ...] = (
        (Receipt.id, mine.join(Receipt, Receipt.recording_id == Recording.id)),
        (Job.id, mine.join(Job, Job.subject_id == Recording.original_id)),
        (Recording.original_id, mine),
    )
    for id_, statement in of:
        shown = statement.with_only_columns(id_, Recording.file_name, Recording.squad_id, Recording.id)
        for subject, name, squad_id, recording_id in session.execute(shown.where(id_.in_(ids))):
            found.setdefault(subject, (name, squad_id, recording_id))
    return found
