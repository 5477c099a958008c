"""Does nothing: what the machinery itself costs."""

from typing import Any

from sqlmodel import Session

from workers.lease import Lease


def run(held: Lease) -> None:
    held.finish()


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """A no-op has no subject that could suffer."""
