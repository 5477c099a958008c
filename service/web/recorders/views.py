"""What the pages show of recorders."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Recorder:
    number: str
    model: str
    squad: str | None
    holders: list[str] = field(default_factory=list)
    last_recording: datetime | None = None
    clock_offset_s: float | None = None
    active: bool = True
    state: str = "in_use"
    battery_percent: int | None = None
    low_battery: bool = False
    last_dock: datetime | None = None
    not_docked: bool = False
    left_holders: list[str] = field(default_factory=list)  # of the holders, those who have left
