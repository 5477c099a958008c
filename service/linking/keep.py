"""Keeps the machine's links of one recording as the rules decide them, whatever happened in which order."""

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import Session

from schemas.links import Link, LinkState
from schemas.recordings import Recording, RecordingState
from service.access.actor import Actor
from service.custody.actions import record
from service.linking import rules
from service.linking.evidence import Decision
from service.linking.facts import gather, limits
from service.search.project import index_recording

MACHINE = "linking"
COUNTED = (LinkState.automatic, LinkState.confirmed)


def lock_recording_links(session: Session, recording_id: UUID) -> None:
    """One at a time per recording. Not a row lock: stages update the recording's row while holding a job's,
    and this waits for neither."""
    key = int.from_bytes(recording_id.bytes[8:], signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def keep_links(session: Session, recording_id: UUID, by: Actor | str = MACHINE) -> list[Link]:
    """Recomputes the machine's links; a link that a person decided stays as it is. Answers all links.

    `by` stands in custody for whoever caused it. The caller holds `lock_recording_links`.
    """
    session.flush()
    recording = session.scalars(
        select(Recording).where(Recording.id == recording_id).execution_options(populate_existing=True)
    ).first()
    if recording is None:
        return []
    existing = links_of(session, recording_id)
    decided = [link for link in existing if link.decided_by is not None]
    if recording.merged_into is not None or recording.state == RecordingState.refused:
        wanted: list[Decision] = []
    else:
        gathered = gather(session, recording, limits(session), [x.event_id for x in decided if x.event_id])
        wanted = rules.decide(
            gathered.recording,
            gathered.events,
            limits(session),
            confirmed=_targets(decided, LinkState.confirmed),
            rejected=_targets(decided, LinkState.rejected),
            settled_cases=frozenset(link.case_id for link in decided if link.case_id),
        )
        if recording.officer_id is None and gathered.claimed.officer is not None:
            recording.officer_id = gathered.claimed.officer.id
        if recording.recorder_id is None and gathered.claimed.recorder is not None:
            recording.recorder_id = gathered.claimed.recorder.id
        session.add(recording)
    kept = _apply(session, recording, existing, wanted, by)
    session.flush()
    index_recording(session, recording_id)
    return kept


def links_of(session: Session, recording_id: UUID) -> list[Link]:
    return list(
        session.scalars(
            select(Link)
            .where(Link.recording_id == recording_id)
            .order_by(Link.score.desc(), Link.id)
            .execution_options(populate_existing=True)
        )
    )


def _targets(links: list[Link], state: LinkState) -> frozenset[UUID]:
    return frozenset(link.event_id for link in links if link.event_id and link.state == state)


def _apply(
    session: Session,
    recording: Recording,
    existing: list[Link],
    wanted: list[Decision],
    by: Actor | str,
) -> list[Link]:
    held = {(link.event_id, link.case_id): link for link in existing}
    kept = [link for link in existing if link.decided_by is not None]
    for decision in wanted:
        link = held.pop((decision.event_id, decision.case_id), None)
        if link is not None and link.decided_by is not None:
            continue
        before = None if link is None else _shape(link)
        if link is None:
            link = Link(
                recording_id=recording.id,
                event_id=decision.event_id,
                case_id=decision.case_id,
                **_values(decision),
            )
        else:
            for name, value in _values(decision).items():
                if getattr(link, name) != value:
                    setattr(link, name, value)
        session.add(link)
        kept.append(link)
        if before is None or before[0] != link.state:
            _note(session, recording, link, "link", by, before[0] if before else None)
    for link in held.values():
        if link.decided_by is None:
            _note(session, recording, link, "unlink", by, link.state)
            session.execute(delete(Link).where(Link.id == link.id))
            session.expunge(link)
    return kept


def _values(decision: Decision) -> dict:
    return {
        "state": decision.state,
        "score": decision.score,
        "reasons": [reason.stored() for reason in decision.reasons],
        "part_from": decision.part[0] if decision.part else None,
        "part_to": decision.part[1] if decision.part else None,
        "rule_version": rules.VERSION,
    }


def _shape(link: Link) -> tuple:
    return (link.state, link.score)


def _note(
    session: Session, recording: Recording, link: Link, action: str, by: Actor | str, before: str | None
) -> None:
    record(
        session,
        MACHINE,
        action,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        event=str(link.event_id) if link.event_id else None,
        case=str(link.case_id) if link.case_id else None,
        state=str(link.state) if action == "link" else None,
        before=str(before) if before else None,
        score=link.score,
        rule=rules.VERSION,
        **({"caused_by": by.name} if isinstance(by, Actor) else {}),
    )
