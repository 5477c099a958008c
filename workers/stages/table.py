"""Table: the rows of a large table, imported in the background. What that means is service.registry.importing's."""

from typing import Any

from sqlmodel import Session

from service.desk.imports.kinds import IN_BACKGROUND
from service.registry.importing import running
from workers.lease import Lease, LeaseLost


def run(held: Lease) -> None:
    """Whoever takes over begins again: of what was not finished nothing is there."""

    def told(done: int, total: int) -> None:
        if held.lost.is_set():
            raise LeaseLost
        held.progress(done / max(total, 1), f"{done} / {total}")

    running.run(held.subject_id, IN_BACKGROUND, told)
    held.finish()


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    running.give_up(session, held.subject_id, reason, params)
