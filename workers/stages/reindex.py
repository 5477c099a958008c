"""Reindex: the search documents that hold a name which changed. What they hold is service.finding.search's."""

from functools import partial
from typing import Any

from sqlmodel import Session

from service.finding.search.project import BATCH, index_recordings
from service.finding.search.renamed import recordings_naming
from service.kernel.database import transaction
from workers.lease import Lease, finish


def run(held: Lease) -> None:
    """In batches, each a transaction of its own. Recordings that come meanwhile know the new name."""
    with transaction() as session:
        ids = recordings_naming(session, held.subject_id)
    for start in range(0, len(ids), BATCH):
        held.publish(partial(index_recordings, recording_ids=ids[start : start + BATCH]))
        held.progress(start / len(ids), f"{start} / {len(ids)}")
    held.publish(lambda session: finish(session, held))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """Documents that are left are found by the old name; the job can be asked for again."""
