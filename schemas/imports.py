"""Imports of tables too large to be answered at once: what was asked, and the report when a worker is through."""

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from typing_extensions import TypedDict

from schemas.base import enum_check, enum_field, id_field, time_field


class ImportState(enum.StrEnum):
    waiting = "waiting"
    done = "done"
    failed = "failed"


class ImportAsked(TypedDict, total=False):
    """`language`: of the report. `address`: from where it was asked, for custody. `options`: the kind's own, as its
    importer opens itself with them."""

    dry_run: bool
    content_type: str
    language: str
    address: str
    options: dict[str, str | bool]


class ImportProblem(TypedDict, total=False):
    """Why nothing was imported: a type and a sentence, as in problem details."""

    type: str
    detail: str


class TableImport(SQLModel, table=True):
    """`data`: the table as it came, until it is through. `report`: as JSON, compressed. `total`: rows of the table.
    `fingerprint`: SHA-256 of the table."""

    __tablename__ = "imports"
    __table_args__ = (
        enum_check("state", ImportState),
        Index("ix_imports_waiting", "account_id", postgresql_where="state = 'waiting'"),
    )
    id: UUID = id_field()
    account_id: UUID = Field(foreign_key="accounts.id", index=True)
    token_id: UUID | None = Field(default=None, foreign_key="api_tokens.id")
    kind: str = Field(max_length=50)
    state: ImportState = enum_field(ImportState, default=ImportState.waiting)
    file_name: str = Field(default="", max_length=200)
    fingerprint: str = Field(max_length=64)
    total: int
    asked: ImportAsked = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    data: bytes | None = Field(default=None, sa_type=LargeBinary)
    report: bytes | None = Field(default=None, sa_type=LargeBinary)
    problem: ImportProblem | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True)
    )
    asked_at: datetime = time_field(default_now=True)
    ended_at: datetime | None = time_field(nullable=True)
