"""Fills the search documents of recordings from the tables, in the transaction that changed them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.cases import Campaign, Case
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording, Tag
from service.events.subjects import subjects
from service.recordings.words import IDENTITY_TAGS
from service.search.documents import SearchDocument, remove_documents, write_documents

COUNTED = (LinkState.automatic, LinkState.confirmed)
# What each kind is called, so that the word itself finds it.
KIND_WORDS = {
    "inspection": "日常巡查",
    "evidence_collection": "调查取证",
    "document_delivery": "文书送达",
    "coercion": "行政强制",
}
BATCH = 500


def index_recording(session: Session, recording_id: UUID) -> None:
    index_recordings(session, [recording_id])


def index_recordings(session: Session, recording_ids: Iterable[UUID]) -> None:
    """Rebuilds their documents; one that was merged into another has none."""
    session.flush()
    ids = list(dict.fromkeys(recording_ids))
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        write_documents(session, documents(session, batch))
        gone = session.scalars(
            select(Recording.id).where(Recording.id.in_(batch), Recording.merged_into.is_not(None))
        ).all()
        if gone:
            remove_documents(session, gone)


def documents(session: Session, recording_ids: list[UUID]) -> Iterator[SearchDocument]:
    """A fixed number of queries whatever the number of recordings."""
    recordings = session.scalars(
        select(Recording)
        .where(Recording.id.in_(recording_ids), Recording.merged_into.is_(None))
        .execution_options(populate_existing=True)
    ).all()
    links = defaultdict(list)
    for row in session.execute(
        select(Link.recording_id, EnforcementEvent, Case)
        .outerjoin(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .outerjoin(Case, (Case.id == Link.case_id) | (Case.id == EnforcementEvent.case_id))
        .where(Link.recording_id.in_(recording_ids), Link.state.in_(COUNTED))
    ):
        links[row[0]].append((row[1], row[2]))
    tags = defaultdict(list)
    for tag in session.scalars(select(Tag).where(Tag.recording_id.in_(recording_ids))):
        tags[tag.recording_id].append(tag)
    case_ids = {case.id for pairs in links.values() for _, case in pairs if case is not None}
    works_on = {
        (squad_id, case_id)
        for squad_id, case_id in session.execute(
            select(EnforcementEvent.squad_id, EnforcementEvent.case_id)
            .where(EnforcementEvent.case_id.in_(case_ids))
            .distinct()
        )
    }
    event_ids = {event.id for pairs in links.values() for event, _ in pairs if event is not None}
    crews = defaultdict(list)
    for event_id, officer in session.execute(
        select(EventOfficer.event_id, Officer)
        .join(Officer, Officer.id == EventOfficer.officer_id)
        .where(EventOfficer.event_id.in_(event_ids))
    ):
        crews[event_id].append(officer)
    campaigns = _named(
        session, Campaign, {e.campaign_id for p in links.values() for e, _ in p if e is not None}
    )
    squads = _named(session, Squad, {recording.squad_id for recording in recordings})
    officers = _named(session, Officer, {recording.officer_id for recording in recordings})
    recorders = _named(session, Recorder, {recording.recorder_id for recording in recordings})
    about = subjects(session)
    for recording in recordings:
        yield _document(
            recording, links, works_on, tags, crews, campaigns, squads, officers, recorders, about
        )


def _named(session: Session, table, ids: set) -> dict:
    ids.discard(None)
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}


def _document(
    recording, links, works_on, tags, crews, campaigns, squads, officers, recorders, about
) -> SearchDocument:
    """Of the linked events and cases only those that the recording's own squad may see: its events, its cases,
    and the cases in which one of its events lies (`works_on`: pairs of squad and case).

    One document serves all readers, and a member's search reaches every recording of the squad: words of another
    squad's event would tell, by what finds the recording, what its page does not show. Those who see the whole
    bureau find such a recording by its own facts and by what was declared with it. `linked` counts every link.
    """
    pairs = links[recording.id]
    own_squad = recording.squad_id
    events = {event.id: event for event, _ in pairs if event is not None and event.squad_id == own_squad}
    cases = {
        case.id: case
        for _, case in pairs
        if case is not None and (case.squad_id == own_squad or (own_squad, case.id) in works_on)
    }
    own = officers.get(recording.officer_id)
    people = {officer.id: officer for event in events.values() for officer in crews[event.id]}
    if own is not None:
        people[own.id] = own
    recorder = recorders.get(recording.recorder_id)
    claims = recording.claims
    texts = [recording.file_name, recording.note]
    texts += [str(claims[name]) for name in ("recorder", "officer", "event", "case") if claims.get(name)]
    squad = squads.get(recording.squad_id)
    texts += [squad.name, squad.code] if squad else []
    texts += [officer.name for officer in people.values()]
    for event in events.values():
        texts += [event.title, event.party, event.place, KIND_WORDS[event.kind]]
        texts += about.all_words(event.subject)
        campaign = campaigns.get(event.campaign_id)
        texts += [campaign.name] if campaign else []
    for case in cases.values():
        texts += [case.title, case.party, case.place]
    texts += [tag.value for tag in tags[recording.id] if tag.value]
    sidecar = claims.get("sidecar")
    texts += [str(sidecar["note"])] if isinstance(sidecar, dict) and sidecar.get("note") else []
    return SearchDocument(
        recording_id=recording.id,
        received_at=recording.received_at,
        squad_id=recording.squad_id,
        state=recording.state,
        texts=tuple(dict.fromkeys(text for text in texts if text)),
        cases=tuple(value for case in cases.values() for value in (case.id, case.number)),
        events=tuple(
            value for event in events.values() for value in (event.id, event.external_id) if value is not None
        ),
        officers=tuple(value for person in people.values() for value in (person.id, person.certificate_no)),
        recorders=(recorder.id, recorder.serial) if recorder else (),
        kinds=tuple(dict.fromkeys(event.kind for event in events.values())),
        tags=tuple(dict.fromkeys(tag.name for tag in tags[recording.id] if tag.name not in IDENTITY_TAGS)),
        linked=bool(pairs),
        recorded_from=recording.recorded_from,
        lat=recording.latitude,
        lon=recording.longitude,
    )
