"""Parts of a browser video that can be watched while the rest is made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from schemas.base import time_field


class RenditionSegment(SQLModel, table=True):
    """Written before its bytes are, so that nothing lies in the store that no row names. `number`: 0 is the head, with which
    all others begin. `ready_at`: when it was checked and stored. Without a foreign key to the original, as `EncodeNeed`."""

    __tablename__ = "rendition_segments"
    original_id: UUID = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    store_key: str = Field(max_length=300)
    store_version: str | None = Field(default=None, max_length=200)
    size: int = Field(default=0, sa_type=BigInteger)
    duration_s: float = 0.0
    created_at: datetime = time_field(default_now=True)
    ready_at: datetime | None = time_field(nullable=True)
