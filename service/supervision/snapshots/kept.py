"""Notices and workbooks of frozen months, kept as they were made: a second request is quick, and the bytes that were
sent out can be recognised by their SHA-256."""

import enum
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import defer
from sqlmodel import Session

from schemas.base import new_id
from schemas.coverage import CoverageSnapshot, SnapshotFile
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.paper.workbook import write_book
from service.kernel.policy import BUREAU_NAME, Rule, holds_samples, policy
from service.registry.events.policy import SUBJECTS
from service.supervision.disputes.queries import upheld_since
from service.supervision.snapshots import export, notice
from service.supervision.snapshots.queries import squads_of

LAYOUT = 2  # of notice and workbook: a newer layout makes new files beside the old ones
ALSO_SHOWN: tuple[Rule[Any], ...] = (BUREAU_NAME, SUBJECTS)


class Form(enum.StrEnum):
    pdf = "pdf"
    xlsx = "xlsx"


def kept_file(session: Session, actor: Actor, snapshot: CoverageSnapshot, form: Form) -> SnapshotFile:
    """In the caller's language, of what the caller may see, with the disputes upheld until now: made by who asks first."""
    wanted = {
        "snapshot_id": snapshot.id,
        "form": form.value,
        "locale": i18n.current(),
        "scope": scope_of(actor),
        "state": _state(session, actor, snapshot),
    }
    found = _find(session, wanted)
    if found is not None:
        return found
    content = (
        notice.pdf(session, actor, snapshot)
        if form is Form.pdf
        else write_book(export.sheets(session, actor, snapshot))
    )
    made = wanted | {
        "id": new_id(),
        "content": content,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "made_at": now(),
    }
    # of two at once the second waits for the first and hands out the first one's bytes
    session.execute(insert(SnapshotFile).values(made).on_conflict_do_nothing())
    found = _find(session, wanted)
    assert found is not None
    return found


def kept_files(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> list[SnapshotFile]:
    """Those that were made of just what the caller may see, newest first, without their bytes."""
    return list(
        session.scalars(
            select(SnapshotFile)
            .where(SnapshotFile.snapshot_id == snapshot.id, SnapshotFile.scope == scope_of(actor))
            .order_by(SnapshotFile.made_at.desc(), SnapshotFile.id)
            .options(defer(SnapshotFile.content))
        )
    )


def scope_of(actor: Actor) -> str:
    """ "": the whole bureau."""
    squads: frozenset[UUID] | None = squads_of(actor)
    return "" if squads is None else ",".join(sorted(map(str, squads))) or "-"


def _state(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> str:
    """Of what stands in the files besides the frozen rows."""
    upheld = [str(one.id) for one in upheld_since(session, actor, snapshot)]
    said = [LAYOUT, upheld, [policy(session, rule) for rule in ALSO_SHOWN], holds_samples(session)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _find(session: Session, wanted: Mapping[str, object]) -> SnapshotFile | None:
    same = (getattr(SnapshotFile, name) == value for name, value in wanted.items())
    return session.scalars(select(SnapshotFile).where(*same)).first()
