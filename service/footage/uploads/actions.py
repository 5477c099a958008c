"""What changes an upload's row: begin, take over, advance, give up. Each function is one transaction's worth.

A writer is whoever holds the row's epoch. It says every second that it is alive (`writer_until`, by the database's
clock) and looks whether someone asked it to let go. Whoever raises the epoch has fenced all before: their
checkpoints match no row any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, Update, cast, func, select, text, update
from sqlalchemy.engine import CursorResult
from sqlmodel import Session

from schemas.accounts import Account, ApiToken, Role, TokenScope
from schemas.base import new_id
from schemas.claims import Claims
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.uploads import Upload, UploadState
from service.access.rules import may
from service.footage.uploads import acts
from service.footage.uploads.bounds import check_open, check_quota
from service.footage.uploads.errors import (
    ArchiveNotAllowed,
    BodyTooLong,
    FinalUploadIsFixed,
    OffsetConflict,
    TooLarge,
)
from service.footage.uploads.queries import find_upload, is_full
from service.footage.uploads.rules import Said
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.errors import Invalid, NotAllowed
from service.kernel.i18n import gettext as _
from service.kernel.keys import known as known_by
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.protocols import Checkpoint, State

LEASE = timedelta(seconds=3)


@dataclass(frozen=True)
class Held:
    """The right to write to an upload under `epoch`. `full`: there is nothing left to write."""

    id: UUID
    key: str
    epoch: int
    progress: State
    offset: int
    length: int | None
    full: bool = False


def require_may_upload(actor: Actor) -> None:
    """A dock's token may what its account may."""
    if not may(actor.role, "upload"):
        raise NotAllowed


def check_archive(actor: Actor, said: Said) -> None:
    """What is declared as archive is not judged by upload deadlines: so not by whom these measure."""
    if said.archive and not may(actor.role, "import"):
        raise ArchiveNotAllowed
    if said.first_received_at is not None and said.first_received_at > now():
        raise Invalid(field="first_received_at", problem=_("lies in the future"))


def owner_of(session: Session, upload: Upload) -> Actor:
    """Who began the upload, with the token used then, for the receipt that anyone may trigger."""
    account = session.get_one(Account, upload.account_id)
    token = session.get(ApiToken, upload.token_id) if upload.token_id else None
    return Actor(
        account_id=account.id,
        username=account.username,
        role=Role(account.role),
        squad_id=account.squad_id,
        officer_id=account.officer_id,
        token_id=upload.token_id,
        token_name=token.name if token else "",
        scope=TokenScope(token.scope) if token else None,
        address=upload.facts.get("address", ""),
    )


def squad_for(session: Session, actor: Actor, said: Said) -> UUID:
    """The account's own squad; for who has none, the one said, or that of the recorder or officer said."""
    if actor.squad_id is not None:
        return actor.squad_id
    code = said.claims.get("squad")
    if code:
        found = session.scalars(select(Squad.id).where(known_by(Squad, [code]))).first()
        if found is None:
            raise Invalid(field="squad", problem=_("there is no squad with this code"))
        return found
    for statement in (
        select(Recorder.squad_id).where(known_by(Recorder, [said.claims.get("recorder", "")])),
        select(Officer.squad_id).where(known_by(Officer, [said.claims.get("officer", "")])),
    ):
        if found := session.scalars(statement).first():
            return found
    raise Invalid(field="squad", problem=_("your account has no squad, so say whose recording this is"))


def check_size(length: int | None) -> None:
    limit = get_settings().max_upload_bytes
    if length is not None and length > limit:
        raise TooLarge(limit=limit)


def check_body(length: int | None, offset: int, coming: int | None) -> None:
    """Before a byte of it is taken: what is too long for the upload would be cut off, and is some other file."""
    if length is None:
        check_size(offset + (coming or 0))
    elif coming is not None and offset + coming > length:
        raise BodyTooLong(room=length - offset, headers={"Upload-Offset": str(offset)})


def create_upload(
    session: Session,
    actor: Actor,
    said: Said,
    *,
    length: int | None,
    raw_metadata: str = "",
    partial: bool = False,
) -> Upload:
    """A row and its place in the store."""
    require_may_upload(actor)
    check_archive(actor, said)
    check_size(length)
    squad_id = squad_for(session, actor, said)
    check_open(session, actor, squad_id, length)
    check_quota(session, squad_id, length or 0)
    upload_id = new_id()
    key = f"{'pieces' if partial else 'originals'}/{upload_id}"
    upload = Upload(
        id=upload_id,
        account_id=actor.account_id,
        squad_id=squad_id,
        token_id=actor.token_id,
        length=length,
        partial=partial,
        raw_concat="partial" if partial else "",
        raw_metadata=raw_metadata,
        facts=facts_of(actor, said),
        file_name=said.file_name,
        store_key=key,
        progress=get_store().uploads.create(key).state,
        expires_at=expiry(),
    )
    session.add(upload)
    session.flush()
    return upload


def facts_of(actor: Actor, said: Said) -> dict[str, Any]:
    """`device_time` is what the recorder's clock showed as this was said, and the server's own clock stands beside it:
    the two measure how far the recorder's is off (service.registry.clocks)."""
    claims = said.claims
    if "device_time" in claims:
        claims = {**claims, "device_time_at": now().isoformat()}
    facts: dict[str, Any] = {"claims": claims, "sha256": said.sha256, "address": actor.address}
    if said.archive:
        first = said.first_received_at
        facts["archive"] = {"first_received_at": first.isoformat() if first else None}
    return facts


def say_again(session: Session, actor: Actor, upload_id: UUID, said: Said) -> None:
    """One-shot forms may name facts after the file."""
    check_archive(actor, said)
    upload = find_upload(session, actor, upload_id, lock=True).upload
    facts = facts_of(actor, said)
    known: Claims = upload.facts.get("claims", {})
    if said.claims.get("device_time") == known.get("device_time") and "device_time_at" in known:
        facts["claims"] = {**facts["claims"], "device_time_at": known["device_time_at"]}
    upload.facts, upload.file_name = facts, said.file_name
    session.add(upload)


def declare_whole(session: Session, actor: Actor, upload_id: UUID) -> None:
    """What has arrived is all there is."""
    upload = find_upload(session, actor, upload_id, lock=True).upload
    upload.length = upload.upload_offset
    session.add(upload)


def expiry() -> datetime:
    return now() + timedelta(hours=get_settings().upload_expires_hours)


def take_over(
    session: Session,
    actor: Actor,
    upload_id: UUID,
    *,
    offset: int,
    length: int | None = None,
    coming: int | None = None,
) -> Held | None:
    """The epoch, raised, for a writer that begins at `offset`; None while another one holds it, which is then
    asked to let go. `length` is what a deferred upload declares at last; `coming`: how long the body says that it is.
    Commit before the writer is opened."""
    require_may_upload(actor)
    found = find_upload(session, actor, upload_id, lock=True)
    upload = found.upload
    if upload.concatenates:
        raise FinalUploadIsFixed
    if length is not None:
        _declare(session, actor, upload, length)
    if offset != upload.upload_offset:
        raise OffsetConflict(
            offset=upload.upload_offset, headers={"Upload-Offset": str(upload.upload_offset)}
        )
    check_body(upload.length, offset, coming)
    if found.busy:
        upload.release_asked_epoch = upload.epoch
        session.add(upload)
        return None
    full = is_full(upload)
    if not full:
        size = upload.length or upload.upload_offset
        check_quota(session, upload.squad_id, size, besides=[upload.id])
    if upload.state == UploadState.open and (not full or length is not None):
        upload.epoch += 1
        upload.progress = get_store().uploads.begin(upload.progress, upload.epoch)
        upload.expires_at, upload.touched_at = expiry(), now()
        session.add(upload)
        session.flush()
        session.execute(_lease(upload.id, upload.epoch))
    return Held(
        upload.id,
        upload.store_key,
        upload.epoch,
        upload.progress,
        upload.upload_offset,
        upload.length,
        full=full and (length is None or upload.state != UploadState.open),
    )


def _declare(session: Session, actor: Actor, upload: Upload, length: int) -> None:
    if upload.length is not None and upload.length != length:
        raise Invalid(field="Upload-Length", problem=_("another length was declared before"))
    check_size(length)
    if length < upload.upload_offset:
        raise Invalid(field="Upload-Length", problem=_("more bytes than that have arrived already"))
    if upload.length is None and length > upload.upload_offset:
        check_open(session, actor, upload.squad_id, length, besides=[upload.id])
    upload.length = length


def _lease(upload_id: UUID, epoch: int) -> Update:
    return (
        update(Upload)
        .where(Upload.id == upload_id, Upload.epoch == epoch, Upload.state == UploadState.open)
        .values(writer_until=func.clock_timestamp() + cast(LEASE, Interval))
        .execution_options(synchronize_session=False)
    )


def stay_alive(held: Held) -> None:
    """Renews the writer's word that it is alive. Losing this in a crash costs nothing, so it waits for no disk."""
    with transaction() as session:
        session.execute(text("SET LOCAL synchronous_commit TO off"))
        session.execute(_lease(held.id, held.epoch))


def must_let_go(held: Held) -> bool:
    """Someone asked for the upload, took it, or ended it."""
    with transaction() as session:
        row = session.execute(
            select(Upload.epoch, Upload.release_asked_epoch, Upload.state).where(Upload.id == held.id)
        ).first()
    return (
        row is None
        or row.epoch != held.epoch
        or row.release_asked_epoch >= held.epoch
        or row.state != UploadState.open
    )


def advance(held: Held, checkpoint: Checkpoint, *, last: bool = False) -> bool:
    """Compare-and-set on the epoch. False: this writer was fenced and must not write again."""
    values = {"upload_offset": checkpoint.offset, "progress": checkpoint.state, "touched_at": now()}
    if last:
        values["writer_until"] = None
    with transaction() as session:
        done = session.execute(
            update(Upload)
            .where(Upload.id == held.id, Upload.epoch == held.epoch, Upload.state == UploadState.open)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    return isinstance(done, CursorResult) and done.rowcount == 1


def let_go(held: Held) -> None:
    """Of an upload to which nothing could be written."""
    with transaction() as session:
        session.execute(
            update(Upload).where(Upload.id == held.id, Upload.epoch == held.epoch).values(writer_until=None)
        )


def give_up(session: Session, actor: Actor, upload_id: UUID) -> Upload | None:
    """DELETE. An unfinished upload is terminated: its bytes are to be removed. A finished one is forgotten: what
    came of it stays. None: all bytes are there but nothing came of them yet; complete it, then call again."""
    upload = find_upload(session, actor, upload_id, lock=True).upload
    unfinished = upload.state == UploadState.open and upload.recording_id is None
    if unfinished and is_full(upload):
        return None
    if unfinished:
        upload.state = UploadState.terminated
        upload.epoch += 1
        act = acts.TERMINATE_UPLOAD
    else:
        upload.forgotten_at = now()
        act = acts.FORGET_UPLOAD
    session.add(upload)
    record(session, actor, act, "upload", upload.id, squad_id=upload.squad_id)
    return upload


def clear(upload_id: UUID, key: str) -> None:
    """Removes the bytes of an upload that is over and never was finished."""
    get_store().uploads.abort(key)
    with transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload_id).values(cleared_at=now()))
