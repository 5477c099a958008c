"""Custody rows are written in the transaction of the act that they record."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from schemas.custody import CustodyEntry
from service.kernel.actor import Actor

LONGEST_NAME = 100  # of the column; an account's and a token's name together may be longer


def record(
    session: Session,
    actor: Actor | str,
    action: str,
    subject_kind: str,
    subject_id: UUID | None,
    *,
    squad_id: UUID | None = None,
    **detail: Any,
) -> None:
    """`actor` is a signed-in account, or the name of the part of the system that acts by itself."""
    entry = CustodyEntry(
        actor=(actor if isinstance(actor, str) else actor.name)[:LONGEST_NAME],
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        squad_id=squad_id,
        detail=detail,
    )
    if isinstance(actor, Actor):
        entry.account_id = actor.account_id
        entry.address = actor.address
    session.add(entry)
