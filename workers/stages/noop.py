"""Does nothing: what the machinery itself costs."""

from typing import Any

from sqlmodel import Session

from workers.claim import Claim


def run(held: Claim) -> None:
    held.finish()


def failed(session: Session, held: Claim, reason: str, params: dict[str, Any]) -> None:
    """A no-op has no subject that could suffer."""
