"""Rules that differ between bureaus. Each is declared once, in the policy.py of what it belongs to; a row in
`policy_values` replaces its default."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from babel.support import LazyProxy
from sqlmodel import Session

from schemas.policy import PolicyValue
from service.kernel.i18n import lazy as _
from service.kernel.settings import get_settings

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
ByLanguage = dict[str, str]


@dataclass(frozen=True)
class Rule(Generic[T_co]):
    """`name`: of its row. `fits`: whether a JSON value may be its value; asked when one is set, what is stored is
    trusted. `by_hand`: False where only the program sets it."""

    name: str
    default: T_co
    words: LazyProxy
    fits: Callable[[Any], bool]
    unit: LazyProxy | None = None
    by_hand: bool = True

    def among(self, stored: Mapping[str, Any]) -> T_co:
        """Its value, where these rows were read."""
        return cast(T_co, stored.get(self.name, self.default))


def number(least: float = 0, most: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def whole(least: int = 0, most: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def one_of(codes: Iterable[str]) -> Callable[[Any], bool]:
    known = frozenset(codes)
    return lambda value: isinstance(value, str) and value in known


def by_language(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(words, str) for words in value.values())


METRES, BYTES, PERCENT = _("metres"), _("bytes"), _("percent")
TRIES = _("tries")
SECONDS, MINUTES, HOURS, DAYS = _("seconds"), _("minutes"), _("hours"), _("days")

WORKER_SILENT = Rule[float](
    "worker_silent_seconds",
    30,
    _("A worker that was silent for so long is counted as gone"),
    number(),
    SECONDS,
)
SWEEP_TRIES = Rule[int](
    "sweep_tries",
    6,
    _("What the schedule could not clear up after so many tries is set aside for a person"),
    whole(least=1, most=100),
    TRIES,
)
BUREAU_NAME = Rule[ByLanguage](
    "bureau_name",
    {"zh": "城市管理综合行政执法局", "en": "Bureau of Urban Management and Law Enforcement"},
    _("The bureau's name at the head of notices, by language"),
    lambda value: by_language(value) and {"zh", "en"} <= set(value),
)
DEMO_DATABASE = Rule[bool](
    "demo_database",
    False,
    _("This database is a demo; without it the database refuses sample rows"),
    lambda value: isinstance(value, bool),
    by_hand=False,
)
RULES = (WORKER_SILENT, SWEEP_TRIES, BUREAU_NAME, DEMO_DATABASE)


def policy(session: Session, rule: Rule[T]) -> T:
    row = session.get(PolicyValue, rule.name)
    return rule.among({} if row is None else {row.name: row.value})


def holds_samples(session: Session) -> bool:
    """Whether this is a demo: what is shown or printed from it must say so."""
    return get_settings().demo or policy(session, DEMO_DATABASE) is True
