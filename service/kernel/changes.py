"""The seam: whoever writes says what changed, and what follows from it is done once, just before the commit.

    changing(session, Assignment, [held.id])  # where something has to be known of how it was
    held.held_to = start
    changed(session, Assignment, [held.id], {"held_to"})

What follows is the reactions' part; they are listed in service.reactions, in the order in which their locks are taken.
That they come last and in one order is why no two transactions ever wait for each other here: take no lock of theirs
before, and none of another kind after them.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import event
from sqlmodel import Session, SQLModel

Thing = type[SQLModel]
Fields = frozenset[str] | None  # what changed of a row; None: anything may have
Matters = Callable[[Fields], bool]

NEW = frozenset({"id"})  # the row was not there before: nothing refers to it yet
_OWED = "zhenglu.changes"
_NOTED = "zhenglu.changes.noted"
_SETTLING = "zhenglu.changes.settling"


def only(*names: str) -> Matters:
    """Of a row only these fields."""
    return lambda fields: fields is None or not fields.isdisjoint(names)


def but(*names: str) -> Matters:
    """Of a row all but these fields."""
    return lambda fields: fields is None or not fields <= frozenset(names)


anything = but()


class Changes:
    """What a reaction has to settle: ids of things, what changed of them, and how they were."""

    def __init__(self) -> None:
        self._fields: dict[Thing, dict[Any, Fields]] = {}
        self._before: dict[Thing, dict[Any, Any]] = {}

    def ids(self, thing: Thing, matters: Matters = anything) -> list[Any]:
        """Each once, in order."""
        return sorted(one for one, fields in self._fields.get(thing, {}).items() if matters(fields))

    def before(self, thing: Thing) -> list[Any]:
        """What was noted of those that changed, where anything was."""
        return list(self._before.get(thing, {}).values())

    def __bool__(self) -> bool:
        return bool(self._fields)

    def _add(self, thing: Thing, ids: Iterable[Any], fields: Fields) -> None:
        held = self._fields.setdefault(thing, {})
        for one in ids:
            known = held.get(one, frozenset())
            held[one] = None if fields is None or known is None else known | fields

    def _take_notes(self, thing: Thing, noted: dict[Any, Any]) -> None:
        self._before[thing] = {one: noted.pop(one) for one in self.ids(thing) if one in noted}


class Settle(Protocol):
    def __call__(self, session: Session, changes: Changes, /) -> None: ...


class Note(Protocol):
    """Answers by id how these rows are now, as far as its reaction will want to know."""

    def __call__(self, session: Session, ids: Sequence[Any], /) -> Mapping[Any, Any]: ...


@dataclass(frozen=True, eq=False)
class Reaction:
    """`watches`: which changes it is told of. `notes`: what it keeps of a row that is about to change. `settle` may
    say in turn that something `changed`, which only reactions after it may watch. Ids may be of rows that are gone, or
    never came to be."""

    name: str
    watches: Mapping[Thing, Matters]
    settle: Settle
    notes: Mapping[Thing, Note] = field(default_factory=dict)


class NoReactions(RuntimeError):
    def __init__(self) -> None:
        super().__init__(
            "nothing would follow from this change: the process has not imported service.reactions"
        )


_reactions: tuple[Reaction, ...] = ()


def install(*reactions: Reaction) -> None:
    """All that this process has, in the order in which they run."""
    global _reactions
    if _reactions and _reactions != reactions:
        raise RuntimeError("reactions are listed once, in service.reactions")
    _reactions = reactions


def changed(
    session: Session, thing: Thing, ids: Iterable[Hashable | None], fields: Iterable[str] | None = None
) -> None:
    """Say it at any point of the transaction, any number of times, also of rows that are gone by then. `fields`: what
    of them changed, NEW for rows that were not there before; left out, anything may have. Beside columns: `links`,
    `explanations`, `officers`, `events` (which belong to a case), `tags`.

    Whoever reads or writes links names the events of all of them, as they were found and as they are left: the state
    in which a link was found may be history by the end of the transaction.
    """
    if not _reactions:
        raise NoReactions
    known = sorted({one for one in ids if one is not None})  # type: ignore[type-var]  # ids of one table
    what = None if fields is None else frozenset(fields)
    if not known or (what is not None and not what):
        return
    session.flush()  # what is said to have changed can be read
    running = session.info.get(_SETTLING)
    owed: dict[Reaction, Changes] = session.info.setdefault(_OWED, {})
    for place, reaction in enumerate(_reactions):
        matters = reaction.watches.get(thing)
        if matters is None or not matters(what):
            continue
        if running is not None and place <= running:
            raise RuntimeError(
                f"{_reactions[running].name} says that {thing.__name__} changed, which {reaction.name} "
                "should have known before"
            )
        owed.setdefault(reaction, Changes())._add(thing, known, what)


def changing(session: Session, thing: Thing, ids: Iterable[Hashable]) -> None:
    """Say it before the first change of these rows: how they are is noted, and forgotten where no change follows. The
    first note holds: what lay between is seen by nobody."""
    if not _reactions:
        raise NoReactions
    wanted = list(ids)
    noted: dict[tuple[Reaction, Thing], dict[Any, Any]] = session.info.setdefault(_NOTED, {})
    for reaction in _reactions:
        note = reaction.notes.get(thing)
        if note is None:
            continue
        held = noted.setdefault((reaction, thing), {})
        if fresh := [one for one in wanted if one not in held]:
            held.update(note(session, fresh))


def settle(session: Session, through: Reaction | None = None) -> None:
    """What follows is done now, not only before the commit: to read it, or, `through` one of the reactions, because
    locks come now that stand after that one's."""
    if session.info.get(_SETTLING) is not None:
        raise RuntimeError("a reaction says what changed; the next ones follow by themselves")
    owed: dict[Reaction, Changes] = session.info.get(_OWED, {})
    try:
        for place, reaction in enumerate(_reactions):
            changes = owed.pop(reaction, None)
            if changes:
                session.info[_SETTLING] = place
                session.flush()
                for thing in reaction.notes:
                    changes._take_notes(thing, session.info.get(_NOTED, {}).get((reaction, thing), {}))
                reaction.settle(session, changes)
            if reaction is through:
                break
    finally:
        session.info.pop(_SETTLING, None)


@event.listens_for(Session, "before_commit")
def _settle_before_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        settle(session)
        session.info.pop(_NOTED, None)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint's: the transaction around it still owes its own
    session.info.pop(_OWED, None)
    session.info.pop(_NOTED, None)
