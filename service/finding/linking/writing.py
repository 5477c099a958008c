"""Keeps the machine's links of recordings as the rules decide them, whatever happened in which order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, select, text
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.links import Link, LinkState
from schemas.recordings import Recording, RecordingState
from service.finding.linking import acts, rules
from service.finding.linking.evidence import Decision, Limits
from service.finding.linking.facts import Gathered, gather_all, limits
from service.finding.linking.relink import FIELD_LOCK
from service.footage.announcements.actions import keep_due
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.custody import Act, record
from service.kernel.round_trip import Asked, together

MACHINE = "linking"

_LOCK = text(
    """
    SELECT pg_advisory_xact_lock(key) FROM
    (SELECT key FROM unnest(CAST(:keys AS bigint[])) AS t (key) ORDER BY key) AS sorted
    """
)


# A job's row is taken before the lock: so when the link job has to be asked for again, the lock is not taken yet.
_LOCK_IF_FREE = text(
    """
    WITH field AS MATERIALIZED (
        SELECT CASE WHEN pg_try_advisory_lock_shared(:field) THEN pg_advisory_unlock_shared(:field) ELSE false END AS free
    )
    SELECT free, CASE WHEN free THEN pg_advisory_xact_lock(:key) END AS locked FROM field
    """
)


def lock_if_free(recording_id: UUID) -> Asked:
    """`lock_recording_links`, unless another transaction is between `announce_change` and its end; answers `free`.
    Never waits for that one, and keeps it not waiting: a change that begins later finds the recording, which is
    committed, and asks for its link again."""
    return _LOCK_IF_FREE, {"field": FIELD_LOCK, "key": links_key(recording_id)}


@dataclass
class Kept:
    """`links`: all of each recording, also those that persons decided. `events`: of every link that was read or
    written, for their coverage. `changed`: recordings whose search document is old by it."""

    links: dict[UUID, list[Link]] = field(default_factory=lambda: defaultdict(list))
    events: set[UUID] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)


def lock_recording_links(session: Session, recording_id: UUID) -> None:
    """One at a time per recording. Not a row lock: stages update the recording's row while holding a job's,
    and this waits for neither."""
    lock_links(session, [recording_id])


def lock_links(session: Session, recording_ids: Iterable[UUID]) -> None:
    together(session, (_LOCK, {"keys": sorted({links_key(one) for one in recording_ids})}))


def links_key(recording_id: UUID) -> int:
    return int.from_bytes(recording_id.bytes[8:], signed=True)


def keep_links(session: Session, recording_id: UUID, rule: Limits | None = None) -> list[Link]:
    """Recomputes the machine's links, and the coverage of the events that this concerns; a link that a person decided
    stays as it is. Answers all links. The caller holds `lock_recording_links`."""
    kept = keep_many(session, [recording_id], rule=rule)
    changed(session, EnforcementEvent, kept.events, {"links"})
    return kept.links[recording_id]


def keep_many(
    session: Session,
    recording_ids: Sequence[UUID],
    by: Actor | str = MACHINE,
    rule: Limits | None = None,
) -> Kept:
    """The same for many, whose facts are read together. The caller holds their locks and recounts afterwards.

    `by` stands in custody for whoever caused it. No column of a recording but its deadline is written here, and no
    job's row: a worker that holds one may be waiting for the caller.
    """
    kept = write_links(session, recording_ids, by, rule)
    changed(session, Recording, kept.changed, {"links"})
    return kept


def write_links(
    session: Session,
    recording_ids: Sequence[UUID],
    by: Actor | str = MACHINE,
    rule: Limits | None = None,
) -> Kept:
    """The links alone: what of them is found by words, and counted, is the caller's to bring up to date. `rule`: as
    the caller has just read it."""
    session.flush()
    rows = session.execute(_KEPT, {"ids": list(recording_ids)}).all()
    recordings = list({recording.id: recording for recording, _ in rows}.values())
    existing: dict[UUID, list[Link]] = defaultdict(list)
    for recording, link in rows:
        if link is not None:
            existing[recording.id].append(link)
    kept = Kept()
    alive = [one for one in recordings if one.merged_into is None and one.state != RecordingState.refused]
    rule = rule or limits(session)
    named = {
        one.id: [link.event_id for link in existing[one.id] if link.decided_by is not None and link.event_id]
        for one in alive
    }
    gathered = gather_all(session, alive, rule, named) if alive else {}
    for recording in recordings:
        links = existing[recording.id]
        wanted: list[Decision] = []
        if recording.id in gathered:
            wanted = _decide(gathered[recording.id], links, rule)
            _follow_time(recording, links, gathered[recording.id], rule)
        kept.events.update(link.event_id for link in links if link.event_id)
        kept.links[recording.id] = _apply(session, kept, recording, links, wanted, by)
        kept.events.update(link.event_id for link in kept.links[recording.id] if link.event_id)
    session.flush()
    for recording in recordings:
        keep_due(session, recording)
    return kept


# The recordings with their links, the best first.
_KEPT = (
    select(Recording, Link)
    .outerjoin(Link, Link.recording_id == Recording.id)
    .where(Recording.id.in_(bindparam("ids", expanding=True)))
    .order_by(Link.score.desc(), Link.id)
    .execution_options(populate_existing=True)
)


def links_of(session: Session, recording_id: UUID) -> list[Link]:
    return links_of_many(session, [recording_id])[recording_id]


def links_of_many(session: Session, recording_ids: Sequence[UUID]) -> dict[UUID, list[Link]]:
    """The best first."""
    found: dict[UUID, list[Link]] = defaultdict(list)
    for link in session.scalars(
        select(Link)
        .where(Link.recording_id.in_(recording_ids))
        .order_by(Link.score.desc(), Link.id)
        .execution_options(populate_existing=True)
    ):
        found[link.recording_id].append(link)
    return found


def _decide(known: Gathered, links: list[Link], rule: Limits) -> list[Decision]:
    decided = [link for link in links if link.decided_by is not None]
    return rules.decide(
        known.recording,
        known.events,
        rule,
        confirmed=_targets(decided, LinkState.confirmed),
        rejected=_targets(decided, LinkState.rejected),
        settled_cases=frozenset(link.case_id for link in decided if link.case_id),
    )


def _targets(links: list[Link], state: LinkState) -> frozenset[UUID]:
    return frozenset(link.event_id for link in links if link.event_id and link.state == state)


def _follow_time(recording: Recording, links: list[Link], known: Gathered, rule: Limits) -> None:
    """What of the recording belongs to a link that a person confirmed moves with the clock and with the event: by the
    seconds that the person chose, else by the overlap. It is never empty: where the times do not meet, the person
    knows better than they."""
    decided = [link for link in links if link.decided_by is not None and link.state != LinkState.rejected]
    if not decided:
        return
    found = rules.said(known.recording, known.events, rule)
    for link in decided:
        if link.event_id is None or link.event_id not in found:
            begun, part = recording.recorded_from, chosen_part(link, recording.recorded_from)
            if part is None:
                continue
        else:
            said = found[link.event_id]
            begun, part = said.begun, chosen_part(link, said.begun) or said.part
        taken = begun if begun != recording.recorded_from else None
        since, until = part or (None, None)
        if (link.taken_from, link.part_from, link.part_to) != (taken, since, until):
            link.taken_from, link.part_from, link.part_to = taken, since, until


def chosen_part(link: Link, begun: datetime | None) -> tuple[datetime, datetime] | None:
    if begun is None or link.part_start_s is None or link.part_end_s is None:
        return None
    return begun + timedelta(seconds=link.part_start_s), begun + timedelta(seconds=link.part_end_s)


def _apply(
    session: Session,
    kept: Kept,
    recording: Recording,
    existing: list[Link],
    wanted: list[Decision],
    by: Actor | str,
) -> list[Link]:
    held = {(link.event_id, link.case_id): link for link in existing}
    found = [link for link in existing if link.decided_by is not None]
    for decision in wanted:
        link = held.pop((decision.event_id, decision.case_id), None)
        if link is not None and link.decided_by is not None:
            continue
        values = _values(decision)
        if link is None:
            before = None
            link = Link(
                recording_id=recording.id,
                event_id=decision.event_id,
                case_id=decision.case_id,
                **values,
            )
            session.add(link)
        else:
            before = link.state
            for name, value in values.items():
                if getattr(link, name) != value:
                    setattr(link, name, value)
        found.append(link)
        if before != link.state:
            kept.changed.add(recording.id)
            _note(session, recording, link, acts.LINK, by, before)
    for link in held.values():
        if link.decided_by is None:
            kept.changed.add(recording.id)
            _note(session, recording, link, acts.UNLINK, by, link.state)
            session.execute(delete(Link).where(Link.id == link.id))
            session.expunge(link)
    return found


def _values(decision: Decision) -> dict:
    return {
        "state": decision.state,
        "score": decision.score,
        "reasons": [reason.stored() for reason in decision.reasons],
        "part_from": decision.part[0] if decision.part else None,
        "part_to": decision.part[1] if decision.part else None,
        "taken_from": None,
        "rule_version": rules.VERSION,
    }


def _note(
    session: Session, recording: Recording, link: Link, act: Act, by: Actor | str, before: str | None
) -> None:
    record(
        session,
        MACHINE,
        act,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        event=str(link.event_id) if link.event_id else None,
        case=str(link.case_id) if link.case_id else None,
        state=str(link.state) if act is acts.LINK else None,
        before=str(before) if before else None,
        score=link.score,
        rule=rules.VERSION,
        **({"caused_by": by.name} if isinstance(by, Actor) else {}),
    )
