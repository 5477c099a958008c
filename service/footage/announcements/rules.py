"""Which file of a list is which recording, when its bytes are due, and where list and bytes disagree. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.base import believable
from schemas.claims import Claims, FileFacts
from schemas.recordings import Tag
from service.footage.tags import MD5_DIFFERS, SIZE_DIFFERS, KnownTag
from service.kernel.keys import fold
from service.registry.conventions.rules import base_name

WITHDRAWN = "announcement_withdrawn"  # the reason of a refused recording that was only ever announced
SAME_START = timedelta(hours=1)


@dataclass(frozen=True)
class File:
    """What is known of one file, on either side. `recorder`: serial. None and "" mean: not said."""

    name: str = ""
    file_id: str = ""
    recorder: str = ""
    size: int | None = None
    start: datetime | None = None


def folded(name: str) -> str:
    """Cards do not tell upper from lower case."""
    return base_name(name).casefold()


def same_file(listed: File, other: File) -> bool:
    """By the device's own id of the file; else by recorder and name. Cameras count their names anew, so a name that
    comes with another size and another start is another file; one of the two alone is a contradiction to show."""
    if listed.recorder and other.recorder and fold(listed.recorder) != fold(other.recorder):
        return False
    if listed.file_id and other.file_id:
        return listed.file_id == other.file_id
    if not listed.name or folded(listed.name) != folded(other.name):
        return False
    sized = listed.size is not None and other.size is not None
    if not (listed.recorder and other.recorder):
        return sized and listed.size == other.size
    timed = listed.start is not None and other.start is not None
    other_size = sized and listed.size != other.size
    other_start = timed and abs(listed.start - other.start) > SAME_START  # type: ignore[operator]  # both are there if `timed`
    return not (other_size and other_start)


def choose(listed: Iterable[tuple[UUID, File]], arrived: File) -> UUID | None:
    """The one announced file that these bytes are. Where the name alone speaks for several, none."""
    fitting = [(one, file) for one, file in listed if same_file(file, arrived)]
    by_id = [one for one, file in fitting if file.file_id and file.file_id == arrived.file_id]
    exact = [one for one, file in fitting if arrived.size is not None and file.size == arrived.size]
    for found in (by_id, exact, [one for one, _ in fitting]):
        if len(found) == 1:
            return found[0]
    return None


def due_at(hours: float, collected: datetime | None, ended: datetime | None, listed_at: datetime) -> datetime:
    """Where no event says otherwise: counted from when the station read the device, else from the recording's end; of
    both, as the list claims them, never from later than the list itself."""
    return min(collected or ended or listed_at, listed_at) + timedelta(hours=hours)


def believed(value: Any) -> datetime | None:
    """A time as facts keep it. A year that no camera means (a clock that was reset) stays a claim; nothing is sorted
    or linked by it."""
    moment = datetime.fromisoformat(value) if value else None
    return moment if moment is not None and believable(moment) else None


@dataclass(frozen=True)
class Mismatch:
    """`tag` shows it. `said`: by the list or the sidecar; `found`: of the bytes."""

    tag: KnownTag
    said: str
    found: str

    def row(self, recording_id: UUID) -> Tag:
        return self.tag.row(recording_id, f"{self.said} ≠ {self.found}")


def mismatches(said: FileFacts, size: int | None, md5: str | None) -> list[Mismatch]:
    """`said`: facts of a list or sidecar as kept (service.registry.conventions.rules.Facts.as_json)."""
    found = []
    told = said.get("size")
    if isinstance(told, int) and size is not None and told != size:
        found.append(Mismatch(SIZE_DIFFERS, str(told), str(size)))
    checksum = said.get("md5")
    if checksum and md5 and str(checksum).lower() != md5.lower():
        found.append(Mismatch(MD5_DIFFERS, str(checksum), md5))
    return found


def papers(claims: Claims, sidecar: FileFacts) -> FileFacts:
    """What the list and the sidecar say together; a sidecar of another recorder's file of that name says nothing."""
    listed = facts_of(claims)
    own, beside = listed.get("recorder"), sidecar.get("recorder")
    return listed if own and beside and fold(own) != fold(beside) else {**listed, **sidecar}


def facts_of(claims: Claims) -> FileFacts:
    """What a station's list said of a recording; empty where no list named it."""
    announced = claims.get("announced")
    facts = announced.get("facts") if isinstance(announced, dict) else None
    return facts.copy() if isinstance(facts, dict) else {}


def sidecar_of(claims: Claims) -> FileFacts:
    """What its sidecar said of a recording; empty where it had none."""
    held = claims.get("sidecar")
    return held if isinstance(held, dict) else {}
