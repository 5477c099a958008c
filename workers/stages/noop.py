"""Does nothing: what the machinery itself costs."""

from typing import Any

from sqlmodel import Session

from workers.claim import Claim, finish


def run(held: Claim) -> None:
    held.publish(lambda session: finish(session, held))


def failed(session: Session, held: Claim, reason: str, params: dict[str, Any]) -> None:
    """A no-op has no subject that could suffer."""
