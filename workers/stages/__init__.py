"""The stages: one module each, of the name of its job kind, with `run` and `failed`."""

from importlib import import_module
from typing import Any, Protocol, cast

from sqlmodel import Session

from schemas.jobs import JobKind
from workers.lease import Lease


class Stage(Protocol):
    """`run` does the work and ends with `finish` inside `held.publish`; running it again changes nothing.
    `failed` writes what spent tries mean for the subject, in the transaction that marks the job failed."""

    def run(self, held: Lease) -> None: ...

    def failed(self, session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None: ...


STAGES: dict[JobKind, Stage] = {kind: cast(Stage, import_module(f"{__name__}.{kind}")) for kind in JobKind}
