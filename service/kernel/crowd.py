"""Connections of whoever has not signed in, in one process: bounded, and the longest wait goes first.

Refusing newcomers would let whoever holds all places lock out everybody who shares an address with them, and a bureau
is behind one. So a newcomer always gets in, and the oldest connection that only waits for its client makes room. Who
has signed in is out of this: neither counted nor ended.
"""

from collections import Counter
from typing import Protocol


class Connection(Protocol):
    """`address`: None of a proxy, which speaks for many. `known`: someone has signed in on it, any thread may say so.
    `waits`: nothing is done for it until its client sends or reads on."""

    address: str | None
    known: bool

    @property
    def waits(self) -> bool: ...

    def end(self) -> None: ...


class Crowd:
    def __init__(self, most: int, most_of_one: int) -> None:
        self.most, self.most_of_one = most, most_of_one
        self._here: dict[Connection, None] = {}  # in the order of their coming
        self._of_one: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._here)

    def came(self, one: Connection) -> None:
        self._here[one] = None
        if one.address is not None:
            self._of_one[one.address] += 1
        if len(self._here) > self.most or self._too_many_of(one.address):
            for known in [other for other in self._here if other.known]:
                self.gone(known)
            if self._too_many_of(one.address):
                self._make_room(one, one.address)
            if len(self._here) > self.most:
                self._make_room(one, None)

    def another(self, one: Connection) -> None:
        """On a proxy's connection, whose last request was of someone known, comes a request of who knows whom."""
        self._here.pop(one, None)
        self.came(one)

    def gone(self, one: Connection) -> None:
        if one not in self._here:
            return
        del self._here[one]
        if one.address is not None:
            self._of_one[one.address] -= 1
            if not self._of_one[one.address]:
                del self._of_one[one.address]

    def _too_many_of(self, address: str | None) -> bool:
        return address is not None and self._of_one[address] > self.most_of_one

    def _make_room(self, newest: Connection, address: str | None) -> None:
        for one in self._here:
            if one is not newest and one.waits and address in (None, one.address):
                self.gone(one)
                return one.end()
