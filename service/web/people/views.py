"""What the pages show of people."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(slots=True)
class Person:
    number: str
    name: str
    squad: str | None
    role: str | None = None  # of the account, None without one
    username: str | None = None
    active: bool = True
    last_seen: datetime | None = None
    left_on: date | None = None
    on_duty_until: datetime | None = None  # of the duty at this moment
