"""Rules that differ between bureaus, as data: one named JSON value each (defaults in service.kernel.policy)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from schemas.base import time_field


class PolicyValue(SQLModel, table=True):
    __tablename__ = "policy_values"
    name: str = Field(primary_key=True, max_length=64)
    value: Any = Field(sa_column=Column(JSONB, nullable=False))
    changed_at: datetime = time_field(default_now=True)
    changed_by: UUID | None = Field(default=None, foreign_key="accounts.id")
