"""Backups: what was made, where it lies, whether it was read back and whether a restore of it was tried."""

import enum
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, json_field, time_field


class BackupState(enum.StrEnum):
    running = "running"
    verified = "verified"  # whole, and every byte of it was read back
    failed = "failed"
    removed = "removed"  # younger ones took its place


class BackupObjects(enum.StrEnum):
    copy = "copy"  # the bytes of every object lie in the backup
    reference = "reference"  # only their names and fingerprints: the store has a copy of its own


class Backup(SQLModel, table=True):
    """`at`: the moment of which it holds everything. `size`: all of it, `copied`: what was new in the folder.
    `lacking`: objects that the store itself no longer had whole. `seen_at`: whoever makes it was alive then."""

    __tablename__ = "backups"
    __table_args__ = (enum_check("state", BackupState), enum_check("objects_by", BackupObjects))
    id: UUID = id_field()
    at: datetime = time_field(default_now=True, index=True)
    by: str = Field(max_length=100)
    folder: str = Field(max_length=1000)
    objects_by: BackupObjects = enum_field(BackupObjects)
    state: BackupState = enum_field(BackupState, default=BackupState.running)
    reason: str | None = Field(default=None, max_length=100)
    reason_params: dict[str, Any] = json_field()
    progress: float | None = None
    seen_at: datetime = time_field(default_now=True)
    ended_at: datetime | None = time_field(nullable=True)
    verified_at: datetime | None = time_field(nullable=True)
    restore_tried_at: datetime | None = time_field(nullable=True)
    restored_at: datetime | None = time_field(nullable=True)
    size: int = Field(default=0, sa_type=BigInteger)
    copied: int = Field(default=0, sa_type=BigInteger)
    objects: int = Field(default=0, sa_type=BigInteger)
    lacking: int = Field(default=0)


class BackupRead(SQLModel):
    """`at`: the moment of which it holds everything. `verified_at`: every byte of it had been read back by then.
    `restore_tried_at`: it was restored beside, for a trial. `size`: bytes, all of it; `copied`: of these, new in its
    folder. `lacking`: objects that the store itself no longer had whole. `problem`: why it failed, in a sentence."""

    id: UUID
    at: datetime
    by: str
    state: BackupState
    objects_by: BackupObjects
    progress: float | None
    verified_at: datetime | None
    restore_tried_at: datetime | None
    restored_at: datetime | None
    size: int
    copied: int
    objects: int
    lacking: int
    problem: str | None
