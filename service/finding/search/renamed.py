"""What stands in the documents of very many recordings got another name: they are written anew in the background."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.people import Officer, Squad
from schemas.policy import PolicyValue
from service.finding.search.schema import TABLE
from service.kernel.changes import Changes, Reaction, anything, only
from service.kernel.jobs import request_job
from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold
from service.registry.events.policy import SUBJECTS as SUBJECTS_RULE

SUBJECTS = UUID(int=0)  # stands for the bureau's list of subjects
SPELLING = UUID(int=1)  # stands for how text is folded, which an upgrade may change
PRIORITY = 7
BATCH = 2000


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
    """Those whose documents hold words of this officer, of this squad, or of SUBJECTS; or an old spelling."""
    if subject_id == SPELLING:
        return list(_spelled_otherwise(session))
    return list(session.scalars(_SUBJECTS if subject_id == SUBJECTS else _NAMED, {"subject": subject_id}))


def _spelled_otherwise(session: Session) -> Iterator[UUID]:
    for recording_id, body, cases in session.execute(_SPELLED).yield_per(BATCH):
        if any(fold(line) != line for line in body.split("\n")) or any(
            case_number_fold(one) != one for one in cases
        ):
            yield recording_id


_SPELLED = text(
    f"""
    SELECT recording_id, body,
           ARRAY(SELECT substr(one, 6) FROM unnest(refs) AS one WHERE one LIKE 'case:%' AND one NOT LIKE 'case:%-%-%-%-%')
    FROM {TABLE} ORDER BY recording_id
    """
)
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
