"""What stands in the documents of very many recordings got another name: they are written anew in the background."""

from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.people import Officer, Squad
from schemas.policy import PolicyValue
from service.kernel.changes import Changes, Reaction, anything, only
from service.kernel.jobs import request_job
from service.registry.events.policy import SUBJECTS as SUBJECTS_RULE

SUBJECTS = UUID(int=0)  # stands for the bureau's list of subjects
PRIORITY = 7


def _settle(session: Session, changes: Changes) -> None:
    for one in sorted(changes.ids(Officer) + changes.ids(Squad)):
        request_job(session, JobKind.reindex, one, priority=PRIORITY)
    if SUBJECTS_RULE.name in changes.ids(PolicyValue):
        request_job(session, JobKind.reindex, SUBJECTS, priority=PRIORITY)


RENAMED = Reaction(
    "documents anew",
    {Officer: only("name", "certificate_no"), Squad: only("name", "code"), PolicyValue: anything},
    _settle,
)


def recordings_naming(session: Session, subject_id: UUID) -> list[UUID]:
    """Those whose documents hold words of this officer, of this squad, or of SUBJECTS."""
    return list(session.scalars(_SUBJECTS if subject_id == SUBJECTS else _NAMED, {"subject": subject_id}))


_NAMED = text(
    """
    SELECT id FROM recordings WHERE squad_id = :subject OR officer_id = :subject
    UNION SELECT l.recording_id FROM links l JOIN event_officers x ON x.event_id = l.event_id
          WHERE x.officer_id = :subject
    ORDER BY id
    """
)
_SUBJECTS = text(
    """
    SELECT DISTINCT l.recording_id AS id FROM links l JOIN enforcement_events e ON e.id = l.event_id
    WHERE e.subject <> '' ORDER BY id
    """
)
