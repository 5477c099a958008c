"""What persons did about the year's links: they confirm some, put wrong ones right, choose among offers. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from schemas.links import LinkState

CONFIRMED = 0.35  # of the machine's right links
PUT_RIGHT = 0.7  # of its wrong ones
CHOSEN = 0.6  # of recordings for which the right event is offered


class Made(NamedTuple):
    """A link as the rules made it, and when its recording came."""

    id: UUID
    recording_id: UUID
    event_id: UUID
    state: str
    received_at: datetime


def decisions(
    links: Iterable[Made], shows: Mapping[UUID, frozenset[UUID]], by: Mapping[UUID, UUID], rng: Random
) -> list[dict[str, Any]]:
    """Rows of changed links. `shows`: the truth; `by`: the account that decides, by recording."""
    found = []
    by_recording: dict[UUID, list[Made]] = {}
    for link in links:
        by_recording.setdefault(link.recording_id, []).append(link)
    for recording, mine in by_recording.items():
        wrong = [one for one in mine if one.state == "automatic" and one.event_id not in shows[recording]]
        right = [one for one in mine if one.event_id in shows[recording]]
        decided: list[tuple[Made, LinkState]] = []
        if wrong and rng.random() < PUT_RIGHT:
            decided = [(one, LinkState.rejected) for one in wrong]
            decided += [(one, LinkState.confirmed) for one in right]
        elif any(one.state == "offered" for one in right):
            if rng.random() < CHOSEN:
                decided = [(one, LinkState.confirmed) for one in right]
        elif rng.random() < CONFIRMED:
            decided = [(one, LinkState.confirmed) for one in right]
        when = mine[0].received_at + timedelta(hours=rng.uniform(2, 70))
        found += [
            {
                "id": one.id,
                "state": state,
                "previous_state": LinkState(one.state),
                "decided_by": by[recording],
                "decided_at": when,
            }
            for one, state in decided
        ]
    return found
