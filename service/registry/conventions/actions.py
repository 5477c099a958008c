"""Keeping what a sidecar says, whether its recordings are here already or still to come."""

import logging
from collections.abc import Mapping, Sequence
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
from service.registry.conventions.rules import Conventions, Facts
from service.registry.conventions.sidecars import read_sidecar_by_any

log = logging.getLogger(__name__)

BOUNDS = Bounds(cpu_s=10, wall_s=30, memory_bytes=2**29)
"""A sidecar of the largest size, read by each of some dozen conventions, takes a tenth of it."""
prepared("service.registry.conventions.sidecars")


def sidecar_read(file_name: str, data: bytes, known: Sequence[Conventions]) -> dict[str, Facts]:
    """The names that it speaks of, with what it says; none: it is no sidecar. `known`: of `known_conventions`. Hold no
    connection to the database meanwhile, where that can be: a stranger's file may take all of its time."""
    try:
        found = run_bounded(read_sidecar_by_any, data, file_name, known, get_settings().zone, bounds=BOUNDS)
    except OutOfBounds as ended:
        log.warning("a sidecar of %d bytes was not read to its end: %s", len(data), ended.bound)
        return {}
    return {name: facts for name, facts in found if len(name) <= 500}


def keep_sidecar(session: Session, squad_id: UUID, file_name: str, data: bytes) -> dict[str, Facts]:
    """Both in one, where the bytes have just come to rest in this transaction."""
    names = sidecar_read(file_name, data, known_conventions(session))
    keep_said(session, squad_id, names)
    return names


def keep_said(session: Session, squad_id: UUID, names: Mapping[str, Facts]) -> None:
    """`names`: of `sidecar_read`. A later one replaces an earlier one. Recordings that came lately are tagged anew."""
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
