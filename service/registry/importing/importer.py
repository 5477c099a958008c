"""What can be imported: a kind of table and what its rows need. Each capability has its own, in its importers.py."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

from sqlmodel import Session, SQLModel

from service.access.actions import require, require_bureau
from service.access.queries import squad_scope
from service.kernel.actor import Actor
from service.kernel.keys import differs
from service.kernel.words import Word
from service.registry.importing.report import Outcome, Report
from service.registry.importing.xlsx import Lost

LONGEST_KEY = 100
KEYS = frozenset(
    {
        "certificate_no",
        "code",
        "serial",
        "external_id",
        "number",
        "squad",
        "officer",
        "officers",
        "recorder",
        "model",
    }
    | {"case"}
)
"""Fields of any table that hold keys: their cells are read as such (service.kernel.keys)."""


class Importer(ABC):
    """A kind of table, and what its rows need; one instance serves one import.

    `name`: of the kind, in addresses. `known_by`: the field by which a row is known the next time; empty where the
    kind is more than its rows, and its capability has a route of its own for it. `word`: what people call it and how its rows are known again.
    `meanings`: column → what it holds, where its type does not say it. `words`: of the enums among its columns.
    `headers`: other column names → field. `cells`: how a field's cell is read before the model sees it.
    `load` fetches, in a fixed number of queries, all that the rows refer to; `apply` says what becomes of one
    row and raises RowRefused; `finish` does once what follows from all of them (links, search).
    `all_or_nothing`: one refused row leaves everything as it was. `of_bureau`: what no squad owns, so only who sees the
    whole bureau imports it.
    """

    name: ClassVar[str]
    known_by: ClassVar[str] = ""
    word: ClassVar[Word]
    model: ClassVar[type[SQLModel]]
    headers: ClassVar[Mapping[str, str]]
    cells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    meanings: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Mapping[type, Mapping[str, Word]]] = {}
    all_or_nothing: ClassVar[bool] = False
    of_bureau: ClassVar[bool] = False
    note: str | None = None  # of the row that `apply` has just read

    def __init__(self, session: Session, actor: Actor) -> None:
        self.session, self.actor = session, actor
        self.scope = squad_scope(actor)

    @classmethod
    def opened(cls, session: Session, actor: Actor, options: Mapping[str, Any]) -> Self:
        """For one import. `options`: what its asker says beside the table, as it can be kept."""
        return cls(session, actor)

    def load(self, wanted: Sequence[Any]) -> None:  # noqa: B027 - nothing to fetch is a valid answer
        ...

    def require_may(self) -> None:
        require_bureau(self.actor, "import") if self.of_bureau else require(self.actor, "import")

    @abstractmethod
    def key(self, wanted: Any) -> str: ...

    def written(self, wanted: Any) -> str:
        """The key as the table writes it."""
        return self.key(wanted)

    def differs(self, key: str, other: str) -> str:
        """In what two of one key are written differently."""
        return differs(key, other)

    def key_said(self, values: Mapping[str, Any]) -> str:
        """The key of a row that could not be read, as far as its cells tell."""
        said = values.get(self.known_by)
        if isinstance(said, Lost):
            return ""
        return str(said)[:LONGEST_KEY] if isinstance(said, str | int) else ""

    @abstractmethod
    def apply(self, wanted: Any) -> tuple[Outcome, list[str]]: ...

    def changes_anything(self, counts: Mapping[str, int]) -> bool:
        return bool(counts[Outcome.created] or counts[Outcome.changed])

    def notes(self) -> Mapping[str, str]:
        """By key: what is known of a row only when all are applied. Asked with everything flushed."""
        return {}

    def finish(self) -> None:  # noqa: B027 - nothing follows for most kinds
        ...

    def told(self, report: Report) -> Report:
        """With what else its kind tells."""
        return report

    def in_scope(self, squad_id: Any) -> bool:
        return self.scope is None or squad_id in self.scope


def differences(row: Any, values: Mapping[str, Any]) -> list[str]:
    """Sets what differs on the row and answers the names."""
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed
