"""What the templates are given: one dataclass a thing shown, filled by the capabilities' pages.py.

What several capabilities share stands here, the rest in each capability's views.py. Times are aware
datetimes (the templates put them into the bureau's zone), durations seconds, sizes bytes, scores 0…1.
Sentences (`reason`, `reasons`, `doubts`) arrive in the caller's language. Lists and permissions are
already those of the viewer: a template never decides what may be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Viewer:
    """Who looks. `squad` is None for roles that see the whole bureau; `officer`: the account is an officer's."""

    name: str
    username: str
    role: str
    squad: str | None = None
    officer: bool = False


@dataclass(slots=True)
class Shell:
    """What the frame around every page needs; `rendering.render` reads it from request.state.shell."""

    viewer: Viewer | None = None
    csrf_token: str = ""
    demo: bool = False
    waiting: int = 0  # the number beside "Waiting for attention"
    stalled: str | None = None  # a sentence when no worker serves a queue, or a disk is full
    notices: list["Notice"] = field(default_factory=list)


@dataclass(slots=True)
class Notice:
    text: str
    tone: str = "info"  # info | good | warn | bad


@dataclass(slots=True)
class Ref:
    """A name that may be a link."""

    label: str
    href: str | None = None


@dataclass(slots=True)
class Option:
    """One entry of a <select> or datalist; those of one `group`, which follow each other, stand under its name."""

    value: str
    label: str
    selected: bool = False
    group: str = ""


@dataclass(slots=True)
class Listing:
    """Cases or events: a search box, simple selects, rows, more."""

    items: list
    q: str = ""
    query: str = ""
    filters: list["Filter"] = field(default_factory=list)
    next: str | None = None


@dataclass(slots=True)
class Filter:
    name: str
    label: str
    options: list[Option]


@dataclass(slots=True)
class Tile:
    label: str
    count: int
    href: str
    tone: str = "plain"  # plain | good | warn | bad
    hint: str | None = None
    capped: bool = False


@dataclass(slots=True)
class Table:
    """Rows of one kind, as coverage/_lines.html shows them. `about`: event, recording, offer, link, recorder, duty_day, change, wish; `items` are lines of that kind."""

    about: str
    items: Sequence[object]
    next: str | None = None
    own: bool = False  # rows that concern the reader, who may dispute each
