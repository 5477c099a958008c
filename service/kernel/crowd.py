"""Connections of whoever has not signed in, in one process: bounded, and the longest wait goes first.

Refusing newcomers would let whoever holds all places lock out everybody who shares an address with them, and a bureau
is behind one. So a newcomer always gets in, and the oldest connection that only waits for its client makes room. Who
has signed in is out of this: neither counted nor ended.
"""

from collections import Counter
from typing import Protocol

from service.kernel.origins import origin


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
        self._here: dict[Connection, str | None] = {}  # in the order of their coming, and whose they are
        self._of_one: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._here)

    def came(self, one: Connection) -> None:
        whose = None if one.address is None else origin(one.address)
        self._here[one] = whose
        if whose is not None:
            self._of_one[whose] += 1
        if len(self._here) > self.most or self._too_many_of(whose):
            for known in [other for other in self._here if other.known]:
                self.gone(known)
            if self._too_many_of(whose):
                self._make_room(one, whose)
            if len(self._here) > self.most:
                self._make_room(one, None)

    def another(self, one: Connection) -> None:
        """On a proxy's connection, whose last request was of someone known, comes a request of who knows whom."""
        self.gone(one)
        self.came(one)

    def gone(self, one: Connection) -> None:
        if one not in self._here:
            return
        whose = self._here.pop(one)
        if whose is not None:
            self._of_one[whose] -= 1
            if not self._of_one[whose]:
                del self._of_one[whose]

    def _too_many_of(self, whose: str | None) -> bool:
        return whose is not None and self._of_one[whose] > self.most_of_one

    def _make_room(self, newest: Connection, whose: str | None) -> None:
        for one, its in self._here.items():
            if one is not newest and one.waits and whose in (None, its):
                self.gone(one)
                return one.end()
