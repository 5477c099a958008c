"""What a recording's page says of an announcement."""

from dataclasses import dataclass
from datetime import datetime

from schemas.recordings import Recording, RecordingState
from service.access.rules import may
from service.footage.announcements.lists import GONE
from service.footage.announcements.queries import is_late
from service.footage.announcements.rules import WITHDRAWN, believed, facts_of
from service.kernel.actor import Actor


@dataclass(slots=True)
class AnnouncedView:
    """Buttons post to /announcements/{id}/{withdraw,restore}. `gone`: since when no list names it any more."""

    listed: datetime | None
    due: datetime | None
    late: bool
    size: int | None
    md5: str | None
    file_id: str | None
    gone: datetime | None
    withdrawn: str | None
    may_withdraw: bool
    may_restore: bool


def announced_view(actor: Actor, recording: Recording) -> AnnouncedView | None:
    """None for a recording whose bytes are here."""
    withdrawn = recording.reason == WITHDRAWN
    if recording.state != RecordingState.announced and not withdrawn:
        return None
    facts = facts_of(recording.claims)
    may_decide = may(actor.role, "withdraw_announcement")
    return AnnouncedView(
        listed=recording.announced_at,
        due=recording.due_at,
        late=is_late(recording),
        size=facts.get("size"),
        md5=facts.get("md5"),
        file_id=recording.device_file_id or facts.get("file_id"),
        gone=believed((recording.claims.get("announced") or {}).get(GONE)),
        withdrawn=str(recording.reason_params.get("why", "")) if withdrawn else None,
        may_withdraw=may_decide and not withdrawn,
        may_restore=may_decide and withdrawn,
    )
