"""What was merged, newest first."""

from sqlalchemy import select
from sqlmodel import Session

from schemas.doubles import MergedDouble
from service.access.actions import require_accounts
from service.kernel.actor import Actor
from service.kernel.keyset import Page, page, time, unique


def list_merged(session: Session, actor: Actor, cursor: str | None = None, limit: int = 50) -> Page:
    require_accounts(actor)
    order = [time(MergedDouble.merged_at, newest_first=True), unique(MergedDouble.id, newest_first=True)]
    return page(session, select(MergedDouble), order, cursor, limit)
