"""/api/v1/announcements: what stations list before the bytes come."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import Session, SQLModel

from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.dependencies import AnyActor, CurrentActor
from service.access.gate import Gate, needs
from service.access.queries import visible_recorders
from service.footage.announcements import actions
from service.footage.announcements.errors import NotAnnounced, NotWithdrawn
from service.footage.announcements.importers import AnnouncementImporter, AnnouncementsReport
from service.footage.announcements.lists import GONE
from service.footage.announcements.queries import list_announced
from service.footage.announcements.rules import facts_of
from service.kernel.actor import Actor
from service.kernel.asked_times import WrittenTime
from service.kernel.clock import now
from service.kernel.contract import Page, Reason, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.keys import known
from service.registry.conventions.rules import moment_of
from service.registry.importing.routes import IN_BACKGROUND, DryRun, ImportBody, import_rows
from service.registry.people.queries import squad_of

router = APIRouter(prefix="/api/v1/announcements", tags=["announcements"], route_class=Gate)


class Announcement(SQLModel):
    """`late`: its deadline has passed. `gone_at`: since when a later list of the device no longer names it."""

    id: UUID
    squad_id: UUID
    state: str
    file_name: str
    file_id: str | None
    recorder_id: UUID | None
    recorder: str | None
    officer_id: UUID | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    size: int | None
    announced_at: datetime | None
    due_at: datetime | None
    late: bool
    gone_at: datetime | None


class AnnouncementPage(Page[Announcement]):
    as_of: datetime


def announcement(recording: Recording, as_of: datetime) -> Announcement:
    facts = facts_of(recording.claims)
    return Announcement(
        **{
            name: getattr(recording, name)
            for name in Announcement.model_fields
            if name in Recording.model_fields
        },
        file_id=recording.device_file_id or facts.get("file_id"),
        recorder=facts.get("recorder"),
        size=facts.get("size"),
        late=recording.due_at is not None and recording.due_at < as_of,
        gone_at=moment_of((recording.claims.get("announced") or {}).get(GONE)),
    )


@router.get("")
def list_announcements(
    actor: CurrentActor,
    session: DatabaseSession,
    squad: str = "",
    late: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> AnnouncementPage:
    """The first to turn late comes first. `late`: only those whose deadline has passed."""
    as_of = now()
    found = list_announced(
        session,
        actor,
        squad_id=squad_of(session, actor, squad).id if squad else None,
        late_at=as_of if late else None,
        cursor=cursor,
        limit=limit,
    )
    return AnnouncementPage(
        items=[announcement(one, as_of) for one in found.items], next=found.next, as_of=as_of
    )


@router.post("/import", responses=IN_BACKGROUND)
@raises(NotAllowed)
@needs(actions.require_may_announce)
def import_announcements(
    actor: AnyActor,
    session: DatabaseSession,
    body: ImportBody,
    request: Request,
    squad: str = "",
    recorder: Annotated[str, Query(description="Of a list whose rows do not name it, or that is empty")] = "",
    collected_at: Annotated[WrittenTime | None, Query(description="When the station read the device")] = None,
    complete: Annotated[bool, Query(description="False for a part of a list")] = True,
    dry_run: DryRun = False,
) -> AnnouncementsReport:
    """What is on the devices, as JSON, CSV, XLSX or XLS. The same list again changes nothing; what a complete list no
    longer names is not deleted, it is said to be gone from the device."""
    actions.require_may_announce(actor)
    moment = min(collected_at, now()) if collected_at else now()
    asked = {
        "squad_id": str(_squad(session, actor, squad, recorder)),
        "listed_at": moment.isoformat(),
        "complete": complete,
        "recorder": recorder.strip(),
    }
    return import_rows(session, actor, AnnouncementImporter, body, request, dry_run, asked)


def _squad(session: Session, actor: Actor, squad: str, recorder: str) -> UUID:
    """The account's own; for who has none, the one said, or that of the recorder said."""
    if actor.squad_id is not None:
        return actor.squad_id
    if squad:
        return squad_of(session, actor, squad).id
    mine = visible_recorders(actor).with_only_columns(Recorder.squad_id)
    found = session.scalars(mine.where(known(Recorder, [recorder]))).first()
    if found is None:
        raise Invalid(field="squad", problem=squad)
    return found


@router.post("/{recording_id}/withdraw")
@raises(NotFound, NotAnnounced)
@needs("withdraw_announcement")
def withdraw_announcement(
    recording_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession
) -> Announcement:
    """Its bytes will never come: the device was lost, or the file was no footage."""
    return announcement(actions.withdraw(session, actor, recording_id, wanted.reason), now())


@router.post("/{recording_id}/restore")
@raises(NotFound, NotWithdrawn)
@needs("withdraw_announcement")
def restore_announcement(
    recording_id: UUID, wanted: Reason, actor: CurrentActor, session: DatabaseSession
) -> Announcement:
    """The withdrawal taken back: its bytes are waited for again."""
    return announcement(actions.restore(session, actor, recording_id, wanted.reason), now())
