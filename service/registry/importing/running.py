"""Who may import when, and what is answered: a small table its report, a large one where its progress can be read."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlmodel import Session

from schemas.imports import ImportAsked, ImportProblem, ImportState, TableImport
from schemas.jobs import Job, JobKind, JobState
from schemas.reasons import MESSAGES
from service.access.actions import actor_of_account
from service.access.queries import visible_imports
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.alone import alone
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.errors import TYPE_BASE, NotFound, ServiceError, Unavailable
from service.kernel.i18n import gettext as _
from service.kernel.jobs import request_job
from service.kernel.policy import policy
from service.registry.importing.actions import Told, apply_table, read_for
from service.registry.importing.errors import ImportRunning
from service.registry.importing.importer import Importer
from service.registry.importing.policy import AT_ONCE, REPORTS_KEPT
from service.registry.importing.report import Report, packed

PATIENCE_OF_DOCKS_S = 10.0
"""A dock lists its recorders one beside the other; each list is short."""
WAITING_FOR_ONE_DOCK = 10  # each waits with a thread
_ROWS_A_SECOND = 300  # for the backlog
_here: Counter[UUID] = Counter()
_counting = Lock()


@dataclass(frozen=True)
class Table:
    """A table as it was sent."""

    data: bytes
    content_type: str
    file_name: str = ""

    @property
    def fingerprint(self) -> str:
        return sha256(self.data).hexdigest()


def take(
    session: Session,
    actor: Actor,
    kind: type[Importer],
    table: Table,
    options: Mapping[str, Any],
    *,
    dry_run: bool,
    in_background: bool = False,
) -> Report | TableImport:
    """The report; of a large table, or where that is wanted, what a worker will import. Committed. Nothing is held of
    the database while the table is read."""
    importer = kind.opened(session, actor, options)
    importer.require_may()
    session.commit()
    whose = actor.token_id if actor.is_dock and actor.token_id else actor.account_id
    patience_s = PATIENCE_OF_DOCKS_S if actor.is_dock else 0.0
    with _few_of(whose), alone("import", whose, patience_s=patience_s) as mine:
        if not mine:
            raise ImportRunning(headers={"Retry-After": "5"})
        _none_waits(session, actor)
        session.commit()
        sheet = read_for(importer, table.data, table.content_type)
        if in_background or len(sheet.rows) > policy(session, AT_ONCE):
            found: Report | TableImport = _asked(
                session, actor, kind, table, options, dry_run=dry_run, total=len(sheet.rows)
            )
        else:
            found = importer.told(apply_table(importer, sheet, dry_run=dry_run))
        session.commit()  # before the next one may begin
        return found


@contextmanager
def _few_of(whose: UUID) -> Iterator[None]:
    """Of one sender in this process."""
    with _counting:
        if _here[whose] >= WAITING_FOR_ONE_DOCK:
            raise ImportRunning(headers={"Retry-After": "5"})
        _here[whose] += 1
    try:
        yield
    finally:
        with _counting:
            _here[whose] -= 1
            if not _here[whose]:
                del _here[whose]


def _none_waits(session: Session, actor: Actor) -> None:
    mine = TableImport.account_id == actor.account_id
    if actor.is_dock:
        mine = TableImport.token_id == actor.token_id
    if session.scalar(select(exists().where(mine, TableImport.state == ImportState.waiting))):
        raise ImportRunning(headers={"Retry-After": "10"})


def _asked(
    session: Session,
    actor: Actor,
    kind: type[Importer],
    table: Table,
    options: Mapping[str, Any],
    *,
    dry_run: bool,
    total: int,
) -> TableImport:
    asked = ImportAsked(
        dry_run=dry_run,
        content_type=table.content_type,
        language=i18n.current(),
        address=actor.address,
        options=dict(options),
    )
    made = TableImport(
        account_id=actor.account_id,
        token_id=actor.token_id,
        kind=kind.name,
        file_name=table.file_name[:200],
        fingerprint=table.fingerprint,
        total=total,
        asked=asked,
        data=table.data,
    )
    session.add(made)
    session.flush()
    request_job(session, JobKind.table, made.id, priority=3, cost_s=1 + total / _ROWS_A_SECOND)
    return made


# ---- in a worker -----------------------------------------------------------------------------------


def run(import_id: UUID, kinds: Mapping[str, type[Importer]], told: Told) -> None:
    """All of it or nothing, in one transaction that holds the import's row: whoever takes over from a worker that was
    killed finds it as it was, and of two the second finds it done. What is wrong with the table, or with who asked,
    ends it with a reason."""
    with transaction() as session:
        found = session.get(TableImport, import_id)
    if found is None or found.state != ImportState.waiting:
        return
    with i18n.speaking(found.asked["language"]):
        try:
            _import(found, kinds[found.kind], told)
        except Unavailable:
            raise
        except ServiceError as error:
            said = error.problem()
            with transaction() as session:
                _end(session, import_id, {"type": said["type"], "detail": said["detail"]})


def _import(found: TableImport, kind: type[Importer], told: Told) -> None:
    with transaction() as session:
        importer = kind.opened(session, _asker(session, found), found.asked["options"])
    sheet = read_for(importer, found.data or b"", found.asked["content_type"])
    with transaction() as session:
        row = session.get(TableImport, found.id, with_for_update=True, populate_existing=True)
        if row is None or row.state != ImportState.waiting:
            return
        importer = kind.opened(session, _asker(session, found), found.asked["options"])
        report = importer.told(apply_table(importer, sheet, dry_run=found.asked["dry_run"], told=told))
        row.report, row.data = packed(report), None
        row.state, row.ended_at = ImportState.done, now()
        session.add(row)


def _asker(session: Session, found: TableImport) -> Actor:
    """With the rights of today."""
    return actor_of_account(session, found.account_id, found.token_id, found.asked["address"])


def give_up(session: Session, import_id: UUID, reason: str, params: Mapping[str, Any]) -> None:
    """Tries are spent. `reason`: as schemas.reasons knows it."""
    found = session.get_one(TableImport, import_id)
    with i18n.speaking(found.asked["language"]):
        problem = ImportProblem(
            type=TYPE_BASE + ServiceError.type, detail=_(MESSAGES[reason]) % {"detail": "", **params}
        )
    _end(session, import_id, problem)


def _end(session: Session, import_id: UUID, problem: ImportProblem) -> None:
    """Nothing was imported, and why."""
    row = session.get(TableImport, import_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == ImportState.waiting:
        row.state, row.ended_at = ImportState.failed, now()
        row.problem, row.data = problem, None
        session.add(row)


def forget_old_imports() -> None:
    with transaction() as session:
        kept_since = now() - timedelta(days=policy(session, REPORTS_KEPT))
        session.execute(
            delete(TableImport).where(
                TableImport.state != ImportState.waiting, TableImport.ended_at < kept_since
            )
        )


# ---- reading ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """`job`: None once its row is gone."""

    found: TableImport
    job: Job | None

    @property
    def state(self) -> str:
        """waiting, running, done or failed."""
        running = self.job is not None and self.job.state == JobState.running
        return "running" if running and self.waits else str(self.found.state)

    @property
    def waits(self) -> bool:
        return self.found.state == ImportState.waiting

    @property
    def progress(self) -> float | None:
        if self.waits:
            return self.job.progress if self.job is not None and self.state == "running" else None
        return 1.0 if self.found.state == ImportState.done else None


def find_import(session: Session, actor: Actor, import_id: UUID) -> Standing:
    """Its table and its report are read apart (`report_of`): a page asks every second."""
    found = session.scalars(visible_imports(actor).where(TableImport.id == import_id)).first()
    if found is None:
        raise NotFound
    job = session.scalars(select(Job).where(Job.kind == JobKind.table, Job.subject_id == import_id)).first()
    return Standing(found, job)


def waiting_import(session: Session, actor: Actor) -> TableImport | None:
    """One's own, if one is under way."""
    return session.scalars(
        visible_imports(actor).where(
            TableImport.account_id == actor.account_id, TableImport.state == ImportState.waiting
        )
    ).first()


def report_of(session: Session, found: TableImport) -> bytes | None:
    """Of an import that was found in the caller's scope."""
    return session.scalar(select(TableImport.report).where(TableImport.id == found.id))
