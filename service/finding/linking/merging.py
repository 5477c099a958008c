"""One act that was entered twice: merged into one event, on record, and taken back in one action."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session

from schemas.base import new_id
from schemas.cases import Case
from schemas.coverage import Explanation
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link
from schemas.people import Officer
from schemas.recordings import Recording
from service.access.actions import require
from service.access.queries import get_event
from service.finding.linking.actions import PUT_RIGHT
from service.finding.linking.errors import (
    MergeAcrossSquads,
    MergeFarApart,
    MergeIntoCancelled,
    MergeWithItself,
    NotMerged,
)
from service.finding.linking.evidence import Reason
from service.finding.linking.relink import LINK_JOBS
from service.finding.linking.writing import lock_links
from service.kernel.actor import Actor
from service.kernel.changes import changed, settle
from service.kernel.custody import Act, record
from service.registry.events import acts
from service.registry.events.actions import held_event, plain
from service.registry.events.errors import EventMerged
from service.registry.events.late import past_deadline

# What the surviving event takes over where it says nothing itself.
FILLED = (
    "case_id",
    "campaign_id",
    "subject",
    "party",
    "object",
    "place",
    "latitude",
    "longitude",
    "departed_at",
)
# Merged events are in no denominator: one that was missed must not vanish in one of another week.
ENTERED_TWICE = timedelta(days=1)
CARRIED = "merged"  # the reason that a carried link shows


def merge_event(session: Session, actor: Actor, event_id: UUID, into_id: UUID) -> EnforcementEvent:
    """Answers the surviving event. Officers are united, what it lacks is taken over, and what persons decided about
    links holds for it; a decision about it that a person made already stands. The machine's links are made anew."""
    require(actor, "edit_events")
    gone, survivor = _both(session, actor, event_id, into_id)
    if gone.merged_into == survivor.id:
        return survivor
    if gone.merged_into is not None or survivor.merged_into is not None:
        raise EventMerged(into=gone.merged_into or survivor.merged_into)
    if survivor.cancelled_at is not None:
        raise MergeIntoCancelled
    if gone.squad_id != survivor.squad_id:
        raise MergeAcrossSquads
    if abs(gone.arrived_at - survivor.arrived_at) > ENTERED_TWICE:
        raise MergeFarApart
    both = [gone.id, survivor.id]
    officers = _unite(session, gone.id, survivor.id)
    filled = _fill(gone, survivor)
    gone.merged_into = survivor.id
    session.add_all((gone, survivor))
    changed(session, EnforcementEvent, both)
    settle(session, through=LINK_JOBS)  # before the links of recordings are held
    carried = _carry(session, actor, gone, survivor)
    explained = _hand_explanations(session, gone.id, survivor.id)
    record(
        session, actor, acts.MERGE, "event", gone.id, squad_id=gone.squad_id,
        into=str(survivor.id), title=survivor.title, officers=officers, filled=filled, carried=carried,
        explanations=explained,
        **past_deadline(session, gone.id),
    )  # fmt: skip
    record(
        session, actor, acts.ABSORB, "event", survivor.id, squad_id=survivor.squad_id,
        absorbed=str(gone.id), title=gone.title, external_id=gone.external_id,
        officers=[number for number, _id in officers], filled=filled, **past_deadline(session, survivor.id),
    )  # fmt: skip
    changed(session, Case, [survivor.case_id], {"events"})
    return survivor


def unmerge_event(session: Session, actor: Actor, event_id: UUID) -> EnforcementEvent:
    """The merge taken back: both events as they were, but for what persons changed since."""
    require(actor, "edit_events")
    merged_into = get_event(session, actor, event_id).merged_into
    if merged_into is None:
        raise NotMerged
    gone, survivor = _both(session, actor, event_id, merged_into)
    if gone.merged_into != survivor.id:  # someone else was faster
        raise NotMerged
    told = session.scalars(
        select(CustodyEntry)
        .where(
            CustodyEntry.subject_kind == "event",
            CustodyEntry.subject_id == gone.id,
            CustodyEntry.action == acts.MERGE.code,
        )
        .order_by(CustodyEntry.id.desc())
        .limit(1)
    ).one()
    both = [gone.id, survivor.id]
    gone.merged_into = None
    case_before = survivor.case_id
    for name, value in told.detail["filled"].items():
        if plain(getattr(survivor, name)) == value:  # nobody changed it since
            setattr(survivor, name, "" if name in ("subject", "party", "place") else None)
    session.add_all((gone, survivor))
    session.execute(
        delete(EventOfficer).where(
            EventOfficer.event_id == survivor.id,
            EventOfficer.officer_id.in_(
                [UUID(officer_id) for _number, officer_id in told.detail["officers"]]
            ),
        )
    )
    changed(session, EnforcementEvent, both)
    settle(session, through=LINK_JOBS)  # before the links of recordings are held
    _carry_back(session, actor, gone, survivor, told.detail["carried"])
    # what was merged before explanations were carried has none to give back
    _hand_explanations(session, survivor.id, gone.id, told.detail.get("explanations", ()))
    record(
        session, actor, acts.UNMERGE, "event", gone.id, squad_id=gone.squad_id,
        into=str(survivor.id), title=survivor.title, **past_deadline(session, gone.id),
    )  # fmt: skip
    record(
        session, actor, acts.RELEASE, "event", survivor.id, squad_id=survivor.squad_id,
        absorbed=str(gone.id), title=gone.title, **past_deadline(session, survivor.id),
    )  # fmt: skip
    changed(session, Case, [case_before], {"events"})
    return gone


def _both(
    session: Session, actor: Actor, event_id: UUID, into_id: UUID
) -> tuple[EnforcementEvent, EnforcementEvent]:
    """Both in sight and locked, in one order for all who merge."""
    if event_id == into_id:
        raise MergeWithItself
    get_event(session, actor, event_id)
    held = {one: held_event(session, actor, one, merged=True) for one in sorted((event_id, into_id), key=str)}
    return held[event_id], held[into_id]


def _unite(session: Session, gone: UUID, survivor: UUID) -> list[tuple[str, str]]:
    """Numbers and ids of the officers that the surviving event did not have."""
    there = select(EventOfficer.officer_id).where(EventOfficer.event_id == survivor)
    missing = session.execute(
        select(Officer.certificate_no, Officer.id)
        .join(EventOfficer, EventOfficer.officer_id == Officer.id)
        .where(EventOfficer.event_id == gone, Officer.id.not_in(there))
        .order_by(Officer.certificate_no)
    ).all()
    session.add_all(EventOfficer(event_id=survivor, officer_id=officer_id) for _n, officer_id in missing)
    session.flush()
    return [(number, str(officer_id)) for number, officer_id in missing]


def _fill(gone: EnforcementEvent, survivor: EnforcementEvent) -> dict[str, str]:
    filled = {}
    for name in FILLED:
        theirs = getattr(gone, name)
        nothing = (None,) if name == "object" else (None, "")  # an empty object says that there was none
        if theirs in nothing or getattr(survivor, name) not in nothing:
            continue
        if name == "departed_at" and theirs < survivor.arrived_at:
            continue
        setattr(survivor, name, theirs)
        filled[name] = str(theirs)
    return filled


def _hand_explanations(
    session: Session, giving: UUID, taking: UUID, only: Sequence[str] | None = None
) -> list[str]:
    """Why the one was not recorded is why the other was not: what was asked, and what was decided, moves with the
    merge. Answers the ids."""
    statement = select(Explanation).where(Explanation.event_id == giving)
    if only is not None:
        statement = statement.where(Explanation.id.in_([UUID(one) for one in only]))
    locked = statement.order_by(Explanation.id).with_for_update()
    moved = session.scalars(locked.execution_options(populate_existing=True)).all()
    for one in moved:
        one.event_id = taking
    session.flush()
    return [str(one.id) for one in moved]


# ---- links that persons decided ------------------------------------------------------------------------


def _decided_links(session: Session, event_id: UUID) -> list[Link]:
    """Those of an event, the links of their recordings locked."""
    mine = select(Link).where(Link.event_id == event_id, Link.decided_by.is_not(None))
    lock_links(session, session.scalars(mine.with_only_columns(Link.recording_id)).all())
    return list(session.scalars(mine.order_by(Link.recording_id).execution_options(populate_existing=True)))


def _carry(
    session: Session, actor: Actor, gone: EnforcementEvent, survivor: EnforcementEvent
) -> list[dict[str, Any]]:
    """Answers what was done: each link as it was, whether it was carried, and whether a declaration was renamed."""
    done: list[dict[str, Any]] = []
    for link in _decided_links(session, gone.id):
        as_it_was = link.model_dump(mode="json", warnings=False)
        twin = session.scalars(
            select(Link).where(Link.recording_id == link.recording_id, Link.event_id == survivor.id)
        ).first()
        carried = twin is None or twin.decided_by is None
        superseded = twin if carried else link
        if superseded is not None:
            session.delete(superseded)
            session.flush()
        if carried:
            link.event_id = survivor.id
            link.reasons = [*link.reasons, Reason(CARRIED, {"event": gone.title}).stored()]
            session.add(link)
            session.flush()
        put_right = _rename_put_right(session, link.recording_id, gone.id, survivor.id)
        done.append({"link": as_it_was, "carried": carried, "put_right": put_right})
        _note(
            session, actor, acts.CARRY, link.recording_id, gone, survivor, as_it_was["state"], carried=carried
        )
    return done


def _carry_back(
    session: Session, actor: Actor, gone: EnforcementEvent, survivor: EnforcementEvent, carried: list[dict]
) -> None:
    lock_links(session, [UUID(one["link"]["recording_id"]) for one in carried])
    for one in carried:
        saved = Link.model_validate(one["link"])
        recording_id = _standing_for(session, saved.recording_id)
        held = session.get(Link, saved.id, populate_existing=True)
        if one["carried"] and (held is None or held.decided_by is None):
            continue  # a person took the decision back since
        if held is not None and (held.event_id, held.state, held.decided_at) == (
            survivor.id,
            saved.state,
            saved.decided_at,
        ):
            session.delete(held)
            session.flush()
            held = None
        _restore(session, saved, recording_id, gone.id, anew=held is not None)
        if one["put_right"]:
            _rename_put_right(session, recording_id, survivor.id, gone.id)
        _note(session, actor, acts.CARRY_BACK, recording_id, gone, survivor, str(saved.state))


def _restore(session: Session, saved: Link, recording_id: UUID, event_id: UUID, *, anew: bool) -> None:
    """`anew`: under an id of its own, because a person said something else under the old one since."""
    known = session.scalars(
        select(Link).where(Link.recording_id == recording_id, Link.event_id == event_id)
    ).first()
    if known is not None:
        session.delete(known)
        session.flush()
    values = saved.model_dump(warnings=False) | {"recording_id": recording_id, "event_id": event_id}
    session.add(Link(**values | ({"id": new_id()} if anew else {})))
    session.flush()


def _standing_for(session: Session, recording_id: UUID) -> UUID:
    """Two recordings of the same bytes are one since."""
    recording = session.get_one(Recording, recording_id)
    while recording.merged_into is not None:
        recording = session.get_one(Recording, recording.merged_into)
    return recording.id


def _rename_put_right(session: Session, recording_id: UUID, said: UUID, means: UUID) -> bool:
    """What a person declared in place of an earlier claim names the event that the link leads to, or undo would
    not find it."""
    recording = session.get_one(Recording, recording_id)
    session.refresh(recording, with_for_update=True)
    put_right = recording.claims.get(PUT_RIGHT) or {}
    if put_right.get("event") != str(said):
        return False
    recording.claims = recording.claims | {
        PUT_RIGHT: put_right | {"event": str(means)},
        "event": str(means),
    }
    session.add(recording)
    session.flush()
    changed(session, Recording, [recording.id], {"claims"})
    return True


def _note(
    session: Session,
    actor: Actor,
    act: Act,
    recording_id: UUID,
    gone: EnforcementEvent,
    survivor: EnforcementEvent,
    state: str,
    **more: Any,
) -> None:
    recording = session.get_one(Recording, recording_id)
    record(
        session, actor, act, "recording", recording.id, squad_id=recording.squad_id,
        event=str(survivor.id), merged=str(gone.id), state=state, **more,
    )  # fmt: skip
