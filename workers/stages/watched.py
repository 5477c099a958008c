"""An encode is watched while it runs: what is written so far is checked, stored and listed, as long as somebody waits."""

import io
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from schemas.rendition_segments import RenditionSegment
from service.footage.recordings.needs import awaited
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.kept_bytes import forget_sums, keep_sums
from service.kernel.one_by_one import each
from service.kernel.storage import get_store
from service.kernel.storage.blocks import Sums
from service.kernel.storage.errors import ObjectExists, StorageError
from service.kernel.storage.protocols import Stored
from workers import scratch
from workers.lease import Lease, LeaseLost, TryLater
from workers.media import graphs
from workers.media.sandbox import SandboxUnavailable
from workers.media.segments import Segment, TooLarge, bytes_of, fault_of, segments_of, written
from workers.stages.bytes_at_hand import sandbox
from workers.stages.publishing import key_of

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1
ASK_EVERY_S = 1.0
ROOM = 2 * 2**20 + 34 * 2**20
CHECKED = "segment.mp4"
SWEEP_SEGMENTS = "sweep-segments"


class Faulty(Exception):
    """A segment that is not what it should be; nothing more of this attempt is listed."""


@dataclass
class Watched:
    """Beside the encode that writes into `folder`. What goes wrong here costs nobody the video: it is only not watched
    before it is made."""

    held: Lease
    folder: Path
    picture: bool
    listed: int = 0
    _given_up: bool = False
    _asked_at: float = 0.0
    _awaited: bool = False
    _saying: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._follow, name="watched", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        assert self._thread is not None, "it was begun"
        self._thread.join()

    def to_the_end(self) -> bool:
        """All is written: whoever waits has the rest of it before the list ends. Whether the list has all of it."""
        self._look()
        return 0 < self.listed == len(segments_of(*written(self.folder)))

    def withdraw(self) -> None:
        """What was listed was made of bytes that are not those that came."""
        with self._saying, transaction() as session:
            self._given_up = True
            session.execute(
                update(RenditionSegment)
                .where(
                    RenditionSegment.original_id == self.held.subject_id,
                    RenditionSegment.attempt == self.held.attempt,
                )
                .values(ready_at=None)
                .execution_options(synchronize_session=False)
            )

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S) and not self._given_up:
            self._look()

    def _look(self) -> None:
        try:
            if self._given_up or self.held.lost.is_set() or not self._is_awaited():
                return
            for segment in segments_of(*written(self.folder))[self.listed :]:
                if self._given_up or self.held.lost.is_set():
                    return
                self._list(segment)
                self.listed = segment.number
        except LeaseLost:
            self._given_up = True
        except (DBAPIError, StorageError, TryLater) as error:  # the next look tries again
            log.warning("job %s: not listed yet: %s", self.held.job_id, error)
            self._ended.wait(ASK_EVERY_S)
        except (Faulty, TooLarge, SandboxUnavailable, OSError) as error:
            log.warning("job %s: nothing more is listed while it runs: %s", self.held.job_id, error)
            self._given_up = True

    def _is_awaited(self) -> bool:
        if time.monotonic() - self._asked_at > ASK_EVERY_S:
            with transaction() as session:
                self._awaited = awaited(session, self.held.subject_id)
            self._asked_at = time.monotonic()
        return self._awaited

    def _list(self, segment: Segment) -> None:
        head = bytes_of(self.folder, [graphs.HEAD])
        data = bytes_of(self.folder, [piece.name for piece in segment.pieces])
        with scratch.here().room(ROOM, "shared") as private:
            (private / CHECKED).write_bytes(head + data)
            (private / CHECKED).chmod(0o444)
            box, lost = sandbox(), self.held.lost
            fault = fault_of(private / CHECKED, segment.duration_s, self.picture, box, private, cancel=lost)
        if fault is not None and not lost.is_set():
            raise Faulty(fault)
        if segment.number == 1:
            self._store(0, "init.mp4", head, 0.0)
        self._store(segment.number, f"{segment.number}.m4s", data, segment.duration_s)

    def _store(self, number: int, name: str, data: bytes, duration_s: float) -> None:
        held = self.held
        key = key_of(held.kind, held.subject_id, held.attempt, name)
        row = RenditionSegment(
            original_id=held.subject_id, attempt=held.attempt, number=number, store_key=key,
            size=len(data), duration_s=duration_s,
        )  # fmt: skip
        held.publish(lambda session: _begin(session, row))
        stored = _put(key, data)
        sums = Sums()
        sums.update(data)
        with self._saying:
            if not self._given_up:
                held.publish(lambda session: _say_ready(session, row, stored, sums))


def _begin(session: Session, row: RenditionSegment) -> None:
    if session.get(RenditionSegment, (row.original_id, row.attempt, row.number)) is None:
        session.add(RenditionSegment(**row.model_dump()))


def _put(key: str, data: bytes) -> Stored:
    objects = get_store().objects
    try:
        return objects.put_file(key, io.BytesIO(data), len(data))
    except ObjectExists:  # it was stored, and the answer to that got lost
        found = objects.stat(key)
        if found is None or found.size != len(data):
            raise
        return found


def _say_ready(session: Session, row: RenditionSegment, stored: Stored, sums: Sums) -> None:
    keep_sums(session, row.store_key, sums)
    session.execute(
        update(RenditionSegment)
        .where(
            RenditionSegment.original_id == row.original_id,
            RenditionSegment.attempt == row.attempt,
            RenditionSegment.number == row.number,
        )
        .values(ready_at=now(), store_version=stored.version)
        .execution_options(synchronize_session=False)
    )


# First nobody is given them any more, then their bytes go, then their rows.
_OVER = text(
    """
    SELECT DISTINCT s.original_id, s.attempt
    FROM rendition_segments s
    LEFT JOIN jobs j ON j.kind = 'renditions' AND j.subject_id = s.original_id
    LEFT JOIN job_attempts a ON a.job_id = j.id AND a.attempt = s.attempt
    WHERE coalesce(a.outcome, 'lost') <> 'running'
      AND coalesce(a.ended_at, s.created_at)
          < now() - CASE WHEN a.outcome = 'done' THEN CAST(:seen AS interval) ELSE CAST(:broken_off AS interval) END
      AND NOT (coalesce(a.outcome, 'lost') = 'done' AND EXISTS (
          SELECT FROM encode_needs n WHERE n.original_id = s.original_id AND n.seen_at > now() - CAST(:seen AS interval)))
      AND s.original_id NOT IN (SELECT subject_id FROM set_aside WHERE duty = :duty
                                AND (held_at IS NOT NULL OR next_at > now()))
    LIMIT :most
    """
)


def sweep_segments(
    broken_off: timedelta = timedelta(minutes=10), seen: timedelta = timedelta(hours=1), *, most: int = 50
) -> int:
    """The duty: removes the parts of attempts that came to nothing, and of others once nobody watches them any more."""
    times = {"broken_off": broken_off, "seen": seen, "duty": SWEEP_SEGMENTS, "most": most}
    with transaction() as session:
        over = session.execute(_OVER, times).all()
    attempts: dict[UUID, list[int]] = {}
    for original_id, attempt in over:
        attempts.setdefault(original_id, []).append(attempt)

    def sweep(original_id: UUID) -> None:
        for attempt in attempts[original_id]:
            _sweep(original_id, attempt)

    return each(SWEEP_SEGMENTS, attempts, sweep)


def _sweep(original_id: UUID, attempt: int) -> None:
    mine = (RenditionSegment.original_id == original_id, RenditionSegment.attempt == attempt)
    with transaction() as session:
        session.execute(
            update(RenditionSegment).where(*mine).values(ready_at=None)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        keys = session.scalars(select(RenditionSegment.store_key).where(*mine)).all()
    objects = get_store().objects
    for key in keys:
        objects.delete(key)
    with transaction() as session:
        forget_sums(session, keys)
        session.execute(delete(RenditionSegment).where(*mine).execution_options(synchronize_session=False))
