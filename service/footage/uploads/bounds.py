"""How much may be under way at once, so that nobody fills the store with what never ends."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session

from schemas.accounts import ApiToken, TokenScope
from schemas.policy import PolicyValue
from schemas.recordings import Receipt, ReceiptOutcome, Recording
from schemas.uploads import Upload, UploadState
from service.footage.uploads.errors import QuotaUsedUp, TooManyOpen, TooMuchOpen
from service.footage.uploads.policy import (
    BYTES_PER_ACCOUNT,
    BYTES_PER_SQUAD,
    BYTES_PER_TOKEN,
    OPEN_PER_ACCOUNT,
    OPEN_PER_SQUAD,
    OPEN_PER_TOKEN,
    SQUAD_QUOTA,
)
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.policy import policy

UNSAID = 4 * 2**30
"""Counted for an upload that does not say how long it will be: the most that one file has on a recorder's card."""
TRY_AGAIN_S = 60

IN_PROGRESS = or_(
    and_(Upload.state == UploadState.open, Upload.recording_id.is_(None)),
    and_(Upload.partial, Upload.state == UploadState.complete, Upload.joined_into.is_(None)),
)
"""Its bytes are not a recording's yet. A piece is in progress until something is made of it."""


def check_quota(session: Session, squad_id: UUID, size: int, *, besides: Collection[UUID] = ()) -> None:
    """`besides`: uploads that become what has this size."""
    quota = policy(session, SQUAD_QUOTA)
    if not quota:
        return
    kept = session.scalar(
        select(func.coalesce(func.sum(Receipt.size), 0))
        .join(Recording, Recording.id == Receipt.recording_id)
        .where(Recording.squad_id == squad_id, Receipt.outcome != ReceiptOutcome.duplicate)
    )
    coming = session.scalar(
        select(func.coalesce(func.sum(func.coalesce(Upload.length, Upload.upload_offset)), 0)).where(
            Upload.squad_id == squad_id, IN_PROGRESS, Upload.id.not_in(besides)
        )
    )
    if int(kept or 0) + int(coming or 0) + size > quota:
        raise QuotaUsedUp


def check_open(
    session: Session,
    actor: Actor,
    squad_id: UUID,
    length: int | None,
    *,
    besides: Collection[UUID] = (),
) -> None:
    """Whether this sender and this squad may have one more upload of that length under way. The only one may have any
    length."""
    docks = select(ApiToken.id).where(ApiToken.scope == TokenScope.dock)
    mine = (
        Upload.token_id == actor.token_id
        if actor.is_dock
        else and_(
            Upload.account_id == actor.account_id,
            or_(Upload.token_id.is_(None), Upload.token_id.not_in(docks)),
        )
    )
    ours = Upload.squad_id == squad_id
    size = func.coalesce(Upload.length, func.greatest(Upload.upload_offset, UNSAID))
    found = session.execute(
        select(
            func.count().filter(mine).label("mine"),
            func.coalesce(func.sum(size).filter(mine), 0).label("my_bytes"),
            func.count().filter(ours).label("ours"),
            func.coalesce(func.sum(size).filter(ours), 0).label("our_bytes"),
        ).where(IN_PROGRESS, or_(mine, ours), Upload.id.not_in(besides))
    ).one()
    if not found.mine and not found.ours:
        return
    stored = {row.name: row.value for row in session.scalars(select(PolicyValue))}
    if actor.is_dock:
        whose, count, room = _("this dock"), OPEN_PER_TOKEN, BYTES_PER_TOKEN
    else:
        whose, count, room = _("this account"), OPEN_PER_ACCOUNT, BYTES_PER_ACCOUNT
    coming = UNSAID if length is None else length
    _within(whose, found.mine, int(found.my_bytes) + coming, count.among(stored), room.among(stored))
    squad = _("this squad")
    most, most_bytes = OPEN_PER_SQUAD.among(stored), BYTES_PER_SQUAD.among(stored)
    _within(squad, found.ours, int(found.our_bytes) + coming, most, most_bytes)


def _within(whose: str, open_now: int, size: int, most: int, most_bytes: int) -> None:
    """`size`: with the one that is asked for."""
    headers = {"Retry-After": str(TRY_AGAIN_S)}
    if open_now >= most:
        raise TooManyOpen(headers=headers, whose=whose, most=most)
    if open_now and size > most_bytes:
        raise TooMuchOpen(headers=headers, whose=whose, most=most_bytes)
