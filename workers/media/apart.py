"""Reads strangers' bytes in a child of this process: little memory, little time, and it can be ended.

Pure Python makes no holes through which a file could take over the program; but what a crafted file asks of it may take
hours and gigabytes. A fork costs some milliseconds, a program of its own ten times as much.
"""

import contextlib
import ctypes
import gc
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Generic, Literal, NoReturn, TypeVar

T = TypeVar("T")
Limit = Literal["cpu_time", "wall_time", "memory", "cancelled"]
ANSWER_MAX = 64 * 2**20
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Exceeded(RuntimeError):
    """The reading was ended: `limit` says by what."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass(frozen=True)
class Bounds:
    """`memory_bytes`: beyond what this process has already."""

    cpu_s: int = 10
    memory_bytes: int = 512 * 2**20

    @property
    def wall_s(self) -> float:
        return 60.0 + 5 * self.cpu_s


class Apart(Generic[T]):
    """`read` begins at once; `result` waits for it. An exception of `read` is raised there."""

    def __init__(self, read: Callable[[], T], bounds: Bounds, cancel: Event | None = None) -> None:
        self.bounds, self.cancel = bounds, cancel
        self.until = time.monotonic() + bounds.wall_s
        self._answer, ours = os.pipe()
        self._parent = os.getpid()
        self._pid: int | None = os.fork()
        if self._pid == 0:
            self._be_child(read, ours)
        os.close(ours)

    def __enter__(self) -> "Apart[T]":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def result(self) -> T:
        try:
            answer = self._received()
        except BaseException:
            self._end()
            raise
        status = self._reaped()
        if os.WIFSIGNALED(status):
            raise Exceeded("cpu_time" if os.WTERMSIG(status) == signal.SIGXCPU else "memory")
        if not answer:
            raise Exceeded("memory")
        made, value = pickle.loads(answer)  # of this very program, which a fork does not leave
        if made:
            return value
        raise Exceeded("memory") if isinstance(value, MemoryError) else value

    def _received(self) -> bytes:
        answer = bytearray()
        poll = select.poll()
        poll.register(self._answer, select.POLLIN | select.POLLHUP)
        while True:
            if poll.poll(100):
                chunk = os.read(self._answer, 1 << 20)
                if not chunk:
                    return bytes(answer)
                answer += chunk
            if self.cancel is not None and self.cancel.is_set():
                raise Exceeded("cancelled")
            if time.monotonic() > self.until:
                raise Exceeded("wall_time")
            if len(answer) > ANSWER_MAX:
                raise Exceeded("memory")

    def _end(self) -> None:
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._reaped()

    def _reaped(self) -> int:
        assert self._pid is not None
        os.close(self._answer)
        status = os.waitpid(self._pid, 0)[1]
        self._pid = None
        return status

    def _be_child(self, read: Callable[[], T], ours: int) -> NoReturn:
        """Ends here, whatever happens: nothing of the parent's may be tidied up by two."""
        try:
            os.close(self._answer)
            gc.disable()  # it would touch, and so copy, all that the parent has
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGXCPU):
                signal.signal(number, signal.SIG_DFL)
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == self._parent:
                self._bound()
                try:
                    answer = pickle.dumps((True, read()))
                except Exception as error:  # the parent raises it
                    answer = pickle.dumps((False, error))
                while answer:
                    answer = answer[os.write(ours, answer) :]
        finally:
            os._exit(0)

    def _bound(self) -> None:
        cpu = self.bounds.cpu_s
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 2))
        data = _data_bytes() + self.bounds.memory_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (data, data))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def apart(read: Callable[[], T], bounds: Bounds, cancel: Event | None = None) -> T:
    with Apart(read, bounds, cancel) as reading:
        return reading.result()


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("VmData:"))
    return int(line.split()[1]) * 1024
