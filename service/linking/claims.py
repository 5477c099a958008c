"""What the claims of recordings resolve to today; officers, recorders, events and cases may be imported later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.recordings import Recording
from service.linking.evidence import Person, Source
from service.search.rules import case_number_fold


@dataclass(frozen=True)
class Named:
    """A recorder by its serial, or a case by its number."""

    id: UUID
    label: str
    squad_id: UUID


@dataclass(frozen=True)
class Claimed:
    """`foreign`: the case is another squad's, and none of this squad's events belongs to it."""

    officer: Person | None = None
    officer_source: Source = Source.declared
    recorder: Named | None = None
    event_id: UUID | None = None
    case: Named | None = None
    case_number: str = ""
    case_source: Source = Source.declared
    case_foreign: bool = False


def claim(claims: dict[str, Any], name: str) -> tuple[str, Source] | None:
    """What was said under `name`: by the uploader, else in the sidecar, else in the file name."""
    for source in Source:
        held = claims if source == Source.declared else claims.get(source.value)
        value = held.get(name) if isinstance(held, dict) else None
        if isinstance(value, (str, int)) and str(value).strip():
            return str(value).strip(), source
    return None


def resolve(session: Session, recordings: Sequence[Recording]) -> dict[UUID, Claimed]:
    """Of each recording. The columns hold where they are set, else what was said."""
    said = {
        one.id: {name: claim(one.claims, name) for name in ("officer", "recorder", "event", "case")}
        for one in recordings
    }

    def words(name: str, without: str | None = None) -> set[str]:
        return {
            found[0]
            for one in recordings
            if (found := said[one.id][name]) and (without is None or getattr(one, without) is None)
        }

    officers, recorders = _people_and_recorders(
        session,
        {one.officer_id for one in recordings} - {None},
        words("officer", "officer_id"),
        {one.recorder_id for one in recordings} - {None},
        words("recorder", "recorder_id"),
    )
    events = {word: event.id for word in words("event") if (event := find_event(session, word))}
    cases = find_cases(session, words("case"))
    strange = {
        known.id
        for one in recordings
        if (said_case := said[one.id]["case"])
        and (known := cases.get(said_case[0]))
        and known.squad_id != one.squad_id
    }
    works_on = _works_on(session, strange)
    found = {}
    for one in recordings:
        officer, recorder, event, case = (said[one.id][x] for x in ("officer", "recorder", "event", "case"))
        known = cases.get(case[0]) if case else None
        found[one.id] = Claimed(
            officer=officers.get(one.officer_id or (officer[0] if officer else None)),
            officer_source=officer[1] if officer else Source.declared,
            recorder=recorders.get(one.recorder_id or (recorder[0] if recorder else None)),
            event_id=events.get(event[0]) if event else None,
            case=known,
            case_number=known.label if known else case[0] if case else "",
            case_source=case[1] if case else Source.declared,
            case_foreign=known is not None
            and known.squad_id != one.squad_id
            and (one.squad_id, known.id) not in works_on,
        )
    return found


_NAMES = text(
    """
    SELECT 'officer' AS what, id, certificate_no AS label, squad_id FROM officers
    WHERE id = ANY(CAST(:officers AS uuid[])) OR certificate_no = ANY(CAST(:numbers AS text[]))
    UNION ALL
    SELECT 'recorder', id, serial, squad_id FROM recorders
    WHERE id = ANY(CAST(:recorders AS uuid[])) OR serial = ANY(CAST(:serials AS text[]))
    """
)


def _people_and_recorders(
    session: Session, officers: set, numbers: set[str], recorders: set, serials: set[str]
) -> tuple[dict[Any, Person], dict[Any, Named]]:
    """By id, and by certificate number or serial."""
    people: dict[Any, Person] = {}
    devices: dict[Any, Named] = {}
    if not (officers or numbers or recorders or serials):
        return people, devices
    asked = {"officers": officers, "numbers": numbers, "recorders": recorders, "serials": serials}
    for row in session.execute(_NAMES, {name: sorted(values) for name, values in asked.items()}):
        if row.what == "officer":
            people[row.id] = people[row.label] = Person(row.id, row.label)
        else:
            devices[row.id] = devices[row.label] = Named(row.id, row.label, row.squad_id)
    return people, devices


def find_event(session: Session, name: str) -> EnforcementEvent | None:
    """By its id or its external id; the surviving one, where it was merged into another."""
    found = [EnforcementEvent.external_id == name]
    if (known := as_id(name)) is not None:
        found.append(EnforcementEvent.id == known)
    event = session.scalars(
        select(EnforcementEvent).where(or_(*found)).execution_options(populate_existing=True)
    ).first()
    while event is not None and event.merged_into is not None:
        event = session.get(EnforcementEvent, event.merged_into, populate_existing=True)
    return event


def find_case(session: Session, name: str) -> Case | None:
    """By its id or its number, however that is written."""
    found = find_cases(session, [name]).get(name)
    return session.get(Case, found.id) if found else None


def find_cases(session: Session, names: Iterable[str]) -> dict[str, Named]:
    wanted = {name: as_id(name) or case_number_fold(name) for name in names}
    if not wanted:
        return {}
    ids = [key for key in wanted.values() if isinstance(key, UUID)]
    folded = [key for key in wanted.values() if isinstance(key, str)]
    rows = session.execute(
        select(Case.id, Case.number, Case.number_folded, Case.squad_id).where(
            or_(Case.id.in_(ids), Case.number_folded.in_(folded))
        )
    ).all()
    known: dict[UUID | str, Named] = {}
    for row in rows:
        known[row.id] = known[row.number_folded] = Named(row.id, row.number, row.squad_id)
    return {name: known[key] for name, key in wanted.items() if key in known}


def as_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _works_on(session: Session, case_ids: set[UUID]) -> set[tuple[UUID, UUID]]:
    """Pairs of squad and case: one of the squad's events belongs to the case."""
    if not case_ids:
        return set()
    rows = session.execute(
        select(EnforcementEvent.squad_id, EnforcementEvent.case_id)
        .where(EnforcementEvent.case_id.in_(case_ids))
        .distinct()
    )
    return {(row.squad_id, row.case_id) for row in rows}
