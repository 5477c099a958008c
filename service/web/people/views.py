"""What the pages show of people."""

from dataclasses import dataclass
from datetime import date, datetime

from schemas.doubles import MergedDouble
from service.desk.doubles.facts import FIELDS, Fact, kind_named


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


@dataclass(slots=True)
class Merged:
    """A row that stood twice and was merged. `differs`: what the row that stays says, and what the merged one said."""

    kind: str
    key: str
    differs: list[Fact]
    at: datetime


def merged_view(one: MergedDouble) -> Merged:
    return Merged(
        kind=str(kind_named(one.kind).word.label),
        key=one.key,
        differs=[
            Fact(name, str(FIELDS.get(name, name)), kept, gone)
            for name, (kept, gone) in sorted(one.differs.items())
        ],
        at=one.merged_at,
    )
