"""What the claims of recordings resolve to today; officers, recorders, events and cases may be imported later."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlmodel import Session

from schemas.cases import Case
from schemas.claims import CLAIMABLE, Claimable
from schemas.claims import Claims as Said
from schemas.events import EnforcementEvent
from schemas.recordings import Recording
from service.access.acquainted import knows_officer, knows_recorder
from service.finding.linking.evidence import Person, Source
from service.kernel import keys
from service.kernel.ids import as_id
from service.kernel.keys import fold
from service.kernel.round_trip import Asked, together
from service.registry.cases.rules import case_number_fold


@dataclass(frozen=True)
class Named:
    """A recorder by its serial, or a case by its number."""

    id: UUID
    label: str
    squad_id: UUID


@dataclass(frozen=True)
class Claimed:
    """Officer and recorder as far as the recording's squad knows them. `foreign`: the case is another squad's, and none
    of this squad's events belongs to it. `officer_squad`: where the officer belongs."""

    officer: Person | None = None
    officer_squad: UUID | None = None
    officer_source: Source = Source.declared
    recorder: Named | None = None
    recorder_source: Source = Source.declared
    event_id: UUID | None = None
    event_source: Source = Source.declared
    case: Named | None = None
    case_number: str = ""
    case_source: Source = Source.declared
    case_foreign: bool = False


def claim(claims: Said, name: Claimable) -> tuple[str, Source] | None:
    """What was said under `name`: by the uploader, else in the sidecar, else in the file name."""
    for source in (Source.declared, Source.sidecar, Source.file_name):
        held = claims if source == Source.declared else claims.get(source.value)
        value = held.get(name) if isinstance(held, dict) else None
        if isinstance(value, (str, int)) and str(value).strip():
            guessed = source == Source.file_name and claims.get("file_name", {}).get("guessed")
            return str(value).strip(), Source.guess if guessed else source
    return None


class Claims:
    """Those of some recordings, and what has to be asked to resolve them. The columns hold where they are set, else
    what was said."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self.said = {one.id: {name: claim(one.claims, name) for name in CLAIMABLE} for one in recordings}
        self.cases = {name: as_id(name) or case_number_fold(name) for name in self.words("case")}
        self.known: dict[str, list[Any]] = {
            "officers": sorted({one.officer_id for one in recordings if one.officer_id}),
            "numbers": sorted(set(map(fold, self.words("officer", "officer_id")))),
            "squads": sorted({one.squad_id for one in recordings}),
            "recorders": sorted({one.recorder_id for one in recordings if one.recorder_id}),
            "serials": sorted(set(map(fold, self.words("recorder", "recorder_id")))),
            "cases": sorted(key for key in self.cases.values() if isinstance(key, UUID)),
            "folded": sorted(key for key in self.cases.values() if isinstance(key, str)),
        }

    def words(self, name: Claimable, without: str | None = None) -> set[str]:
        return {
            found[0]
            for one in self.recordings
            if (found := self.said[one.id][name]) and (without is None or getattr(one, without) is None)
        }

    @property
    def asked(self) -> Asked:
        return NAMED, self.known

    def found_cases(self, rows: Iterable[Any]) -> dict[str, Named]:
        """By what was said."""
        known = {
            key: Named(row.id, row.label, row.squad_id)
            for row in rows
            if row.what == "case"
            for key in (row.id, row.folded)
        }
        return {name: known[key] for name, key in self.cases.items() if key in known}

    def resolved(self, rows: Sequence[Any], events: Mapping[str, UUID]) -> dict[UUID, Claimed]:
        """`rows`: of `asked`; `events`: of `find_events`."""
        known: dict[tuple[str, Any], Any] = {
            (row.what, key): row for row in rows if row.what != "case" for key in (row.id, row.folded)
        }
        cases = self.found_cases(rows)
        works_on: dict[UUID, list[UUID]] = {row.id: row.squads for row in rows if row.what == "case"}

        def meant(what: str, column: UUID | None, said: tuple[str, Source] | None, squad_id: UUID) -> Any:
            if column is not None:
                return known.get((what, column))
            row = known.get((what, fold(said[0]))) if said else None
            return row if row is not None and squad_id in row.squads else None

        found = {}
        for one in self.recordings:
            officer, recorder, event, case = (
                self.said[one.id][x] for x in ("officer", "recorder", "event", "case")
            )
            of_case = cases.get(case[0]) if case else None
            who = meant("officer", one.officer_id, officer, one.squad_id)
            what = meant("recorder", one.recorder_id, recorder, one.squad_id)
            found[one.id] = Claimed(
                officer=Person(who.id, who.label) if who else None,
                officer_squad=who.squad_id if who else None,
                officer_source=officer[1] if officer else Source.declared,
                recorder=Named(what.id, what.label, what.squad_id) if what else None,
                recorder_source=recorder[1] if recorder else Source.declared,
                event_id=events.get(event[0]) if event else None,
                event_source=event[1] if event else Source.declared,
                case=of_case,
                case_number=of_case.label if of_case else case[0] if case else "",
                case_source=case[1] if case else Source.declared,
                case_foreign=of_case is not None
                and of_case.squad_id != one.squad_id
                and one.squad_id not in works_on[of_case.id],
            )
        return found


# `squads`: of the recordings' those that know the officer or the recorder; of a case all that have an event of it.
NAMED = text(
    f"""
    SELECT 'officer' AS what, id, certificate_no AS label, squad_id,
           CASE WHEN double_of IS NULL THEN folded END AS folded,
           ARRAY(SELECT s FROM unnest(CAST(:squads AS uuid[])) AS s WHERE {knows_officer("s")}) AS squads
    FROM officers
    WHERE id = ANY(CAST(:officers AS uuid[])) OR (folded = ANY(CAST(:numbers AS text[])) AND double_of IS NULL)
    UNION ALL
    SELECT 'recorder', id, serial, squad_id, CASE WHEN double_of IS NULL THEN folded END,
           ARRAY(SELECT s FROM unnest(CAST(:squads AS uuid[])) AS s WHERE {knows_recorder("s")})
    FROM recorders
    WHERE id = ANY(CAST(:recorders AS uuid[])) OR (folded = ANY(CAST(:serials AS text[])) AND double_of IS NULL)
    UNION ALL
    SELECT 'case', id, number, squad_id, number_folded,
           ARRAY(SELECT DISTINCT e.squad_id FROM enforcement_events e WHERE e.case_id = cases.id)
    FROM cases WHERE id = ANY(CAST(:cases AS uuid[])) OR number_folded = ANY(CAST(:folded AS text[]))
    """
)


def resolve(session: Session, claims: Claims) -> dict[UUID, Claimed]:
    """Of each recording."""
    events = find_events(session, claims.words("event"))
    return claims.resolved(together(session, claims.asked)[0], events)


def find_events(session: Session, names: Iterable[str]) -> dict[str, UUID]:
    """As `find_event`, of many; most recordings name none."""
    return {name: event.id for name in sorted(names) if (event := find_event(session, name))}


def find_event(session: Session, name: str) -> EnforcementEvent | None:
    """By its id or its external id; the surviving one, where it was merged into another."""
    found = [keys.known(EnforcementEvent, [name])]
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
