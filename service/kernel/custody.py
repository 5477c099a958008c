"""Custody rows are written in the transaction of the act that they record.

Each capability declares its acts in its own acts.py; only a declared act can be recorded.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from schemas.custody import CustodyEntry
from service.kernel.actor import Actor

LONGEST_NAME = 100  # of the column; an account's and a token's name together may be longer
ANYTHING = "*"


@dataclass(frozen=True)
class Act:
    """`code` is what is stored. `words` stand after the name of who did it, `in_event` likewise in the history of an
    event, where that says it differently. `on`: the kinds of its subjects."""

    code: str
    words: object
    on: tuple[str, ...]
    in_event: object


_DECLARED: dict[tuple[str, str], Act] = {}


def act(code: str, words: object, *on: str, in_event: object = None) -> Act:
    """Declares an act. The same code may mean another act where it is done to something else."""
    made = Act(code, words, on, in_event or words)
    for kind in on:
        if (code, kind) in _DECLARED:
            raise ValueError(f"{code} is declared twice for {kind}")
        _DECLARED[code, kind] = made
    return made


def act_of(entry: CustodyEntry) -> Act | None:
    """None: an act of an older version, which nobody declares any more."""
    kind = entry.subject_kind
    return _DECLARED.get((entry.action, kind)) or _DECLARED.get((entry.action, ANYTHING))


def record(
    session: Session,
    actor: Actor | str,
    act: Act,
    subject_kind: str,
    subject_id: UUID | None,
    *,
    squad_id: UUID | None = None,
    **detail: Any,
) -> None:
    """`actor` is a signed-in account, or the name of the part of the system that acts by itself."""
    if not {subject_kind, ANYTHING} & set(act.on):
        raise ValueError(f"{act.code} is not declared for {subject_kind}")
    entry = CustodyEntry(
        actor=(actor if isinstance(actor, str) else actor.name)[:LONGEST_NAME],
        action=act.code,
        subject_kind=subject_kind,
        subject_id=subject_id,
        squad_id=squad_id,
        detail=detail,
    )
    if isinstance(actor, Actor):
        entry.account_id = actor.account_id
        entry.address = actor.address
    session.add(entry)
