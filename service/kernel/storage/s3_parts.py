"""How an upload is laid out in S3 parts: pure rules, no requests.

S3 takes at most 10,000 parts of 5 MiB to 5 GiB, only the last may be smaller, and a number uploaded again replaces
what it held. So no two epochs may use the same number: a writer uses only numbers below a `limit` that the row
already holds, and an epoch that follows a writer which never said goodbye begins at that limit. Skipped numbers
are not listed at completion. What is too small for a part lies in a tail object until more comes.
"""

from dataclasses import dataclass, replace

from service.kernel.storage.errors import StorageError
from service.kernel.storage.protocols import MIB, State

MAX_PARTS = 10_000
MIN_PART = 5 * MIB
MAX_PART = 5 * 1024 * MIB
USUAL_PART = 8 * MIB
WINDOW = 8
"""Numbers that the row grants ahead; so many are lost when a writer dies."""

DOUBLING = 1_000
"""With an unknown length the part size doubles every so many numbers: 8 MiB … 4 GiB, 8 TiB in all."""


@dataclass(frozen=True)
class Tail:
    key: str
    version: str
    size: int


@dataclass(frozen=True)
class Layout:
    """`runs`: (first number, last number, bytes) of consecutive acknowledged parts, in order.
    `next`: the lowest number never used; `live`: a writer may be using numbers up to `limit`."""

    upload: str | None = None
    next: int = 1
    limit: int = 1
    runs: tuple[tuple[int, int, int], ...] = ()
    tail: Tail | None = None
    live: bool = False

    @property
    def in_parts(self) -> int:
        return sum(size for _, _, size in self.runs)

    @property
    def offset(self) -> int:
        return self.in_parts + (self.tail.size if self.tail else 0)

    def begun(self) -> "Layout":
        first = self.limit if self.live else self.next
        return replace(self, next=first, limit=first + WINDOW, live=True)

    def with_part(self, number: int, size: int) -> "Layout":
        """A part that holds the old tail, if there was one, and what followed it."""
        runs = list(self.runs)
        if runs and runs[-1][1] == number - 1:
            first, _, before = runs.pop()
            runs.append((first, number, before + size))
        else:
            runs.append((number, number, size))
        return replace(self, runs=tuple(runs), tail=None)

    def to_state(self) -> State:
        return {
            "upload": self.upload,
            "next": self.next,
            "limit": self.limit,
            "runs": [list(run) for run in self.runs],
            "tail": [self.tail.key, self.tail.version, self.tail.size] if self.tail else None,
            "live": self.live,
        }

    @classmethod
    def from_state(cls, state: State) -> "Layout":
        return cls(
            upload=state["upload"],
            next=state["next"],
            limit=state["limit"],
            runs=tuple((first, last, size) for first, last, size in state["runs"]),
            tail=Tail(*state["tail"]) if state["tail"] else None,
            live=state["live"],
        )


def _share(number: int, offset: int, length: int) -> int:
    """Bytes each of the numbers left must carry, with a tenth of them kept for takeovers."""
    left = (MAX_PARTS - number + 1) * 9 // 10
    return -(-(length - offset) // max(left, 1))


def part_size(number: int, offset: int, length: int | None) -> int:
    """The size of the part with this number, of which the first byte is at `offset`."""
    if number > MAX_PARTS:
        raise StorageError("this upload was interrupted so often that no part numbers are left")
    if length is None:
        return min(USUAL_PART << (number - 1) // DOUBLING, MAX_PART)
    size = max(USUAL_PART, _share(number, offset, length))
    return min(-(-size // MIB) * MIB, MAX_PART)


def worth_a_part(size: int, number: int, offset: int, length: int | None) -> bool:
    """Whether an interrupted part may stay as short as it is; otherwise it becomes the tail."""
    if number > MAX_PARTS:
        return False
    least = part_size(number, offset, None) * 3 // 4 if length is None else _share(number, offset, length)
    return size >= max(MIN_PART, least)
