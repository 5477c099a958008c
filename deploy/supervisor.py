"""Starts the parts in order, watches them, starts a crashed one again, stops them in reverse order."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from deploy import running
from deploy.console import Console
from deploy.process import Child, ProcessId
from deploy.running import Running

BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 30.0
STABLE_AFTER_S = 60.0
LOOK_EVERY_S = 0.1


class StartFailed(RuntimeError):
    """A sentence for the person who started it."""


@dataclass
class Part:
    """A program to keep running. `prepare` runs before every start, also of one that crashed; `clean_up` when all is
    over."""

    child: Child
    ready: Callable[[], bool]
    prepare: Callable[[], None] = lambda: None
    clean_up: Callable[[], None] = lambda: None
    ready_within_s: float = 60.0
    started_at: float = field(default=0.0, init=False)
    is_ready: bool = field(default=False, init=False)
    crashes: int = field(default=0, init=False)
    start_again_at: float | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.child.name

    def start(self) -> None:
        self.prepare()
        self.child.start()
        self.started_at, self.is_ready, self.start_again_at = time.monotonic(), False, None

    @property
    def up_for_s(self) -> float:
        return time.monotonic() - self.started_at


@dataclass
class Step:
    """Something done once between the starts: migrations."""

    name: str
    act: Callable[[], None]


class Supervisor:
    """Runs `stages` one after the other; the parts of one stage start together.

    `environment` is asked once the parts are ready: what other commands need to use them.
    """

    def __init__(
        self,
        folder: Path,
        stages: Sequence[Sequence[Part] | Step],
        *,
        address: str = "",
        environment: Callable[[], dict[str, str]] = dict,
        console: Console | None = None,
    ) -> None:
        self.folder = folder
        self.stages = stages
        self.address = address
        self.environment = environment
        self.console = console or Console(highlight=False)
        self.stopping = threading.Event()

    @property
    def parts(self) -> Iterator[Part]:
        for stage in self.stages:
            if not isinstance(stage, Step):
                yield from stage

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Until SIGINT or SIGTERM. Raises AlreadyRunning or StartFailed; nothing is left running then."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with running.lock(self.folder), self._signals():
            self._end_orphans()
            try:
                if self._start_all():
                    self._write(ready=True)
                    when_ready()
                    self._watch()
            finally:
                self._stop_all()

    def _end_orphans(self) -> None:
        """What an `up` that was killed left behind. The kernel has told it to stop; this makes sure."""
        last = Running.read(self.folder)
        for name, process in reversed(list(last.children.items()) if last else []):
            if process.alive:
                self._tell(f"  ending {name} of an earlier run (process {process.pid})")
                process.end(signal.SIGTERM, grace_s=10.0)

    def _start_all(self) -> bool:
        """False if told to stop meanwhile."""
        for stage in self.stages:
            if self.stopping.is_set():
                return False
            if isinstance(stage, Step):
                began = time.monotonic()
                stage.act()
                self._say(stage.name, "done", time.monotonic() - began)
                continue
            for part in stage:
                part.start()
            self._write()
            while not all(part.is_ready for part in stage):
                if self.stopping.wait(LOOK_EVERY_S / 2):
                    return False
                for part in stage:
                    self._look_at_starting(part)
        return True

    def _look_at_starting(self, part: Part) -> None:
        if part.is_ready:
            return
        if not part.child.running:
            raise StartFailed(f"{part.name} ended at once; its log ({part.child.log}) says:\n{tail(part)}")
        if part.ready():
            part.is_ready = True
            self._say(part.name, "ready", part.up_for_s)
        elif part.up_for_s > part.ready_within_s:
            raise StartFailed(
                f"{part.name} was not ready within {part.ready_within_s:.0f} s; "
                f"its log ({part.child.log}) says:\n{tail(part)}"
            )

    def _watch(self) -> None:
        while not self.stopping.wait(LOOK_EVERY_S):
            for part in self.parts:
                self._look_after(part)

    def _look_after(self, part: Part) -> None:
        if part.start_again_at is not None:
            if time.monotonic() >= part.start_again_at:
                self._start_again(part)
            return
        if part.child.running:
            if not part.is_ready and part.ready():
                part.is_ready = True
                self._say(part.name, "ready again", part.up_for_s)
            return
        code = part.child.kill()  # reaps it, and ends what is left of its group
        if part.up_for_s > STABLE_AFTER_S:
            part.crashes = 0
        wait = min(BACKOFF_FIRST_S * 2**part.crashes, BACKOFF_MOST_S)
        part.crashes += 1
        part.is_ready = False
        part.start_again_at = time.monotonic() + wait
        ended = f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with {code}"
        self._tell(f"  [red]{part.name:<12}[/] {ended}; starting it again in {wait:.1f} s")

    def _start_again(self, part: Part) -> None:
        try:
            part.start()
        except (OSError, RuntimeError) as error:  # a full disk, an orphan that will not go: try later again
            part.crashes += 1
            part.start_again_at = time.monotonic() + BACKOFF_MOST_S
            self._tell(f"  [red]{part.name:<12}[/] could not start: {error}")
        try:
            self._write(ready=True)
        except OSError as error:
            self._tell(f"  not written what runs now: {error}")

    def _stop_all(self) -> None:
        for stage in reversed(self.stages):
            if isinstance(stage, Step):
                continue
            # Asked together, then awaited one by one.
            for part in stage:
                if part.child.running:
                    part.child.ask()
            for part in reversed(stage):
                if part.child.process is not None and part.child.process.returncode is None:
                    part.child.stop()
                    self._tell(f"  {part.name:<12} stopped")
                part.clean_up()
        (self.folder / running.STATE_FILE).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def stop(_number: int, _frame: FrameType | None) -> None:
            if self.stopping.is_set():  # asked twice: no more patience
                for part in self.parts:
                    part.child.grace_s = 0.5
            self.stopping.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _write(self, *, ready: bool = False) -> None:
        me = ProcessId.of(os.getpid())
        assert me is not None
        children = {part.name: part.child.identity for part in self.parts}
        Running(
            supervisor=me,
            address=self.address,
            ready=ready,
            environment=self.environment() if ready else {},
            children={name: child for name, child in children.items() if child},
        ).write(self.folder)

    def _tell(self, line: str) -> None:
        """A full disk under what we say ends nothing that runs."""
        with contextlib.suppress(OSError):
            self.console.print(line)

    def _say(self, name: str, what: str, seconds: float) -> None:
        self._tell(f"  [green]{name:<12}[/] {what} in {seconds:.1f} s")


def tail(part: Part, characters: int = 2000) -> str:
    return part.child.output()[-characters:].strip() or "(nothing)"
