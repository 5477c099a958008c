"""The stages: one module each, with `run` and `failed`."""

from typing import Any, Protocol

from sqlmodel import Session

from schemas.jobs import JobKind
from workers.claim import Claim
from workers.stages import clock, intake, link, noop, playable, recount, renditions, tags


class Stage(Protocol):
    """`run` does the work and ends with `finish` inside `held.publish`; running it again changes nothing.
    `failed` writes what spent tries mean for the subject, in the transaction that marks the job failed."""

    def run(self, held: Claim) -> None: ...

    def failed(self, session: Session, held: Claim, reason: str, params: dict[str, Any]) -> None: ...


STAGES: dict[JobKind, Stage] = {
    JobKind.intake: intake,
    JobKind.playable: playable,
    JobKind.tags: tags,
    JobKind.link: link,
    JobKind.renditions: renditions,
    JobKind.clock: clock,
    JobKind.recount: recount,
    JobKind.noop: noop,
}
