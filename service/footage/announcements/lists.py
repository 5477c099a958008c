"""A station's list, file by file: what is new, what changed, what is here already, what is no longer there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Select, TextClause, func, select, text
from sqlmodel import Session

from schemas.base import believable
from schemas.claims import Announced, FileFacts
from schemas.jobs import JobKind
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.access.acquainted import officer_known_to, recorder_known_to
from service.access.queries import squad_scope
from service.footage.announcements import acts, rules
from service.footage.announcements.adoption import file_of, lock_lists
from service.footage.announcements.policy import DUE_AFTER
from service.footage.announcements.rules import WITHDRAWN, File, believed
from service.footage.media import media_by_name
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed
from service.kernel.custody import Act, record
from service.kernel.jobs import request_jobs
from service.kernel.keys import ByKey, fold, known
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.registry.clocks.correcting import corrected, read_clock, timeline_of, write
from service.registry.clocks.resets import is_time
from service.registry.conventions.rules import Facts, moment_of
from service.registry.importing.actions import Outcome

T = TypeVar("T")

PRIORITY = 5
GONE: Final = "gone_at"  # since when a list no longer names it


@dataclass(frozen=True)
class Listed:
    """One file of a list."""

    file_name: str
    facts: Facts

    @property
    def key(self) -> str:
        return f"{self.facts.recorder}/{self.facts.file_id or rules.folded(self.file_name)}"


@dataclass
class StationList:
    """What a station says is on its devices, for one squad. `complete`: of each recorder that it names it lists all,
    so what it does not name is no longer there. Ask `load`, `take` for each file, `finish` once."""

    session: Session
    actor: Actor
    squad_id: UUID
    listed_at: datetime
    complete: bool = True
    recorder: str = ""  # of a list that may be empty

    gone: int = 0
    _created: list[Recording] = field(default_factory=list)
    _changed: list[tuple[Recording, Announced]] = field(default_factory=list)
    _enriched: list[tuple[Recording, Announced]] = field(default_factory=list)
    _named: set[UUID] = field(default_factory=set)
    _serials: set[str] = field(default_factory=set)

    def load(self, files: Sequence[Listed]) -> None:
        """All that the files may be, in a fixed number of queries."""
        session = self.session
        lock_lists(session, self.squad_id, alone=True)
        self._serials = {fold(one.facts.recorder) for one in files} | ({fold(self.recorder)} - {""})
        recorders = session.scalars(self._by_key(Recorder, self._serials, recorder_known_to))
        self.recorders = ByKey((row.serial, row) for row in recorders)
        numbers = {one.facts.officer for one in files}
        officers = session.scalars(self._by_key(Officer, numbers, officer_known_to))
        self.officers = ByKey((row.certificate_no, row.id) for row in officers)
        self.hours = policy(session, DUE_AFTER)
        names = {rules.folded(one.file_name) for one in files}
        ids = {one.facts.file_id for one in files} - {""}
        recorder_ids = [row.id for row in self.recorders.values()]
        own = select(Recording).where(Recording.squad_id == self.squad_id, Recording.merged_into.is_(None))
        found = list(session.scalars(own.where(func.lower(Recording.file_name).in_(names))))
        found += session.scalars(
            own.where(Recording.recorder_id.in_(recorder_ids), Recording.device_file_id.in_(ids))
        )
        serials = dict(
            session.execute(
                select(Recorder.id, Recorder.serial).where(
                    Recorder.id.in_({one.recorder_id for one in found if one.recorder_id})
                )
            ).all()
        )
        self.known: dict[str, list[tuple[Recording, File]]] = {}
        for one in {row.id: row for row in found}.values():
            file = file_of(one, serials.get(one.recorder_id))
            for key in {f"name:{rules.folded(one.file_name)}", f"id:{file.file_id}"}:
                self.known.setdefault(key, []).append((one, file))
        self.elsewhere = set(
            session.execute(
                select(Recording.recorder_id, Recording.device_file_id).where(
                    Recording.squad_id != self.squad_id,
                    Recording.merged_into.is_(None),
                    Recording.recorder_id.in_(recorder_ids),
                    Recording.device_file_id.in_(ids),
                )
            ).all()
        )

    def _by_key(
        self, table: type[T], keys: Iterable[str], known_to: Callable[[Iterable[UUID]], TextClause]
    ) -> Select[T]:
        """Whatever a station of one squad lists, of another's it is told nothing and changes nothing."""
        named = select(table).where(known(table, keys))
        return named if squad_scope(self.actor) is None else named.where(known_to([self.squad_id]))

    def take(self, one: Listed) -> tuple[Outcome, list[str], str]:
        """What becomes of a file, the names of what changed, and what is worth a remark ("" | received | withdrawn |
        another_size)."""
        found = self._find(one)
        if found is None:
            self._created.append(self._announced(one))
            return Outcome.created, [], ""
        self._named.add(found.id)
        said = self._said(found, one)
        changes = _differences(rules.facts_of(found.claims), said["facts"])
        if found.state == RecordingState.announced:
            if found.claims.get("announced", {}).get(GONE):
                changes.append("on_device")
            if changes:
                self._changed.append((found, said))
            return (Outcome.changed if changes else Outcome.unchanged), changes, ""
        if found.reason == WITHDRAWN:
            return Outcome.unchanged, [], "withdrawn"
        if changes:
            self._enriched.append((found, said))
        return (Outcome.changed if changes else Outcome.unchanged), changes, "received"

    def finish(self) -> None:
        """Jobs before rows: whoever holds a recording's row has its job already."""
        session = self.session
        vanished = self._vanished()
        self.gone = len(vanished)
        self._request(JobKind.link, {recording.id for recording, _said in self._changed})
        self._request(JobKind.tags, {one.id for one, _said in self._enriched} | self._unmatched())
        session.flush()
        self._write(vanished)
        session.flush()
        self._request(JobKind.link, {recording.id for recording in self._created})
        self._see_recorders()
        again = [*(one for one, _said in (*self._changed, *self._enriched)), *vanished]
        changed(session, Recording, (one.id for one in self._created), NEW)
        changed(session, Recording, (one.id for one in again))

    # ---- one file ----------------------------------------------------------------------------------

    def _find(self, one: Listed) -> Recording | None:
        keys = [f"id:{one.facts.file_id}"] if one.facts.file_id else []
        file = File(one.file_name, one.facts.file_id, one.facts.recorder, one.facts.size, one.facts.start)
        for key in [*keys, f"name:{rules.folded(one.file_name)}"]:
            fitting = [row for row, known in self.known.get(key, ()) if rules.same_file(file, known)]
            fitting = [row for row in fitting if row.id not in self._named]
            waiting = [row for row in fitting if row.state == RecordingState.announced]
            if found := (waiting or sorted(fitting, key=lambda row: row.received_at, reverse=True)):
                return found[0]
        return None

    def _announced(self, one: Listed) -> Recording:
        recorder = self.recorders.get(one.facts.recorder)
        recording = Recording(
            squad_id=self.squad_id,
            uploaded_by=self.actor.account_id,
            state=RecordingState.announced,
            file_name=one.file_name,
            media=media_by_name(one.file_name),
            recorder_id=recorder.id if recorder else None,
            received_at=self.listed_at,
            announced_at=self.listed_at,
            device_file_id=self._device_file_id(one, recorder),
        )
        self._apply(recording, self._said(recording, one))
        return recording

    def _device_file_id(self, one: Listed, recorder: Recorder | None) -> str | None:
        """Unique on its recorder; that another squad has the file stays untold."""
        file_id = one.facts.file_id
        if recorder is None or not 0 < len(file_id) <= 200 or (recorder.id, file_id) in self.elsewhere:
            return None
        return file_id

    def _said(self, recording: Recording, one: Listed) -> Announced:
        before: Announced = recording.claims.get("announced") or {}
        return {
            "at": before.get("at") or self.listed_at.isoformat(),
            "by": before.get("by") or self.actor.name,
            "facts": one.facts.as_json(),
        }

    def _apply(self, recording: Recording, said: Announced) -> None:
        """Times are the device's claims; `_correct` follows."""
        facts = said["facts"]
        recording.claims = {**recording.claims, "announced": said, "sidecar": facts}
        start, end = moment_of(facts.get("start")), moment_of(facts.get("end"))
        begun, ended = self._believed(start, recording), self._believed(end, recording)
        recording.clock = {"source": "sidecar"}
        recording.claimed_from = start
        recording.clock_offset_s = recording.clock_doubt_s = None
        recording.recorded_from = begun or ended
        recording.recorded_to = ended if recording.recorded_from else None
        recording.duration_s = (end - start).total_seconds() if start and end else None
        recording.officer_id = self.officers.get(facts.get("officer", ""))
        listed_at = recording.announced_at or self.listed_at
        recording.due_at = rules.due_at(
            self.hours, believed(facts.get("collected")), ended or begun, listed_at
        )

    def _believed(self, at: datetime | None, recording: Recording) -> datetime | None:
        """None where the clock had been reset: what it showed is kept, and means a time once the clock is measured."""
        listed_at = recording.announced_at or self.listed_at
        if at is None or not believable(at) or not is_time(at, listed_at, get_settings().zone):
            return None
        return at

    # ---- the whole list ----------------------------------------------------------------------------

    def _vanished(self) -> list[Recording]:
        """Announced by earlier lists of these recorders, named by this one no more."""
        if not self.complete:
            return []
        rows = self.session.execute(
            select(Recording, Recorder.serial)
            .outerjoin(Recorder, Recorder.id == Recording.recorder_id)
            .where(
                Recording.squad_id == self.squad_id,
                Recording.state == RecordingState.announced,
                Recording.merged_into.is_(None),
            )
        ).all()
        return [
            recording
            for recording, serial in rows
            if recording.id not in self._named
            and GONE not in recording.claims.get("announced", {})
            and fold(file_of(recording, serial).recorder) in self._serials
        ]

    def _unmatched(self) -> set[UUID]:
        """Received under a name of the list, with papers that nobody has read yet: they may be the same file."""
        names = [f"name:{rules.folded(one.file_name)}" for one in self._created]
        return {
            row.id
            for name in names
            for row, _file in self.known.get(name, ())
            if row.original_id is not None and not rules.facts_of(row.claims)
        }

    def _write(self, vanished: list[Recording]) -> None:
        for recording in self._created:
            self._note(acts.ANNOUNCE, recording, file_name=recording.file_name)
        for recording, said in self._changed:
            before = rules.facts_of(recording.claims)
            self._apply(recording, said)
            self._note(acts.ANNOUNCE_AGAIN, recording, before=before, after=said["facts"])
        for recording, said in self._enriched:
            recording.claims = {**recording.claims, "announced": said}
            recorder = self.recorders.get(said["facts"].get("recorder", ""))
            if recording.recorder_id is None and recorder is not None:
                recording.recorder_id = recorder.id
            self._note(acts.ANNOUNCE_AGAIN, recording, after=said["facts"])
        for recording in vanished:
            told: Announced = {**recording.claims["announced"], GONE: self.listed_at.isoformat()}
            recording.claims = {**recording.claims, "announced": told}
            self._note(acts.GONE_FROM_DEVICE, recording, file_name=recording.file_name)
        self._correct([*self._created, *(recording for recording, _said in self._changed)])
        self.session.add_all([*self._created, *vanished])
        self.session.add_all(one for one, _said in (*self._changed, *self._enriched))

    def _correct(self, recordings: list[Recording]) -> None:
        """By what is known of the recorders' clocks; while one is being changed, a `tags` job does it in a moment."""
        by_recorder: dict[UUID, list[Recording]] = {}
        for recording in recordings:
            if recording.recorder_id is not None:
                by_recorder.setdefault(recording.recorder_id, []).append(recording)
        for recorder_id, mine in by_recorder.items():
            if not read_clock(self.session, recorder_id):
                self._request(JobKind.tags, {recording.id for recording in mine})
                continue
            line = timeline_of(self.session, recorder_id)
            for recording in mine:
                write(recording, corrected(recording, line))

    def _request(self, kind: JobKind, recording_ids: set[UUID]) -> None:
        if recording_ids:
            wanted = text("SELECT subject_id FROM unnest(CAST(:ids AS uuid[])) AS subject_id")
            request_jobs(self.session, kind, wanted.bindparams(ids=sorted(recording_ids)), priority=PRIORITY)

    def _see_recorders(self) -> None:
        """Whoever is listed sits in its dock."""
        for recorder in self.recorders.values():
            if recorder.squad_id == self.squad_id and (
                recorder.last_dock_at is None or recorder.last_dock_at < self.listed_at
            ):
                recorder.last_dock_at = self.listed_at
                self.session.add(recorder)

    def _note(self, act: Act, recording: Recording, **detail: Any) -> None:
        record(
            self.session, self.actor, act, "recording", recording.id,
            squad_id=recording.squad_id, **detail,
        )  # fmt: skip


def _differences(before: FileFacts, after: FileFacts) -> list[str]:
    return sorted(
        name
        for name in before.keys() | after.keys()
        if name != "collected" and before.get(name) != after.get(name)
    )
