"""What the bytes of a stored object must be, block by block, and where a store gave out others."""

import enum
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from schemas.base import enum_check, enum_field, id_field, time_field


class BlockSums(SQLModel, table=True):
    """From the one walk over its bytes: 16 bytes of SHA-256 for each MiB (service.kernel.storage.blocks), so that any
    range can be proven without reading the rest."""

    __tablename__ = "block_sums"
    store_key: str = Field(primary_key=True, max_length=300)
    size: int = Field(sa_type=BigInteger)
    sums: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DamageKind(enum.StrEnum):
    changed = "changed"  # other bytes than those that came, or another number of them
    missing = "missing"


class Damage(SQLModel, table=True):
    """A stored object that did not give its bytes. `block`: the first one that was found so. `told_at`: custody says it
    since then; `mended_at`: the store gives the right bytes again, or nothing points to these any more."""

    __tablename__ = "damages"
    __table_args__ = (
        enum_check("kind", DamageKind),
        Index("uq_damages_store_key", "store_key", unique=True, postgresql_where="mended_at IS NULL"),
    )
    id: UUID = id_field()
    store_key: str = Field(max_length=300)
    store_version: str | None = Field(default=None, max_length=200)
    size: int = Field(sa_type=BigInteger)
    kind: DamageKind = enum_field(DamageKind)
    block: int = Field(default=0)
    original_id: UUID | None = Field(default=None, foreign_key="originals.id", index=True)
    found_at: datetime = time_field(default_now=True)
    looked_at: datetime = time_field(default_now=True)
    told_at: datetime | None = time_field(nullable=True)
    mended_at: datetime | None = time_field(nullable=True)
