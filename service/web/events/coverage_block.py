"""Coverage on an event's page: the line of what was required and filmed, the gaps, what was explained or disputed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from schemas.coverage import Basis, DisputeAbout, DisputeState, ExplanationKind, ExplanationState
from schemas.events import EnforcementEvent
from schemas.recordings import Recording, RecordingState
from service.access.queries import visible_recordings
from service.access.rules import may
from service.finding.linking.words import LINKS
from service.footage.tags import tag_name
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment
from service.kernel.intervals import clip
from service.kernel.words import Word
from service.registry.clocks.words import length, rough_length
from service.registry.matters.words import STEPS
from service.supervision.coverage.status import Status
from service.supervision.coverage.timeline import Strip, Timeline, timeline
from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS, STATUSES
from service.supervision.disputes.approval import DISPUTE
from service.supervision.disputes.queries import list_disputes
from service.supervision.disputes.subjects import Subject, concerns
from service.supervision.explanations.approval import EXPLANATION
from service.supervision.explanations.queries import list_explanations
from service.web.frame.drawing import Axis, axis
from service.web.frame.views import Option, Ref
from service.web.two_persons.views import WishLine, wish_lines

SHOWN = 100
NEAR = timedelta(days=1)


@dataclass(slots=True)
class Bar:
    """A linked recording on the line; `kind`: confirmed, automatic, announced, unplayable, sparse; the last three
    record nothing. `shown`: where of it there really are samples; `notes`: what has to be said of that."""

    href: str
    label: str
    kind: str
    word: Word
    start: datetime
    end: datetime
    length: str
    shown: list[tuple[datetime, datetime]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class GapLine:
    """A gap that the matters list does not forgive. `asked`: an explanation of it waits."""

    start: datetime
    end: datetime
    place: str
    length: str
    explained: bool
    asked: bool


@dataclass(slots=True)
class EventCoverageView:
    """`status` None: the event was entered a moment ago and is not counted yet. Forms post to /events/{id}/{explain,dispute}."""

    id: str
    as_of: datetime
    status: Word | None
    confirmed: Word | None
    left_out: str | None
    required_from: datetime | None
    required_to: datetime | None
    share: float | None
    recorded: str
    due_at: datetime | None
    due: str
    pending: bool
    late: bool
    matter: Ref | None
    axis: Axis | None
    steps: list[Word] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    undated: list[Bar] = field(default_factory=list)
    elsewhere: int = 0
    gaps: list[GapLine] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)  # of what is recorded: picture black 30 s, …
    reasons: list[Option] = field(default_factory=list)
    explanations: list[WishLine] = field(default_factory=list)
    disputes: list[WishLine] = field(default_factory=list)
    recordings: list[Option] = field(default_factory=list)
    may_explain: bool = False
    may_exempt: bool = False
    may_dispute: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.bars) and not self.gaps


def event_block(session: Session, actor: Actor, event: EnforcementEvent) -> EventCoverageView:
    line = timeline(session, actor, event.id)
    wishes = list_explanations(session, actor, event=event.id, limit=SHOWN).items
    raised = list_disputes(session, actor, event=event.id, limit=SHOWN).items
    row = line.kept.get(Basis.counted)
    if row is None:
        return EventCoverageView(
            id=str(event.id), as_of=line.as_of, status=None, confirmed=None, left_out=None, required_from=None,
            required_to=None, share=None, recorded="", due_at=None, due="", pending=False, late=False, matter=None,
            axis=None,
        )  # fmt: skip
    kept = row.coverage
    counts = kept.excluded is None
    open_ = row.status in (Status.pending, Status.partly, Status.missing)
    confirmed = line.kept.get(Basis.confirmed)
    view = EventCoverageView(
        id=str(event.id),
        as_of=line.as_of,
        status=STATUSES[row.status],
        confirmed=STATUSES[confirmed.status] if confirmed and confirmed.status != row.status else None,
        left_out=_left_out(kept.excluded, kept.exempt),
        required_from=kept.required_from,
        required_to=kept.required_to,
        share=kept.recorded_s / kept.required_s if kept.required_to and kept.required_s else None,
        recorded=length(kept.recorded_s),
        due_at=kept.due_at if counts else None,
        due=_due(row.due_in_s, kept.last_received_at, kept.due_at),
        pending=row.due_in_s > 0 and open_,
        late=row.late,
        matter=_matter(actor, kept.matter_version),
        axis=_axis(line, kept.required_from, kept.required_to),
        steps=[STEPS[step] for step in line.rule.steps] if counts else [],
        elsewhere=line.elsewhere,
        beside=[f"{tag_name(name)} {length(count)}" for name, count in line.beside.items()],
        explanations=wish_lines(session, actor, EXPLANATION, wishes),
        disputes=wish_lines(session, actor, DISPUTE, raised),
    )
    for strip in line.strips:
        bar = _bar(strip)
        if view.axis is not None:
            bar.shown = clip(bar.shown, view.axis.start, view.axis.end)
        (view.bars if bar.start != bar.end else view.undated).append(bar)
    asked = [
        (one.gap_from, one.gap_to)
        for one in wishes
        if one.kind == ExplanationKind.gap_reason and one.state == ExplanationState.asked
    ]
    for start, end, place, explained in kept.gaps:
        since, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
        waits = any(a < until and since < b for a, b in asked if a and b)
        view.gaps.append(
            GapLine(since, until, place, length((until - since).total_seconds()), bool(explained), waits)
        )
    exempting = any(
        one.kind == ExplanationKind.exemption
        and one.state in (ExplanationState.asked, ExplanationState.approved)
        for one in wishes
    )
    view.reasons = [Option(name, str(word)) for name, word in EXEMPTIONS.items()]
    view.may_explain = counts and actor.has(*EXPLANATION.may_ask)
    view.may_exempt = view.may_explain and not exempting and open_
    mine = any(one.state == DisputeState.open and one.asked_by == actor.account_id for one in raised)
    view.may_dispute = (
        not mine
        and not actor.is_dock
        and concerns(session, actor, Subject(DisputeAbout.event, event.squad_id, event_id=event.id))
    )
    view.recordings = _own_recordings(session, actor, event) if view.may_dispute else []
    return view


def _matter(actor: Actor, version: int | None) -> Ref | None:
    if version is None:
        return None
    label = _("matters list version %(v)s", v=version) if version else _("the built-in default")
    return Ref(label, f"/matters/{version}" if may(actor.role, "see_board") else None)


def _own_recordings(session: Session, actor: Actor, event: EnforcementEvent) -> list[Option]:
    """Of the officer, made about that time: one of them may be what should have counted."""
    found = session.scalars(
        visible_recordings(actor)
        .where(
            Recording.officer_id == actor.officer_id,
            Recording.merged_into.is_(None),
            Recording.recorded_from.between(event.arrived_at - NEAR, event.arrived_at + NEAR),
        )
        .order_by(Recording.recorded_from)
        .limit(SHOWN)
    )
    return [Option(str(one.id), f"{moment(one.recorded_from)} {one.file_name}") for one in found]


def _left_out(excluded: str | None, exempt: str | None) -> str | None:
    if excluded:
        return str(EXCLUSIONS[excluded])
    return str(EXEMPTIONS[exempt]) if exempt else None


def _due(due_in_s: float, came: datetime | None, due_at: datetime) -> str:
    if due_in_s > 0:
        return _("{time} left").format(time=rough_length(due_in_s))
    if came is not None and came > due_at:
        return _("the last recording came {time} late").format(
            time=rough_length((came - due_at).total_seconds())
        )
    return _("over")


def _axis(line: Timeline, start: datetime, end: datetime | None) -> Axis | None:
    """Of a recording with a hole only the stretches that show some of it, or ten hours would be drawn for a minute."""
    moments = [start, end]
    for strip in line.strips:
        if len(strip.stretches) > 1:
            near = [one for one in strip.stretches if clip([one], start, end)]
            moments += [moment for one in near for moment in one]
        else:
            moments += [strip.start, strip.end]
    return axis(moments)


def _bar(strip: Strip) -> Bar:
    kind = str(strip.state) if strip.here else "announced"
    if strip.recording.state == RecordingState.unplayable:
        kind = "unplayable"
    elif strip.here and not strip.counts:
        kind = "sparse"
    start = strip.start or now()
    return Bar(
        href=f"/recordings/{strip.recording.id}",
        label=strip.recording.file_name or str(strip.recording.id),
        kind=kind,
        word=LINKS[strip.state],
        start=start,
        end=(strip.end or start) if strip.start else start,
        length=length((strip.end - strip.start).total_seconds()) if strip.start and strip.end else "",
        shown=list(strip.stretches),
        notes=_notes(strip) if kind not in ("announced", "unplayable") else [],
    )


def _notes(strip: Strip) -> list[str]:
    found = []
    if not strip.measured:
        found.append(_("not yet measured: its whole length counts"))
    if len(strip.stretches) > 1:
        recorded = sum((end - start).total_seconds() for start, end in strip.stretches)
        found.append(
            _("{time} recorded in {n} stretches").format(time=length(recorded), n=len(strip.stretches))
        )
    if strip.sparse:
        found.append(
            _("sparse, as its recorder takes them: it counts")
            if strip.counts
            else _("sparse: its pictures lie too far apart to count as recorded")
        )
    return found
