"""What was said of a recording on its arrival: the shape of `Recording.claims` and `Sidecar.facts`.

Kept as said: an old row may lack a key, or hold something else under it.
"""

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12

Claimable = Literal["recorder", "officer", "event", "case"]
CLAIMABLE: tuple[Claimable, ...] = ("recorder", "officer", "event", "case")


class FileFacts(TypedDict, total=False):
    """What a sidecar, a station's list or a file's name says of a file. Times as ISO 8601 in UTC, as the camera's
    clock had them. `file_id`: the device's or station's own name of the file. `collected`: when the station read the
    device, whose clock then showed `device_time`. `unread`: what stands there for a time and is none. `guessed`: a file's
    name that no model of its recorder reads."""

    recorder: str
    officer: str
    officer_name: str
    card: str
    event: str
    case: str
    note: str
    start: str
    end: str
    file_id: str
    md5: str
    size: int
    flags: list[str]
    collected: str
    device_time: str
    unread: list[str]
    guessed: bool


class Announced(TypedDict, total=False):
    """`at`, `by`: when and by whom it was first listed. `gone_at`: since when a list no longer names it."""

    at: str
    by: str
    facts: FileFacts
    gone_at: str


class PutRight(TypedDict, total=False):
    """A person said which event it shows (null: none). `before`: what was claimed until then; `rejected`: the links
    that this rejected."""

    event: str | None
    before: str | None
    rejected: list[str]


Source = Literal["declared", "sidecar", "file_name"]


class SaidAlso(TypedDict):
    """What a later arrival of the same bytes said. `name`: of what is claimed, `start` or `end`. `filled`: nobody had
    said it before; else it contradicts what was said and is not applied."""

    receipt: str
    file_name: str
    name: str
    value: str
    source: Source
    filled: bool


class Claims(TypedDict, total=False):
    """The keys of Upload-Metadata; beside them what the sidecar, the file's name and a station's list say.
    `device_time_at`: the server's clock when `device_time` was said. `also`: what further arrivals of the bytes said."""

    filename: str
    sha256: str
    recorder: str
    officer: str
    event: str
    case: str
    squad: str
    recorded_at: str
    device_time: str
    device_time_at: str
    note: str
    sidecar: FileFacts
    file_name: FileFacts
    announced: Announced
    event_put_right: PutRight
    also: list[SaidAlso]
