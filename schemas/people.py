"""Squads and officers: whose act a recording shows."""

from datetime import date
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import id_field


class SquadBase(SQLModel):
    code: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=200)


class Squad(SquadBase, table=True):
    __tablename__ = "squads"
    id: UUID = id_field()


class SquadCreate(SquadBase):
    pass


class OfficerBase(SQLModel):
    certificate_no: str = Field(unique=True, max_length=64)
    name: str = Field(max_length=200)
    left_on: date | None = None


class Officer(OfficerBase, table=True):
    __tablename__ = "officers"
    id: UUID = id_field()
    squad_id: UUID = Field(foreign_key="squads.id", index=True)


class OfficerCreate(OfficerBase):
    squad: str
