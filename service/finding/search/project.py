"""Fills the search documents of recordings from the tables, in the transaction that changed them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.base import quoted
from schemas.cases import Campaign, Case
from schemas.claims import CLAIMABLE, Claims
from schemas.events import EnforcementEvent
from schemas.links import COUNTED
from schemas.recordings import Recording
from service.finding.search.documents import SearchDocument, remove_documents, turns, write_documents
from service.footage.announcements.rules import sidecar_of
from service.footage.tags import NO_FACETS
from service.kernel.changes import NEW, Changes, Reaction, Thing, anything, but, only
from service.kernel.round_trip import Asked, together
from service.registry.events.kinds import KINDS
from service.registry.events.policy import SUBJECTS
from service.registry.events.subjects import Subjects

BATCH = 500


def index_recordings(session: Session, recording_ids: Iterable[UUID]) -> None:
    """Rebuilds their documents; one that was merged into another has none."""
    ids = list(dict.fromkeys(recording_ids))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        known = _read(session, some, *([] if start else [turns(ids)]))
        write_documents(session, known.documents())
        gone = [one.id for one in known.recordings if one.merged_into is not None]
        if gone:
            remove_documents(session, gone)


def _settle(session: Session, changes: Changes) -> None:
    """Of a case, an event or a campaign the recordings that are linked to it are found by its new words at once."""
    ids = set(changes.ids(Recording))
    asked = {thing: changes.ids(thing) for thing in _FOUND_BY}
    found_by = [statement for thing, statement in _FOUND_BY.items() if asked[thing]]
    if found_by:
        known = {name: asked[thing] for thing, name in _NAMES.items()}
        ids.update(session.execute(text(" UNION ".join(found_by)), known).scalars())
    index_recordings(session, sorted(ids))


def documents(session: Session, recording_ids: list[UUID]) -> Iterator[SearchDocument]:
    """One round trip whatever the number of recordings."""
    yield from _read(session, recording_ids).documents()


def _read(session: Session, ids: list[UUID], *first: Asked) -> "_Known":
    asked = {"ids": ids}
    recordings, links, tags, names, stored = together(
        session,
        *first,
        (_RECORDINGS, asked),
        (_LINKS, asked),
        (_TAGS, asked),
        (_NAMES_OF, asked),
        (_SUBJECTS, {}),
    )[-5:]
    known = _Known(recordings, about=Subjects(stored[0].value if stored else SUBJECTS.default))
    for link in links:
        known.links[link.recording_id].append(link)
    for tag in tags:
        known.tags[tag.recording_id].append(tag)
    for arrival in names:
        known.names[arrival.recording_id].append(arrival.file_name)
    return known


@dataclass
class _Known:
    """Rows of the statements below; links, tags and the names of further arrivals by recording."""

    recordings: list[Any]
    about: Subjects
    links: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    tags: dict[UUID, list[Any]] = field(default_factory=lambda: defaultdict(list))
    names: dict[UUID, list[str]] = field(default_factory=lambda: defaultdict(list))

    def documents(self) -> Iterator[SearchDocument]:
        return (self._document(one) for one in self.recordings if one.merged_into is None)

    def _document(self, recording: Any) -> SearchDocument:
        """Of the linked events and cases only those that the recording's own squad may see: its events, its cases,
        and the cases in which one of its events lies.

        One document serves all readers, and a member's search reaches every recording of the squad: words of another
        squad's event would tell, by what finds the recording, what its page does not show. Those who see the whole
        bureau find such a recording by its own facts and by what was declared with it. `linked` counts every link.
        """
        links, tags = self.links[recording.id], self.tags[recording.id]
        own_squad = recording.squad_id
        events = {link.event_id: link for link in links if link.event_squad == own_squad}
        cases = {
            link.case_id: link
            for link in links
            if link.case_id is not None and (link.case_squad == own_squad or link.works_on)
        }
        people = {
            person: (number, name)
            for link in events.values()
            for person, number, name in zip(link.crew, link.numbers, link.names, strict=True)
        }
        if recording.officer_id is not None:
            people[recording.officer_id] = recording.certificate_no, recording.officer_name
        claims: Claims = recording.claims
        texts = [recording.file_name, *self.names[recording.id], recording.note]
        texts += [str(claims[name]) for name in CLAIMABLE if claims.get(name)]
        texts += [recording.squad_name, recording.squad_code]
        texts += [name for _number, name in people.values()]
        for event in events.values():
            texts += [event.title, event.party, event.object or "", event.place, KINDS[event.kind].said[0]]
            texts += self.about.all_words(event.subject)
            texts += [event.campaign] if event.campaign else []
        for case in cases.values():
            texts += [case.case_title, case.case_party, case.case_place]
        texts += [tag.value for tag in tags if tag.value]
        noted = sidecar_of(claims).get("note")
        texts += [str(noted)] if noted else []
        return SearchDocument(
            recording_id=recording.id,
            received_at=recording.received_at,
            squad_id=recording.squad_id,
            state=recording.state,
            media=recording.media or "",
            texts=tuple(dict.fromkeys(text for text in texts if text)),
            cases=tuple(value for key, case in cases.items() for value in (key, case.case_number)),
            events=tuple(
                value
                for key, event in events.items()
                for value in (key, event.external_id)
                if value is not None
            ),
            officers=tuple(value for key, (number, _name) in people.items() for value in (key, number)),
            recorders=(recording.recorder_id, recording.serial) if recording.recorder_id else (),
            kinds=tuple(dict.fromkeys(event.kind for event in events.values())),
            tags=tuple(dict.fromkeys(tag.name for tag in tags if tag.name not in NO_FACETS)),
            linked=bool(links),
            recorded_from=recording.recorded_from,
            lat=recording.latitude,
            lon=recording.longitude,
        )


# What is new is linked to nothing yet; a new event may make its case visible to a squad, which is the case's change.
_FOUND_BY: dict[Thing, str] = {
    EnforcementEvent: "SELECT recording_id FROM links WHERE event_id = ANY(CAST(:events AS uuid[]))",
    Case: """
        SELECT recording_id FROM links WHERE case_id = ANY(CAST(:cases AS uuid[])) UNION
        SELECT l.recording_id FROM links l JOIN enforcement_events e ON e.id = l.event_id
        WHERE e.case_id = ANY(CAST(:cases AS uuid[]))""",
    Campaign: """
        SELECT l.recording_id FROM links l JOIN enforcement_events e ON e.id = l.event_id
        WHERE e.campaign_id = ANY(CAST(:campaigns AS uuid[]))""",
}
_NAMES: dict[Thing, str] = {EnforcementEvent: "events", Case: "cases", Campaign: "campaigns"}
DOCUMENTS = Reaction(
    "search documents",
    {
        Recording: anything,
        EnforcementEvent: but(*NEW, "links", "explanations"),
        Case: but(*NEW),
        Campaign: only("name"),
    },
    _settle,
)
_RECORDINGS = text(
    """
    SELECT r.id, r.merged_into, r.squad_id, s.name AS squad_name, s.code AS squad_code, r.state, r.media, r.file_name, r.note,
           r.claims, r.received_at, r.recorded_from, r.latitude, r.longitude,
           r.officer_id, o.certificate_no, o.name AS officer_name, r.recorder_id, d.serial
    FROM recordings r JOIN squads s ON s.id = r.squad_id
    LEFT JOIN officers o ON o.id = r.officer_id LEFT JOIN recorders d ON d.id = r.recorder_id
    WHERE r.id = ANY(CAST(:ids AS uuid[]))
    """
)
# The events and cases of links that count; of a case whether an event of the recording's squad belongs to it.
_LINKS = text(
    f"""
    SELECT l.recording_id, l.event_id, e.squad_id AS event_squad, e.external_id, e.title, e.party, e.object, e.place,
           e.kind, e.subject, p.name AS campaign, crew.ids AS crew, crew.numbers, crew.names,
           c.id AS case_id, c.squad_id AS case_squad, c.number AS case_number, c.title AS case_title,
           c.party AS case_party, c.place AS case_place,
           EXISTS (SELECT FROM enforcement_events w WHERE w.case_id = c.id AND w.squad_id = r.squad_id) AS works_on
    FROM links l JOIN recordings r ON r.id = l.recording_id
    LEFT JOIN enforcement_events e ON e.id = l.event_id
    LEFT JOIN campaigns p ON p.id = e.campaign_id
    LEFT JOIN cases c ON c.id = coalesce(l.case_id, e.case_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(o.id ORDER BY o.certificate_no), '{{}}') AS ids,
               coalesce(array_agg(o.certificate_no ORDER BY o.certificate_no), '{{}}') AS numbers,
               coalesce(array_agg(o.name ORDER BY o.certificate_no), '{{}}') AS names
        FROM event_officers x JOIN officers o ON o.id = x.officer_id WHERE x.event_id = l.event_id
    ) AS crew
    WHERE l.recording_id = ANY(CAST(:ids AS uuid[])) AND l.state IN ({quoted(COUNTED)})
    ORDER BY l.created_at, l.id
    """
)
_TAGS = text(
    "SELECT recording_id, name, value FROM tags WHERE recording_id = ANY(CAST(:ids AS uuid[])) ORDER BY id"
)
# The same bytes may have come under several names.
_NAMES_OF = text(
    "SELECT DISTINCT recording_id, file_name FROM receipts WHERE recording_id = ANY(CAST(:ids AS uuid[]))"
    " AND outcome IN ('verified', 'duplicate') ORDER BY recording_id, file_name"
)
_SUBJECTS = text("SELECT value FROM policy_values WHERE name = 'event_subjects'")
