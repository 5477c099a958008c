"""One recording with everything that hangs on it, as its page shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.cases import Case
from schemas.claims import SaidAlso
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from schemas.jobs import Job, JobKind, JobState
from schemas.links import Link, LinkState
from schemas.originals import MediaFacts, Original, ProbeFacts, Rendition, RenditionKind
from schemas.recorders import Recorder
from schemas.recording_clock import RecordingClock
from schemas.recordings import Playback, PlaysToo, Receipt, ReceiptOutcome, Recording, Tag
from service.access.queries import (
    squad_scope,
    visible_cases,
    visible_custody,
    visible_events,
    visible_links,
    visible_receipts,
    visible_recordings,
)
from service.access.rules import may
from service.finding.linking.positions import part_shown
from service.finding.linking.words import said
from service.finding.search.cards import cards
from service.footage.recordings.needs import is_film, shown_stream
from service.footage.recordings.playing import Playing, may_download, playing
from service.footage.recordings.times import may_correct
from service.footage.recordings.words import (
    PARAMETERS,
    doubts,
    format_name,
    reason_sentence,
    said_also,
)
from service.footage.stretches import LAID_WITHIN_S, Footage, seconds
from service.footage.tags import tag_group, tag_label, tag_source
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment
from service.kernel.job_kinds import KINDS
from service.kernel.jobs import jobs_of
from service.registry.clocks.words import basis_sentence, claim_source, doubt, off, recorder_path
from service.web.announcements.views import announced_view
from service.web.custody.views import entry_view
from service.web.frame.views import Ref
from service.web.recordings import views
from service.web.recordings.stretches import footage_view

CUSTODY_SHOWN = 60
RECEIPT_WORDS = {
    ReceiptOutcome.pending: "accepted",
    ReceiptOutcome.verified: "accepted",
    ReceiptOutcome.duplicate: "same_bytes",
    ReceiptOutcome.mismatch: "hash_mismatch",
    ReceiptOutcome.quarantined: "refused",
}


def detail(session: Session, actor: Actor, recording: Recording) -> views.Recording:
    original = session.get(Original, recording.original_id) if recording.original_id else None
    links = link_views(session, actor, _links_of(session, actor, recording.id))
    receipts = session.scalars(
        visible_receipts(actor).where(Receipt.recording_id == recording.id).order_by(Receipt.received_at)
    ).all()
    tags = session.scalars(
        select(Tag).where(Tag.recording_id == recording.id).order_by(Tag.start_s.nulls_first(), Tag.name)
    )
    custody = session.scalars(_custody_of(actor, recording.id)) if may(actor.role, "see_custody") else ()
    footage = Footage.of(recording, original)
    return views.Recording(
        card=cards(session, actor, [recording])[0],
        original=_original(session, actor, recording, original, receipts),
        player=player(session, actor, recording, original),
        footage=footage_view(session, recording, original, footage),
        clock=_clock(session, actor, recording),
        location=_location(recording),
        missing=_missing(recording, original),
        tags=[
            views.Tag(
                label=tag_label(tag),
                kind=tag_group(tag),
                source=tag_source(tag),
                confidence=tag.confidence,
                from_s=tag.start_s,
                to_s=tag.end_s,
            )
            for tag in tags
        ],
        links=[link for link in links if link.status != LinkState.offered],
        offered=[link for link in links if link.status == LinkState.offered],
        jobs=job_views(session, actor, recording),
        receipts=[_receipt(session, receipt, recording.claims.get("also", [])) for receipt in receipts],
        custody=[entry_view(entry) for entry in custody],
        claims=_unknown_claims(recording),
        may_decide=may(actor.role, "link"),
        may_make_event=may(actor.role, "edit_events")
        and recording.state != "refused"
        and not any(link.status in ("confirmed", "automatic") for link in links),
        announced=announced_view(actor, recording),
    )


def _custody_of(actor: Actor, recording_id: UUID) -> Select[CustodyEntry]:
    return (
        visible_custody(actor)
        .where(CustodyEntry.subject_kind == "recording", CustodyEntry.subject_id == recording_id)
        .order_by(CustodyEntry.id.desc())
        .limit(CUSTODY_SHOWN)
    )


def _links_of(session: Session, actor: Actor, recording_id: UUID) -> Sequence[Link]:
    order = {LinkState.confirmed: 0, LinkState.automatic: 1, LinkState.offered: 2, LinkState.rejected: 3}
    links = session.scalars(visible_links(actor).where(Link.recording_id == recording_id)).all()
    return sorted(links, key=lambda link: (order[LinkState(link.state)], -link.score, str(link.id)))


def link_views(
    session: Session, actor: Actor, links: Sequence[Link], *, with_recordings: bool = False
) -> list[views.Link]:
    """Links whose event or case the actor may not see are left out."""
    events = {
        event.id: event
        for event in session.scalars(
            visible_events(actor).where(
                EnforcementEvent.id.in_({link.event_id for link in links if link.event_id})
            )
        )
    }
    case_ids = {link.case_id for link in links if link.case_id}
    case_ids |= {event.case_id for event in events.values() if event.case_id}
    cases = {case.id: case for case in session.scalars(visible_cases(actor).where(Case.id.in_(case_ids)))}
    deciders = {
        account.id: account.display_name or account.username
        for account in session.scalars(
            select(Account).where(Account.id.in_({link.decided_by for link in links if link.decided_by}))
        )
    }
    filmed = visible_recordings(actor).where(Recording.id.in_({link.recording_id for link in links}))
    begun = filmed.outerjoin(Original, Original.id == Recording.original_id).with_only_columns(
        Recording.id, Recording.recorded_from, Recording.sample, Original.stretches
    )
    starts = {row.id: row for row in session.execute(begun)}
    recording_cards = {}
    if with_recordings:
        found = session.scalars(filmed).all()
        recording_cards = {UUID(card.id): card for card in cards(session, actor, found)}
    result = []
    for link in links:
        event = events.get(link.event_id) if link.event_id else None
        case_id = link.case_id or (event.case_id if event else None)
        case = cases.get(case_id) if case_id else None
        if event is not None:
            target = Ref(event.title, f"/events/{event.id}")
        elif case is not None:
            target = Ref(_("Case {number}, no event").format(number=case.number), f"/cases/{case.id}")
        else:
            continue
        result.append(
            views.Link(
                id=str(link.id),
                status=str(link.state),
                score=link.score,
                reasons=said(link.reasons),
                event=target,
                kind=event.kind if event else None,
                place=event.place if event else None,
                arrived=event.arrived_at if event else None,
                departed=event.departed_at if event else None,
                case=Ref(case.number, f"/cases/{case.id}") if case else None,
                recording=recording_cards.get(link.recording_id),
                decided_by=deciders.get(link.decided_by) if link.decided_by else None,
                decided_at=link.decided_at,
                **_part(link, starts.get(link.recording_id)),
                made=bool(link.reasons) and link.reasons[0].get("code") == "made_from",
            )
        )
    return result


def _part(link: Link, of: Any) -> dict[str, Any]:
    """`of`: a row of `starts` there, None where the recording is not the caller's to see."""
    if of is None:
        return part_shown(link, None)
    return part_shown(link, of.recorded_from, () if of.sample else seconds(of.stretches or ()))


def job_view(
    job: Job, *, may_retry: bool, recording: Ref | None = None, squad: str | None = None
) -> views.Job:
    state = "waiting" if job.state == JobState.queued else str(job.state)
    since = {"waiting": job.requested_at, "running": job.started_at}.get(state, job.finished_at)
    took = (
        (job.finished_at - job.started_at).total_seconds()
        if job.finished_at and job.started_at and state in ("done", "failed")
        else None
    )
    return views.Job(
        id=str(job.id),
        kind=str(job.kind),
        state=state,
        attempt=job.tries if state != "done" else max(job.tries, 1),
        attempts=job.max_tries,
        progress=job.progress if state == "running" else None,
        reason=reason_sentence(job.reason, job.reason_params),
        since=since,
        took_s=took,
        may_retry=may_retry and state == "failed",
        recording=recording,
        squad=squad,
    )


IN_ORDER = list(KINDS)


def job_views(session: Session, actor: Actor, recording: Recording) -> list[views.Job]:
    subjects = [recording.id, *([recording.original_id] if recording.original_id else [])]
    found = sorted(jobs_of(session, subjects), key=lambda job: IN_ORDER.index(job.kind))
    shown = [job_view(job, may_retry=may(actor.role, "retry_jobs")) for job in found]
    for job in shown:
        # Work done before these bytes came would tell that another squad had sent them.
        job.since = max(job.since, recording.received_at) if job.since else None
    return shown


def player(session: Session, actor: Actor, recording: Recording, original: Original | None) -> views.Player:
    base = f"/api/v1/recordings/{recording.id}"
    kinds = (
        {
            row.kind: row
            for row in session.scalars(
                select(Rendition).where(Rendition.original_id == original.id, Rendition.position == 0)
            )
        }
        if original
        else {}
    )
    if RenditionKind.picture in kinds and recording.state != "refused":
        return views.Player(picture=f"{base}/picture", poster=f"{base}/poster")
    plays = playing(session, actor, recording)
    if original is None or recording.state == "refused" or not (plays.row or is_film(original)):
        note = reason_sentence(recording.reason, recording.reason_params)
        if recording.state == "announced":
            note = _("A station announced it; it can be watched when its bytes have come.")
        return views.Player(
            note=note or _("It is being made watchable; this page shows it as soon as it is.")
        )
    footage, shown = Footage.of(recording, original), shown_stream(original)
    video = kinds.get(RenditionKind.video)
    small = views.File(
        src=f"{base}/video" if video else None,
        begins_s=_begins_s("video", video, footage, original.media),
        bits=_bits(video.size if video else None, footage),
    )
    width, height = shown.get("width"), shown.get("height")
    return views.Player(
        file=_file(f"{base}/playback", plays, footage, original),
        original=_by_codec(session, actor, recording, original, plays.codec, footage),
        codec=plays.codec,
        type=plays.codec_type,
        video=small,
        making=_making(session, original, plays.wants or JobKind.renditions),
        plain=plays.wants == JobKind.plain,
        ask=f"{base}/playback" if is_film(original) else None,
        format=format_name(shown.get("codec")),
        size=(width, height) if width and height else None,
        poster=f"{base}/poster" if RenditionKind.poster in kinds else None,
        sprite_vtt=f"{base}/sprite.vtt" if RenditionKind.sprite_map in kinds else None,
        peaks=f"{base}/waveform" if RenditionKind.waveform in kinds else None,
        audio_only=shown.get("kind") == "audio",
        fps=shown.get("fps"),
    )


def _file(src: str, plays: Playing, footage: Footage, original: Original) -> views.File | None:
    """The original, or a copy of its streams, made or to be made; None where nothing but the smaller one plays."""
    if plays.wants == JobKind.plain:
        return views.File(begins_s=_begins_s("remux", None, footage, original.media))
    if plays.how not in (Playback.original, Playback.remux):
        return None
    size = plays.row.size if plays.row and plays.row.store_key else original.size
    return views.File(src, _begins_s(plays.how, None, footage, original.media), _bits(size, footage))


def _by_codec(
    session: Session,
    actor: Actor,
    recording: Recording,
    original: Original,
    codec: PlaysToo | None,
    footage: Footage,
) -> views.File | None:
    if codec is None:
        return None
    plays = playing(session, actor, recording, codec)
    return _file(f"/api/v1/recordings/{recording.id}/playback?plays={codec}", plays, footage, original)


def _making(session: Session, original: Original, kind: JobKind) -> str | None:
    jobs = [job for job in jobs_of(session, [original.id]) if job.kind == kind]
    state = jobs[0].state if jobs else JobState.done
    return "waiting" if state == JobState.queued else None if state == JobState.done else str(state)


def _bits(size: int | None, footage: Footage) -> float | None:
    return round(8 * size / footage.recorded_s) if size and footage.recorded_s else None


def _begins_s(
    made_from: str | None, video: Rendition | None, footage: Footage, media: MediaFacts
) -> float | None:
    """Where the recording's first sample lies in what plays; None where that is the stretches and nothing else. The
    original itself has its holes, and so has a rendition of before they were known. Browsers keep an original's own times;
    ffmpeg lets a copy begin with what comes first, be it the picture or the sound."""
    if made_from == "video" and footage.stretches:
        made_s = video.facts.get("duration_s") if video else None
        near_s = max(LAID_WITHIN_S, 0.01 * footage.recorded_s)
        if made_s is None or abs(made_s - footage.recorded_s) <= near_s:
            return None
    verdict, streams = media.get("verdict") or {}, (media.get("probe") or {}).get("streams", [])
    chosen = [index for index in (verdict.get("video"), verdict.get("audio")) if index is not None]
    starts = {stream.get("index"): stream.get("start_s") or 0.0 for stream in streams}
    if not chosen:
        return 0.0
    shown_s = starts.get(chosen[0], 0.0)
    first_s = 0.0 if made_from == "original" else min(starts.get(one, 0.0) for one in chosen)
    return max(0.0, round(shown_s - first_s, 3))


def _original(
    session: Session,
    actor: Actor,
    recording: Recording,
    original: Original | None,
    receipts: Sequence[Receipt],
) -> views.Original:
    if original is None:
        last = receipts[-1] if receipts else None
        return views.Original(
            size=last.size if last else 0,
            sha256=last.stored_sha256 if last else None,
            lock="not_locked" if recording.state == "refused" else "pending",
        )
    probe: ProbeFacts = original.media.get("probe") or {}
    locked = original.locked_until is not None
    return views.Original(
        size=original.size,
        sha256=original.sha256,
        lock="locked" if locked else "not_locked" if original.lock_mode else "pending",
        lock_detail=_("{mode}, until {time}").format(
            mode=original.lock_mode, time=moment(original.locked_until)
        )
        if locked
        else None,
        container=format_name(probe.get("container")),
        streams=[_stream(stream) for stream in probe.get("streams", [])],
        claimed_duration_s=probe.get("claimed_s"),
        download_url=f"/api/v1/recordings/{recording.id}/original"
        if may_download(session, actor) and not original.quarantined
        else None,
    )


def _stream(stream: dict[str, Any]) -> str:
    parts = [
        PARAMETERS.get(stream.get("kind", ""), stream.get("kind")),
        format_name(stream.get("codec") or stream.get("tag")),
    ]
    if stream.get("width"):
        parts.append(f"{stream['width']}×{stream['height']}")
    if stream.get("fps"):
        parts.append(f"{stream['fps']:.4g} fps")
    if stream.get("rotation"):
        parts.append(f"{stream['rotation']}°")
    if stream.get("sample_rate"):
        parts.append(f"{stream['sample_rate']} Hz")
    return " · ".join(str(part) for part in parts if part)


def _clock(session: Session, actor: Actor, recording: Recording) -> views.Clock:
    clock, offset = recording.clock, recording.clock_offset_s
    said = clock.get("corrected")
    recorder = session.get(Recorder, recording.recorder_id) if recording.recorder_id else None
    scope = squad_scope(actor)
    if not may(actor.role, "see_people") or (
        recorder is not None and scope is not None and recorder.squad_id not in scope
    ):
        recorder = None
    return views.Clock(
        claimed_from=recording.claimed_from or recording.recorded_from,
        claimed_by=claim_source(clock.get("camera_source") or clock.get("source")),
        off=off(offset) if offset is not None else None,
        doubt=doubt(recording.clock_doubt_s) if recording.clock_doubt_s is not None else None,
        basis=_basis(clock) if offset is not None else None,
        exact=str(clock.get("source")).startswith("gps"),
        read_from=recording.recorded_from,
        read_to=recording.recorded_to,
        doubts=doubts(clock),
        corrected=views.Corrected(said["by"], datetime.fromisoformat(said["at"]), said["reason"])
        if said
        else None,
        may_correct=may(actor.role, "correct_times") and may_correct(session, actor, recording),
        href=recorder_path(recorder) if recorder else None,
    )


def _basis(clock: RecordingClock) -> str | None:
    if "settled" in clock:
        return _(
            "Measurements of this clock disagree by hours; who held the recorder, what they did and where it was say which one holds here."
        )
    return basis_sentence(clock.get("basis"))


def _location(recording: Recording) -> views.Location | None:
    if recording.latitude is None or recording.longitude is None:
        return None
    return views.Location(
        label=f"{recording.latitude:.5f}, {recording.longitude:.5f}",
        lat=recording.latitude,
        lon=recording.longitude,
        source=_("GPS track") if recording.track else _("camera metadata"),
        track=[(point[0], point[1], point[2]) for point in recording.track],
    )


def _missing(recording: Recording, original: Original | None) -> list[str]:
    if recording.state != "partial":
        return []
    verdict = (original.media.get("verdict") or {}) if original else {}
    said = [reason_sentence(r["code"], r.get("params")) for r in verdict.get("reasons", [])]
    own = reason_sentence(recording.reason, recording.reason_params)
    return list(dict.fromkeys(text for text in [own, *said] if text))


def _receipt(session: Session, receipt: Receipt, also: Sequence[SaidAlso]) -> views.Receipt:
    mine = [one for one in also if one["receipt"] == str(receipt.id)]
    account = session.get(Account, receipt.account_id) if receipt.account_id else None
    declared = receipt.declared_sha256
    return views.Receipt(
        at=receipt.received_at,
        by=(account.display_name or account.username) if account else "–",
        source=receipt.dock or _("browser or command line"),
        filename=receipt.file_name,
        outcome=RECEIPT_WORDS[ReceiptOutcome(receipt.outcome)],
        declared_sha256=declared,
        matches=None
        if declared is None or receipt.stored_sha256 is None
        else declared == receipt.stored_sha256,
        added=[said_also(one) for one in mine if one["filled"]],
        otherwise=[said_also(one) for one in mine if not one["filled"]],
        archive=receipt.archive,
        first_received_at=receipt.first_received_at,
    )


def _unknown_claims(recording: Recording) -> list[str]:
    recorder, officer = recording.claims.get("recorder"), recording.claims.get("officer")
    said = [
        (_("Recorder"), recorder if recording.recorder_id is None else None),
        (_("Officer"), officer if recording.officer_id is None else None),
    ]
    return [f"{name}: {value}" for name, value in said if value]
