"""What a pass over an original left out, and what that makes of its state: ready once it is looked at, or partial."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session

from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.reasons import Reason
from workers.lease import JobFailed, Lease
from workers.stages.examined import examined

# The same bytes give the same faults; a second try covers a disturbed machine, a third proves it.
FINAL_AFTER_TRIES = 3
SHORT = "duration_short"


def accept_or_fail(held: Lease, faults: Sequence[Reason]) -> Reason | None:
    """The reason for `partial` where a damaged source gave less than it has, every time; any other fault fails."""
    if not faults:
        return None
    spent = any(fault.params.get("limit") not in (None, "wall_time") for fault in faults)
    final = spent or held.tries >= min(FINAL_AFTER_TRIES, held.max_tries)
    only_short = all(fault.code == SHORT for fault in faults)
    if only_short and final:
        return faults[0]
    worst = next((fault for fault in faults if fault.code != SHORT), faults[0])
    raise JobFailed(worst.code, final=final and not only_short, **worst.params)


def settle(session: Session, original: Original, short: Reason | None = None) -> None:
    """Of one that was looked at. What intake or the walk found comes first, what an encode left out last."""
    _, verdict = examined(original)
    reason = verdict.reasons[0] if verdict.reasons else short or _left_out_of_video(session, original)
    original.media_state = MediaState.partial if reason else MediaState.ready
    original.reason = reason.code if reason else None
    original.reason_params = dict(reason.params) if reason else {}
    session.add(original)


def _left_out_of_video(session: Session, original: Original) -> Reason | None:
    facts = session.scalar(
        select(Rendition.facts).where(
            Rendition.original_id == original.id, Rendition.kind == RenditionKind.video
        )
    )
    return Reason.model_validate(facts["short"]) if facts and facts.get("short") else None
