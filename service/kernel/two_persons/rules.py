"""Which step of a wish is open to whom. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from schemas.approvals import ApprovalState


class Step(enum.StrEnum):
    ask = "ask"
    approve = "approve"
    decline = "decline"
    withdraw = "withdraw"
    reopen = "reopen"


ANSWERS = frozenset({Step.approve, Step.decline})
# From which states a step leads, and where to. What is withdrawn stays so: whoever thinks better of it asks anew.
FROM: Mapping[Step, frozenset[ApprovalState]] = {
    Step.ask: frozenset(),
    Step.approve: frozenset({ApprovalState.asked}),
    Step.decline: frozenset({ApprovalState.asked}),
    Step.withdraw: frozenset({ApprovalState.asked}),
    Step.reopen: frozenset({ApprovalState.approved, ApprovalState.declined}),
}
TO: Mapping[Step, ApprovalState] = {
    Step.ask: ApprovalState.asked,
    Step.approve: ApprovalState.approved,
    Step.decline: ApprovalState.declined,
    Step.withdraw: ApprovalState.withdrawn,
    Step.reopen: ApprovalState.asked,
}


class Refusal(enum.Enum):
    not_theirs = "not_theirs"
    second_person = "second_person"
    too_late = "too_late"


@dataclass(frozen=True)
class Standing:
    """Who acts, seen from the wish: asked it with this account; is the person who asked, under whatever account; is
    one whom it concerns; has a role that answers."""

    asked: bool
    same_person: bool
    concerned: bool
    answers: bool


def refusal(step: Step, state: ApprovalState, who: Standing) -> Refusal | None:
    """Why not; None: it may be done. To take an answer back is as much as to answer: never by the one who asked."""
    if step is Step.withdraw:
        if not who.asked:
            return Refusal.not_theirs
    elif not who.answers:
        return Refusal.not_theirs
    elif who.asked or who.same_person or who.concerned:
        return Refusal.second_person
    return None if state in FROM[step] else Refusal.too_late
