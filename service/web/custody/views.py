"""What the pages show of custody."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class CustodyEntry:
    at: datetime
    who: str
    what: str
    detail: str | None = None
