"""What the account page shows."""

from dataclasses import dataclass, field
from datetime import datetime

from service.web.frame.views import Option


@dataclass(slots=True)
class Token:
    id: str
    name: str
    created: datetime
    last_used: datetime | None = None
    expires: datetime | None = None
    squad: str | None = None


@dataclass(slots=True)
class Account:
    languages: list[Option]
    tokens: list[Token]
    may_make_tokens: bool = True
    fresh_token: str | None = None  # shown once, right after it was made
    errors: dict[str, str] = field(default_factory=dict)  # by field name
