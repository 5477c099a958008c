"""Home, what needs attention by squad, the health of the queues, and the description of the API."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import Select, or_, select
from sqlmodel import Session

from schemas.accounts import Role
from schemas.backups import Backup, BackupState
from schemas.jobs import Job, JobState
from schemas.people import Squad
from schemas.quarantine import QuarantineChoice
from schemas.recordings import Recording, RecordingState
from service.access import patience
from service.access.actions import require
from service.access.dependencies import MaybeActor
from service.access.gate import Gate
from service.access.queries import squad_scope, visible_recordings
from service.access.rules import may
from service.desk.operations import pace, queries, set_aside
from service.finding.search.cards import cards
from service.footage.recordings import damage, quarantine
from service.kernel import jobs as queue
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.clock_jumps import jumps, told
from service.kernel.database import DatabaseSession
from service.kernel.disks import disks
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.i18n import ngettext
from service.kernel.ids import id_said
from service.kernel.job_kinds import KINDS
from service.kernel.settings import get_settings
from service.preservation.backups import queries as backups
from service.preservation.backups.words import STATES as BACKUP_STATES
from service.web.cases.pages import case_views
from service.web.coverage.list_view import board_tiles, mine_tiles
from service.web.frame.query import carried, link_with
from service.web.frame.rendering import redirect, render, wants_fragment
from service.web.frame.shell import PageActor, full_disks, page_actor, stalled_sentences
from service.web.frame.views import Ref, Tile
from service.web.operations import views
from service.web.operations.contract import described, errors, shapes
from service.web.recordings.detail import job_view
from service.web.recordings.pages import unfinished
from service.web.recordings.views import Job as JobView
from service.web.recordings.views import RecordingCard

router = APIRouter(route_class=Gate)
SHOWN = 8
PAGE = 40
BACKUPS = 5
DAMAGED = 10


@router.get("/")
def home_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    home = views.Home()
    counts = queries.counts(session, actor)
    if may(actor.role, "upload") and actor.role == Role.member:
        home.unfinished = unfinished(session, actor)
        mine = visible_recordings(actor).where(
            Recording.uploaded_by == actor.account_id, Recording.merged_into.is_(None)
        )
        home.processing = _cards(session, actor, mine.where(Recording.state == RecordingState.processing))
        home.refused = _cards(session, actor, mine.where(Recording.state == RecordingState.refused))
        home.unlinked = _cards(session, actor, queries.unlinked(session, actor))
        home.recent = _cards(session, actor, mine)
        home.tiles = [
            _tile(_("Processing"), counts["waiting"], "/my-uploads", "plain"),
            _tile(_("Without an event"), counts["unlinked"], "/recordings?linked=no", "warn"),
            _tile(_("In quarantine"), counts["refused"], "/recordings?state=refused", "bad"),
            *mine_tiles(session, actor),
        ]
        home.tiles = [tile for tile in home.tiles if tile.count]
    elif may(actor.role, "see_board"):
        home.squads = queries.by_squad(session, actor)
        home.recent = _cards(session, actor, visible_recordings(actor).where(Recording.merged_into.is_(None)))
        home.tiles = [
            *board_tiles(session, actor),
            _tile(_("Failed"), counts["failed"], "/attention?what=failed", "bad"),
            _tile(_("Waiting"), counts["waiting"], "/attention?what=waiting", "plain"),
            _tile(_("Unlinked"), counts["unlinked"], "/attention?what=unlinked", "warn"),
            _tile(_("Refused"), counts["refused"], "/attention?what=refused", "bad"),
        ]
    else:
        home.cases = case_views(session, actor, queries.with_news(session, actor, SHOWN))
        home.recent = _cards(session, actor, visible_recordings(actor).where(Recording.merged_into.is_(None)))
        home.tiles = [
            _tile(_("Unlinked"), counts["unlinked"], "/recordings?linked=no", "warn"),
            _tile(_("Offered links"), counts["offered"], "/cases", "plain"),
        ]
    return render(request, "operations/home.html", home=home)


def _tile(label: str, count: int, href: str, tone: str) -> Tile:
    return Tile(label=label, count=count, href=href, tone=tone if count else "good")


def _cards(session: Session, actor: Actor, statement: Select) -> list[RecordingCard]:
    newest = statement.order_by(Recording.received_at.desc(), Recording.id.desc()).limit(SHOWN)
    return cards(session, actor, list(session.scalars(newest)))


@router.get("/attention")
def attention_page(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    what: str = "failed",
    squad: str = "",
    cursor: str | None = None,
) -> Response:
    require(actor, "see_board")
    if what not in queries.WHAT:
        raise Invalid(field="what", problem=what)
    squad_id = id_said("squad", squad) if squad else None
    found = queries.recordings(session, actor, what, squad_id, cursor, PAGE)
    board = views.Attention(
        squads=queries.by_squad(session, actor),
        what=what,
        squad=squad or None,
        items=cards(session, actor, found.items),
        jobs=_jobs(session, actor, found.items, what) if what in ("failed", "waiting") else [],
        counts=queries.counts(session, actor, squad_id),
        next=link_with("/attention", carried(request, "what", "squad"), cursor=found.next)
        if found.next
        else None,
        backup_alarm=backups.alarm(backups.standing(session)) if may(actor.role, "see_queue") else None,
    )
    if what in ("refused", "term_over"):
        board.quarantine = _quarantined(session, actor, found.items)
    return render(request, "operations/attention.html", fragment="operations/_attention.html", board=board)


def _quarantined(session: Session, actor: Actor, recordings: list[Recording]) -> dict[str, views.Quarantined]:
    return {
        str(held.recording.id): views.Quarantined(
            held.decide_by,
            over=held.decide_by is not None and held.decide_by < now(),
            choice=held.decision.choice if held.decision else "",
            may_decide=may(actor.role, "decide_quarantine"),
        )
        for held in quarantine.with_decisions(session, recordings)
    }


@router.post("/recordings/{recording_id}/quarantine/{choice}")
def decide_quarantine(
    request: Request,
    recording_id: UUID,
    choice: QuarantineChoice,
    actor: PageActor,
    session: DatabaseSession,
    reason: Annotated[str, Form()] = "",
) -> Response:
    quarantine.decide(session, actor, recording_id, choice, reason)
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return redirect(request, "/attention?what=refused")


def _jobs(session: Session, actor: Actor, recordings: list[Recording], what: str) -> list[JobView]:
    states = (JobState.failed,) if what == "failed" else (JobState.queued, JobState.running)
    of = {r.id: r for r in recordings} | {r.original_id: r for r in recordings if r.original_id}
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    rows = session.scalars(
        select(Job).where(Job.subject_id.in_(of), Job.state.in_(states)).order_by(Job.requested_at)
    )
    return [
        job_view(
            job,
            may_retry=may(actor.role, "retry_jobs"),
            recording=Ref(
                of[job.subject_id].file_name or str(of[job.subject_id].id),
                f"/recordings/{of[job.subject_id].id}",
            ),
            squad=squads.get(of[job.subject_id].squad_id),
        )
        for job in rows
    ]


@router.get("/queue")
def queue_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_queue")
    healths = queue.queue_health(session)
    workers: dict[str, views.Worker] = {}
    doing = _doing(session)
    for health in healths:
        for beat, alive in [(b, True) for b in health.workers] + [(b, False) for b in health.silent]:
            workers[beat.worker] = views.Worker(
                name=beat.worker,
                queues=beat.queue.split(","),
                seen=beat.seen_at,
                alive=alive,
                doing=doing.get(beat.worker),
            )
    failed = list(
        session.scalars(
            queries.failed_jobs(actor).where(Job.finished_at > now() - timedelta(days=90)).limit(PAGE)
        )
    )
    shown = views.Health(
        queues=[
            views.Queue(
                name=health.queue,
                depth=health.waiting,
                running=health.running,
                workers=len(health.workers),
                oldest_s=health.oldest_waiting_s,
                backlog_h=health.backlog_hours,
                failed=health.failed,
            )
            for health in healths
        ],
        workers=sorted(workers.values(), key=lambda worker: (not worker.alive, worker.name)),
        failed=_failed(session, actor, failed),
        counted_at=now(),
        stalled=stalled_sentences(session),
        backups=[_backup(row) for row in backups.backups(session, None, BACKUPS).items],
        backup_alarm=backups.alarm(backups.standing(session)),
        jumps=[told(jump) for jump in jumps(session)],
        damage_alarm=_damage_alarm(damage.damaged_objects(session)),
        damaged=[
            Ref(one.file_name or str(one.id), f"/recordings/{one.id}")
            for one in damage.damaged_recordings(session, actor, DAMAGED)
        ],
        set_aside=[_set_aside(one, actor) for one in set_aside.items(session, actor)],
        duties=[
            views.Duty(one.name, one.done_at, one.failing_since, one.problem)
            for one in set_aside.duties(session)
        ],
        failures=_failures(session) if squad_scope(actor) is None else [],
        disks=[
            views.Disk(disk.label, disk.free, disk.total, disk.full, disk.low)
            for disk in disks(get_settings())
        ],
        full_disks=full_disks(),
        pace=None if wants_fragment(request) else _pace(session, actor),
    )
    return render(request, "operations/queue.html", fragment="operations/_queue.html", health=shown)


@router.get("/queue/pace")
def pace_fragment(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_queue")
    return render(request, "operations/_pace.html", pace=_pace(session, actor))


def _pace(session: Session, actor: Actor) -> views.Pace:
    found = [pace.pace(session, period) for period in pace.PERIODS]
    by_kind = [{stage.kind: stage for stage in one.stages} for one in found]
    kinds = [kind for kind in KINDS if any(kind in stages for stages in by_kind)]
    costs = [views.Cost(None, [(one.cpu_s_per_film_hour, one.film_s / 3600) for one in found])]
    for kind in kinds:
        stages = [one.get(kind) for one in by_kind]
        costs.append(
            views.Cost(
                kind,
                [(one.cpu_s_per_film_hour, one.film_s / 3600) if one else (None, 0.0) for one in stages],
            )
        )
    return views.Pace(
        periods=[
            views.Period(
                one.period.days, one.film_s / 3600, one.machine_s / 3600, one.film_hours_per_machine_hour
            )
            for one in found
        ],
        costs=[cost for cost in costs if any(film_h for _cpu_s, film_h in cost.periods)],
        waits=[
            views.Wait(
                wait.what,
                wait.count,
                wait.age_s,
                Ref(wait.oldest.file_name or str(wait.oldest.id), f"/recordings/{wait.oldest.id}")
                if wait.oldest
                else None,
            )
            for wait in pace.waits(session, actor)
        ],
        counted_at=now(),
    )


def _failures(session: Session) -> list[views.Failures]:
    return [
        views.Failures(run.account, run.address, run.failures, run.first_at, run.last_at, run.got_in)
        for run in patience.runs(session)
    ]


def _damage_alarm(objects: int) -> str | None:
    if not objects:
        return None
    return ngettext(
        "The store does not give the bytes of %(num)s object as they came.",
        "The store does not give the bytes of %(num)s objects as they came.",
        objects,
    ) % {"num": objects}


def _backup(row: Backup) -> views.Backup:
    word = BACKUP_STATES[row.state]
    return views.Backup(
        at=row.at,
        label=str(word.label),
        tone=word.tone,
        icon=word.icon,
        size=row.size,
        copied=row.copied,
        tried=row.restore_tried_at,
        problem=backups.problem(row),
        progress=row.progress if row.state == BackupState.running else None,
    )


def _set_aside(item: set_aside.Item, actor: Actor) -> views.SetAside:
    href = f"/recordings/{item.recording_id}" if item.recording_id else None
    return views.SetAside(
        duty=item.duty,
        subject=str(item.subject_id),
        problem=item.problem,
        since=item.held_at or item.first_failed_at,
        tries=item.tries,
        held=item.held_at is not None,
        about=Ref(item.file_name or str(item.subject_id), href),
        may_retry=may(actor.role, "retry_jobs"),
    )


@router.post("/set-aside/{duty}/{subject_id}/retry")
def retry_set_aside(
    request: Request, duty: str, subject_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    set_aside.try_again(session, actor, duty, subject_id)
    session.flush()
    return queue_page(request, actor, session)


def _failed(session: Session, actor: Actor, jobs: Sequence[Job]) -> list[JobView]:
    """Jobs with the recording that they are about, where the actor may see one."""
    subjects = {job.subject_id for job in jobs}
    recordings = {}
    for recording in session.scalars(
        visible_recordings(actor).where(
            or_(Recording.id.in_(subjects), Recording.original_id.in_(subjects)),
            Recording.merged_into.is_(None),
        )
    ):
        recordings[recording.id] = recording
        if recording.original_id is not None:
            recordings.setdefault(recording.original_id, recording)
    squads = {squad.id: squad.name for squad in session.scalars(select(Squad))}
    found = []
    for job in jobs:
        subject = recordings.get(job.subject_id)
        if subject is None:
            continue
        found.append(
            job_view(
                job,
                may_retry=may(actor.role, "retry_jobs"),
                recording=Ref(subject.file_name or str(subject.id), f"/recordings/{subject.id}"),
                squad=squads.get(subject.squad_id),
            )
        )
    return found


def _doing(session: Session) -> dict[str, str]:
    """What each worker has in hand; whose recording it is does not show here."""
    found: dict[str, list[str]] = {}
    running = select(Job.worker, Job.kind).where(Job.state == JobState.running).order_by(Job.started_at)
    for worker, kind in session.execute(running):
        found.setdefault(worker or "", []).append(str(KINDS[kind].word.label))
    return {worker: _(", ").join(labels) for worker, labels in found.items()}


@router.get("/docs")
def docs_page(request: Request, actor: MaybeActor, session: DatabaseSession) -> Response:
    """For everyone, as /openapi.json is; in the frame of whoever is signed in."""
    if actor is not None and not actor.is_dock:
        page_actor(request, actor, session)
    contract = request.app.openapi()
    found = shapes(contract)
    return render(
        request,
        "operations/docs.html",
        groups=described(contract),
        errors=errors(contract, _),
        shapes=found,
        shape_names={one.name for one in found},
    )
