"""What the search page shows."""

from dataclasses import dataclass, field

from service.finding.search.cards import RecordingCard


@dataclass(slots=True)
class FacetOption:
    value: str
    label: str
    count: int
    capped: bool = False  # shown as "1000+"
    selected: bool = False
    href: str = ""  # the same search with this option toggled


@dataclass(slots=True)
class Facet:
    name: str
    title: str
    options: list[FacetOption]


@dataclass(slots=True)
class Chip:
    """A filter in force; `href` is the same search without it."""

    label: str
    href: str


@dataclass(slots=True)
class Search:
    """`query` is the encoded query string without cursor: the facets and "more" requests carry it on."""

    q: str = ""
    query: str = ""
    hidden: list[tuple[str, str]] = field(default_factory=list)  # other parameters kept by the search box
    chips: list[Chip] = field(default_factory=list)
    items: list[RecordingCard] = field(default_factory=list)
    next: str | None = None  # URL of the next page's fragment
    from_date: str = ""
    to_date: str = ""
