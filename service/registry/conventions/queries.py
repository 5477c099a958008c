"""Which conventions hold here, and what sidecars say of a file."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.claims import FileFacts
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Sidecar
from service.access.acquainted import recorder_known_to
from service.kernel.keys import known
from service.kernel.settings import get_settings
from service.registry.conventions.examples import EXAMPLES
from service.registry.conventions.rules import (
    Conventions,
    Facts,
    guess_file_name,
    read_file_name,
    sidecar_keys,
    usual_time,
)

log = logging.getLogger(__name__)

BESIDE = timedelta(days=3)
"""Many cameras begin again at 0001 once their card was emptied: a sidecar is about the file that came around its own
time, and not about last month's of the same name."""


def conventions_of_recorder(
    session: Session, serial: str, squad_id: UUID | None = None
) -> Conventions | None:
    """Those of the recorder's model; None where the recorder or its model is not known (to the squad, if one is said)."""
    named = (
        select(RecorderModel.conventions)
        .join(Recorder, Recorder.model_id == RecorderModel.id)
        .where(known(Recorder, [serial]))
    )
    stored = session.scalars(named.where(recorder_known_to([squad_id])) if squad_id else named).first()
    return None if stored is None else _read(serial, stored)


_EXAMPLES = tuple(Conventions.of(example["conventions"]) for example in EXAMPLES)


def known_conventions(session: Session) -> list[Conventions]:
    """The bureau's own models first, then the examples."""
    return [*_own_conventions(session), *_EXAMPLES]


def _own_conventions(session: Session) -> list[Conventions]:
    rows = session.execute(
        select(RecorderModel.code, RecorderModel.conventions).order_by(RecorderModel.code)
    ).all()
    own = [_read(code, stored) for code, stored in rows]
    return [read for read in own if read is not None]


def _read(name: str, stored: dict[str, Any]) -> Conventions | None:
    try:
        return Conventions.of(stored)
    except ValueError as error:
        log.warning("conventions of %s: %s is wrong; they are left out", name, error)
        return None


def sidecar_facts(session: Session, squad_id: UUID, file_name: str, arrived: datetime) -> FileFacts:
    """What a sidecar said of this file (`Facts.as_json`); the exact name counts more than the name without its
    ending. Empty if there was none within BESIDE of the file's arrival."""
    keys = sidecar_keys(file_name)
    rows = session.scalars(
        select(Sidecar).where(
            Sidecar.squad_id == squad_id,
            Sidecar.file_name.in_(keys),
            Sidecar.received_at.between(arrived - BESIDE, arrived + BESIDE),
        )
    ).all()
    by_key = {row.file_name: row.facts for row in rows}
    return next((by_key[key] for key in keys if key in by_key), FileFacts())


def facts_in_name(
    session: Session, file_name: str, recorder: str | None, squad_id: UUID | None = None
) -> Facts:
    """By the model of the recorder where one is named, in the claims or in the name itself; else by whatever fits,
    and that is guessed. So is a time that no pattern of the model reads: phones and dashcams write it alike.
    `squad_id`: a recorder counts only where this squad knows it."""
    zone = get_settings().zone
    model = conventions_of_recorder(session, recorder, squad_id) if recorder else None
    if model is not None:
        return read_file_name(file_name, model, zone) or usual_time(file_name, model, zone)
    timed = usual_time(file_name, Conventions(), zone)
    readings = chain(
        (read_file_name(file_name, one, zone) for one in _own_conventions(session)),
        (
            replace(guess_file_name(file_name, one, zone), start=timed.start, end=timed.end)
            if timed
            else guess_file_name(file_name, one, zone)
            for one in _EXAMPLES
        ),
    )
    found = next((facts for facts in readings if facts), timed)
    model = conventions_of_recorder(session, found.recorder, squad_id) if found.recorder else None
    if model is not None and (facts := read_file_name(file_name, model, zone)):
        return facts
    return replace(found, guessed=True) if found else found
