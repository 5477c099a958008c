"""Keeping what a sidecar says, whether its recordings are here already or still to come."""

import logging
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from schemas.base import new_id
from schemas.jobs import JobKind
from schemas.recordings import Recording, Sidecar
from service.kernel.bounded import Bounds, OutOfBounds, prepared, run_bounded
from service.kernel.clock import now
from service.kernel.jobs import request_job
from service.kernel.settings import get_settings
from service.registry.conventions.queries import BESIDE, known_conventions
from service.registry.conventions.rules import Facts
from service.registry.conventions.sidecars import read_sidecar_by_any

log = logging.getLogger(__name__)

BOUNDS = Bounds(cpu_s=10, wall_s=30, memory_bytes=2**29)
"""A sidecar of the largest size, read by each of some dozen conventions, takes a tenth of it."""
prepared("service.registry.conventions.sidecars")


def keep_sidecar(session: Session, squad_id: UUID, file_name: str, data: bytes) -> dict[str, Facts]:
    """Answers the names that it speaks of, with what it says; none: it is no sidecar. A later one replaces an earlier one. Recordings
    that came lately are tagged anew."""
    known = known_conventions(session)
    try:
        found = run_bounded(read_sidecar_by_any, data, file_name, known, get_settings().zone, bounds=BOUNDS)
    except OutOfBounds as ended:
        log.warning("a sidecar of %d bytes was not read to its end: %s", len(data), ended.bound)
        return {}
    names = {name: facts for name, facts in found if len(name) <= 500}
    for name, facts in sorted(names.items()):
        statement = insert(Sidecar).values(
            id=new_id(), squad_id=squad_id, file_name=name, facts=facts.as_json(), received_at=now()
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["squad_id", "file_name"],
                set_={"facts": statement.excluded.facts, "received_at": statement.excluded.received_at},
            )
        )
    if names:
        whole = func.lower(Recording.file_name)
        stem = func.regexp_replace(whole, r"\.[^.]*$", "")
        here = session.scalars(
            select(Recording.id).where(
                Recording.squad_id == squad_id,
                Recording.merged_into.is_(None),
                Recording.received_at > now() - BESIDE,
                or_(whole.in_(list(names)), stem.in_(list(names))),
            )
        )
        for recording_id in sorted(here):
            request_job(session, JobKind.tags, recording_id)
    return names
