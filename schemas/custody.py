"""Custody 保管链: who did what to which recording. Append-only; a trigger refuses change and removal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from schemas.base import json_field, time_field


class CustodyEntry(SQLModel, table=True):
    """`action`: receive, verify, lock, refuse, view, play, download, link, unlink, edit, deny, sign_in, …"""

    __tablename__ = "custody"
    __table_args__ = (
        Index("ix_custody_subject_kind_subject_id", "subject_kind", "subject_id"),
        # the history of an event: what was done to recordings with it in mind
        Index("ix_custody_event", text("(detail ->> 'event'::text)"),
              postgresql_where=text("(detail ->> 'event'::text) IS NOT NULL")),
        # events that were changed after their upload deadline
        Index("ix_custody_deadline", "subject_id",
              postgresql_where=text("(detail ->> 'deadline'::text) IS NOT NULL")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = time_field(default_now=True, index=True)
    account_id: UUID | None = Field(default=None, foreign_key="accounts.id", index=True)
    actor: str = Field(max_length=100)  # a username, a dock's token name, or the part of the system
    action: str = Field(max_length=40)
    subject_kind: str = Field(max_length=40)
    subject_id: UUID | None = None
    squad_id: UUID | None = None
    address: str = Field(default="", max_length=64)
    detail: dict[str, Any] = json_field()


class CustodyEntryRead(SQLModel):
    """`actor`: a username, a dock's token name, or the part of the system. `detail`: by `action`."""

    id: int
    at: datetime
    account_id: UUID | None
    actor: str
    action: str
    subject_kind: str
    subject_id: UUID | None
    squad_id: UUID | None
    address: str
    detail: dict[str, Any]
