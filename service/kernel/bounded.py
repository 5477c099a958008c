"""A function on a stranger's bytes, in a process of its own that may cost only so much and harms nobody by ending.

The child is forked from a small server process that has loaded what `prepared` names, so that it starts within some
milliseconds and has none of this process's threads, locks and connections. It is alone in its process group.
"""

import contextlib
import ctypes
import gc
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, Literal, TypeVar

from service.kernel import i18n

T = TypeVar("T")
Bound = Literal["cpu_time", "wall_time", "memory", "answer_size", "crash"]

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
_modules: list[str] = []
_starting = Lock()


@dataclass(frozen=True)
class Bounds:
    """Of one run. `memory_bytes`: beyond what its process has at the beginning. `answer_bytes`: pickled."""

    cpu_s: int
    wall_s: float
    memory_bytes: int = 2**30
    answer_bytes: int = 256 * 2**20


class OutOfBounds(Exception):
    """It was ended: `bound` says by which. `crash`: by none of them."""

    def __init__(self, bound: Bound) -> None:
        super().__init__(bound)
        self.bound = bound


def prepared(*modules: str) -> None:
    """Loaded once, before the first child starts."""
    _modules.extend(modules)


def run_bounded(act: Callable[..., T], *arguments: Any, bounds: Bounds) -> T:
    """What `act`, a function of a module, answers or raises, in the caller's language. OutOfBounds if it was ended."""
    receiver, sender = _context().Pipe(duplex=False)
    child = _context().Process(
        target=_child, args=(sender, bounds, i18n.current(), act, arguments), daemon=True
    )
    try:
        _start(child)
        sender.close()
        if not receiver.poll(bounds.wall_s):
            raise OutOfBounds("wall_time")
        kind, answer = _answer(receiver, child, bounds)
    finally:
        _end(child)
        receiver.close()
    if kind == "answered":
        return answer
    if kind == "raised":
        raise answer
    raise OutOfBounds(kind)


def _start(child: ForkServerProcess) -> None:
    """multiprocessing would load the program of this process into the child once more, whatever it does when loaded."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            child.start()
        finally:
            sys.modules["__main__"] = main


@cache
def _context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, *_modules])
    return context


def _answer(receiver: Connection, child: ForkServerProcess, bounds: Bounds) -> tuple[Any, Any]:
    try:
        return pickle.loads(receiver.recv_bytes(bounds.answer_bytes + 4096))
    except (EOFError, OSError):
        child.join(bounds.wall_s)
        return ("cpu_time" if child.exitcode == -signal.SIGXCPU else "crash"), None


def _end(child: ForkServerProcess) -> None:
    if child.pid is None:
        return
    for kill in (os.killpg, os.kill):  # it may not have made its group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child.pid, signal.SIGKILL)
    child.join(10)


def _child(
    sender: Connection, bounds: Bounds, locale: str, act: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # its parent ends with the process that asked
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.setpgid(0, 0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + bounds.memory_bytes
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + bounds.cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    gc.disable()  # it ends before anything would be worth collecting
    with i18n.speaking(locale):
        told = _told(act, arguments)
    if len(told) > bounds.answer_bytes:
        told = pickle.dumps(("answer_size", None))
    sender.send_bytes(told)
    sender.close()


def _told(act: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(("answered", act(*arguments)), protocol=5)
    except MemoryError:
        return pickle.dumps(("memory", None))
    except Exception as error:  # whatever it is, it is raised where the answer was awaited
        return pickle.dumps(("raised", error))
