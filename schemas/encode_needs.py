"""Why a browser video of an original is wanted, and what one who wants to watch is told of it."""

import enum
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Field, SQLModel

from schemas.base import examples, time_field
from schemas.recordings import PlaysToo


class EncodeNeed(SQLModel, table=True):
    """`need`: a code of service.footage.recordings.needs. `asked_by`: who wanted it first, None where a rule did.
    `seen_at`: when whoever waits for it last gave a sign. `met_at`: when what it asks for was there. Without a foreign key
    to the original, whose row comes before this one's in the order of locks."""

    __tablename__ = "encode_needs"
    original_id: UUID = Field(primary_key=True)
    need: str = Field(primary_key=True, max_length=40)
    asked_by: UUID | None = Field(default=None, foreign_key="accounts.id")
    asked_at: datetime = time_field(default_now=True)
    seen_at: datetime = time_field(default_now=True)
    met_at: datetime | None = time_field(nullable=True)


class PlaybackAsk(SQLModel):
    """`need`: `viewer`, whose browser cannot play what is there, or `line`, which cannot carry it. `again`: also where
    making it has failed. `pressed`: false where a page asks by itself; then a rule may want a person to. `plays`: a codec
    that the viewer's browser plays, of those that not all do: then a copy into another container may do."""

    model_config = {"json_schema_extra": examples({"need": "viewer"}, {"need": "line", "pressed": False})}

    need: Literal["viewer", "line"] = "viewer"
    again: bool = False
    pressed: bool = True
    plays: PlaysToo | None = None


class PlaybackState(enum.StrEnum):
    not_asked = "not_asked"  # the bureau's rule wants a person to ask
    queued = "queued"
    running = "running"
    ready = "ready"
    failed = "failed"


class PlaybackRead(SQLModel):
    """How far what was asked for is. `progress`: from 0 to 1. `playlist`: what is made already, to be watched while the rest
    is made. `playback`: the whole of it. `reason`, `reason_text`: why it could not be made, as a stable word and as a
    sentence."""

    state: PlaybackState
    progress: float | None = None
    playlist: str | None = None
    playback: str | None = None
    reason: str | None = None
    reason_text: str | None = None
