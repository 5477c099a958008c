"""Uploads in progress. The row is the truth: its offset moves only after the bytes are durable."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, json_field, time_field


class UploadState(enum.StrEnum):
    open = "open"
    complete = "complete"
    expired = "expired"
    terminated = "terminated"


class Upload(SQLModel, table=True):
    """`length` None: deferred. `epoch` fences writers: only the holder of the current one may advance.

    `progress` is the store's own record of what is durable (shape: service.kernel.storage.protocols).
    `partial`: a piece of a later concatenation; `concatenates`: the pieces' ids in order, `raw_concat` the
    Upload-Concat header as it came; `joined_into`: the final upload that takes this piece. A final one that is open
    and has a recording is being put together by a job. `writer_until`: the holder of the epoch is at work and says so anew every
    second. `store_version`: of the finished object. `cleared_at`: the store has no bytes of it any more.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        enum_check("state", UploadState),
        CheckConstraint("length IS NULL OR upload_offset <= length", name="offset"),
        Index(
            "ix_uploads_in_progress",
            "squad_id",
            postgresql_where="state = 'open' OR (partial AND state = 'complete' AND joined_into IS NULL)",
        ),
    )
    id: UUID = id_field()
    account_id: UUID = Field(foreign_key="accounts.id", index=True)
    squad_id: UUID = Field(foreign_key="squads.id")
    token_id: UUID | None = Field(default=None, foreign_key="api_tokens.id")
    state: UploadState = enum_field(UploadState, default=UploadState.open, index=True)
    length: int | None = Field(default=None, sa_type=BigInteger)
    upload_offset: int = Field(default=0, sa_type=BigInteger)
    epoch: int = Field(default=0)
    release_asked_epoch: int = Field(default=0)
    writer_until: datetime | None = time_field(nullable=True)
    partial: bool = Field(default=False)
    joined_into: UUID | None = Field(default=None, foreign_key="uploads.id", index=True)
    concatenates: list[str] = json_field(list)
    raw_concat: str = Field(default="", max_length=20000)
    raw_metadata: str = Field(default="", max_length=20000)
    facts: dict[str, Any] = json_field()
    file_name: str = Field(default="", max_length=500)
    store_key: str = Field(max_length=300, unique=True)
    store_version: str | None = Field(default=None, max_length=200)
    progress: dict[str, Any] = json_field()
    recording_id: UUID | None = Field(default=None, foreign_key="recordings.id", index=True)
    forgotten_at: datetime | None = time_field(nullable=True)
    cleared_at: datetime | None = time_field(nullable=True)
    expires_at: datetime = time_field(index=True)
    created_at: datetime = time_field(default_now=True)
    touched_at: datetime = time_field(default_now=True)
