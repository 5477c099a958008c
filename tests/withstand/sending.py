"""Clients that send films by tus and go on after whatever was killed, as those of docks and browsers do: when no answer
comes, or one that says "later", they ask by HEAD how far it is and send the rest.

They keep what they were told: an offset once acknowledged must never be a smaller one again.
"""

import http.client
import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from deploy.upload_client import Memory, Outcome, Sender, Server
from tests.service.footage.uploads.service import BODY, TUS, metadata
from tests.withstand.film import Film

UPLOADS = "/api/v1/uploads"
LATER = (408, 409, 423, 429, 460)
PATIENCE_S = 240.0
"""Longer than any part needs to come back."""


class Away(Exception):
    """No answer, or "later"."""


class Broken(AssertionError):
    """The service said what it must not say."""


class Line:
    """One connection to the service, opened anew after it broke."""

    def __init__(self, address: str, token: str) -> None:
        self._where = urlsplit(address)
        self._said = {**TUS, "Authorization": f"Bearer {token}"}
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, said: dict[str, str], body: Sequence[memoryview] = ()
    ) -> http.client.HTTPMessage:
        """The headers of the answer. Raises `Away`, and `Broken` for any other answer than the method's own."""
        try:
            status, headers = self._exchange(method, path, said, body)
        except (OSError, http.client.HTTPException) as broken:
            self.close()
            raise Away(f"{method}: {type(broken).__name__} {broken}") from broken
        if status in LATER or status >= 500:
            raise Away(f"{method}: {status}")
        if status != {"POST": 201, "HEAD": 200, "PATCH": 204}[method]:
            raise Broken(f"{method} {path} was answered with {status}")
        return headers

    def _exchange(
        self, method: str, path: str, said: dict[str, str], body: Sequence[memoryview]
    ) -> tuple[int, http.client.HTTPMessage]:
        if self._connection is None:
            host, port = self._where.hostname or "", self._where.port
            self._connection = http.client.HTTPConnection(host, port, timeout=60)
        line = self._connection
        line.putrequest(method, path)
        for name, value in {**self._said, **said, "Content-Length": str(sum(map(len, body)))}.items():
            line.putheader(name, value)
        line.endheaders()
        for piece in body:
            line.send(piece)
        answer = line.getresponse()
        answer.read()
        if answer.will_close:
            self.close()
        return answer.status, answer.headers

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Task(Protocol):
    """A film on its way. `share`: how much of it is acknowledged. `recording`: what it became, once that was told."""

    film: Film
    recording: str

    @property
    def share(self) -> float: ...

    @property
    def done(self) -> bool: ...

    def step(self, line: Line) -> None:
        """One request or two. Raises `Away` where the next step has to find out how it stands."""
        ...


class Pieces:
    """One tus upload: bytes of a film from `start` to `end`, in `chunks` requests."""

    def __init__(
        self, film: Film, chunks: int, said: dict[str, str], start: int = 0, end: int | None = None,
        *, whole: bool = True, at_once: bool = False,
    ) -> None:  # fmt: skip
        """`whole`: it becomes a recording. `at_once`: the creation brings the first bytes."""
        self.film, self.said, self.whole, self.at_once = film, said, whole, at_once
        self.start, self.size = start, (film.size if end is None else end) - start
        self.chunk = -(-self.size // chunks)
        self.url = self.recording = ""
        self.acknowledged = 0
        self._offset: int | None = None

    @property
    def share(self) -> float:
        return self.acknowledged / self.size

    @property
    def done(self) -> bool:
        return self.acknowledged == self.size and (bool(self.recording) or not self.whole)

    def step(self, line: Line) -> None:
        try:
            if not self.url:
                self._create(line)
            elif self._offset is None or self._offset == self.size:
                self._note(line.ask("HEAD", self.url, {}))
            else:
                said = {**BODY, "Upload-Offset": str(self._offset)}
                self._note(line.ask("PATCH", self.url, said, self._next(self._offset)))
        except Away:
            self._offset = None
            raise

    def _create(self, line: Line) -> None:
        said = {**self.said, "Upload-Length": str(self.size)}
        if not self.at_once:
            self.url = urlsplit(line.ask("POST", UPLOADS, said)["Location"]).path
            self._offset = 0
            return
        headers = line.ask("POST", UPLOADS, {**said, **BODY}, self._next(0))
        self.url = urlsplit(headers["Location"]).path
        self._note(headers)

    def _next(self, offset: int) -> list[memoryview]:
        first = self.start + offset
        return list(self.film.between(first, min(first + self.chunk, self.start + self.size)))

    def _note(self, headers: http.client.HTTPMessage) -> None:
        offset = int(headers["Upload-Offset"])
        if offset < self.acknowledged:
            raise Broken(f"{self.film.name}: {self.acknowledged} bytes were acknowledged, now {offset}")
        self._offset = self.acknowledged = offset
        told = headers.get("Zhenglu-Recording", "")
        if self.recording and told != self.recording:
            raise Broken(f"{self.film.name} was recording {self.recording}, now {told or 'none'}")
        self.recording = told


class Joined:
    """A film in several uploads, which become one."""

    def __init__(self, film: Film, chunks: int, said: dict[str, str], number: int) -> None:
        self.film, self.said, self.recording = film, said, ""
        cuts = [film.size * n // number for n in range(number + 1)]
        partial = {"Upload-Concat": "partial"}
        self.pieces = [
            Pieces(film, chunks, partial, start, end, whole=False) for start, end in pairwise(cuts)
        ]

    @property
    def share(self) -> float:
        return sum(piece.acknowledged for piece in self.pieces) / self.film.size

    @property
    def done(self) -> bool:
        return bool(self.recording)

    def step(self, line: Line) -> None:
        waiting = [piece for piece in self.pieces if not piece.done]
        if waiting:
            min(waiting, key=lambda piece: piece.share).step(line)
            return
        urls = " ".join(piece.url for piece in self.pieces)
        headers = line.ask("POST", UPLOADS, {**self.said, "Upload-Concat": f"final;{urls}"})
        self.recording = headers["Zhenglu-Recording"]


class Dock:
    """The dock's own program (`zhenglu upload`), which needs no help to go on."""

    def __init__(self, film: Film, folder: Path, address: str, token: str) -> None:
        self.film, self.recording = film, ""
        self._folder, self._server = folder, Server(address, token, PATIENCE_S)
        self._sent = 0

    @property
    def share(self) -> float:
        return self._sent / self.film.size

    @property
    def done(self) -> bool:
        return bool(self.recording)

    def step(self, line: Line) -> None:
        path = self.film.write(self._folder / self.film.name)
        sender = Sender(self._server, Memory(self._folder / "memory"), path, {}, self._moved)
        sent = sender.send(verify_s=30.0)
        if sent.outcome == Outcome.failed:
            raise Broken(f"{self.film.name}: {sent.problem}")
        self.recording = sent.recording

    def _moved(self, what: str, done: int) -> None:
        if what == "send":
            self._sent = done


def tasks(films: Iterable[Film], folder: Path, address: str, token: str, chance: random.Random) -> list[Task]:
    """Most in some requests each, whose fingerprint is declared with half of them; one in ten in pieces that are
    joined, one in ten with its first bytes in the creation, one in twenty by the dock's own program."""
    made: list[Task] = []
    for number, film in enumerate(films):
        chunks = chance.randint(3, 6)
        said = metadata(filename=film.name, **({"sha256": film.sha256} if number % 2 else {}))
        if number % 20 == 7:
            made.append(Dock(film, folder, address, token))
        elif number % 10 == 3:
            made.append(Joined(film, 2, said, chance.randint(2, 3)))
        else:
            made.append(Pieces(film, chunks, said, at_once=number % 10 == 5))
    return made


@dataclass
class Crew:
    """Sends all tasks over some lines, `most` of them open at a time: a step of this one, a step of that one."""

    tasks: list[Task]
    address: str
    token: str
    most: int
    chance: random.Random
    lines: int = 8
    problem: str = ""
    _begun: list[Task] = field(default_factory=list)
    _in_hand: list[Task] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Crew":
        for number in range(self.lines):
            thread = threading.Thread(target=self._send, name=f"line-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    @property
    def share(self) -> float:
        return sum(task.share for task in self.tasks) / len(self.tasks)

    @property
    def over(self) -> bool:
        return bool(self.problem) or all(task.done for task in self.tasks)

    def over_or_at(self, share: float) -> bool:
        return self.over or self.share >= share

    def open(self) -> list[Task]:
        with self._lock:
            return [task for task in self._begun if not task.done]

    def finish(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.1))
        left = [task.film.name for task in self.tasks if not task.done]
        assert not self.problem and not left, self.problem or f"not sent within {within_s:.0f} s: {left}"

    def _send(self) -> None:
        line, failing_since = Line(self.address, self.token), 0.0
        try:
            while not self.over:
                task = self._take()
                if task is None:
                    time.sleep(0.02)
                    continue
                try:
                    task.step(line)
                    failing_since = 0.0
                except Away as away:
                    failing_since = failing_since or time.monotonic()
                    if time.monotonic() - failing_since > PATIENCE_S:
                        raise Broken(f"nothing but “{away}” for {PATIENCE_S:.0f} s") from away
                    time.sleep(0.3)
                finally:
                    with self._lock:
                        self._in_hand.remove(task)
        except Exception as error:  # the test says it, and the other lines stop
            self.problem = self.problem or f"{type(error).__name__}: {error}"
        finally:
            line.close()

    def _take(self) -> Task | None:
        with self._lock:
            at_work = [task for task in self._begun if not task.done]
            if len(at_work) < self.most and len(self._begun) < len(self.tasks):
                task = self.tasks[len(self._begun)]
                self._begun.append(task)
            else:
                idle = [task for task in at_work if task not in self._in_hand]
                if not idle:
                    return None
                task = self.chance.choice(idle)
            self._in_hand.append(task)
            return task
