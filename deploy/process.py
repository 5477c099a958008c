"""Child processes: started in their own session, ended with their parent, never mistaken for another, and told no
secret that is not theirs."""

import contextlib
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from deploy.account import Account
from deploy.kept_log import KeptLog
from service.kernel.boot import boot_id
from service.kernel.environment import for_others, for_ours

KILL_WAIT_S = 5.0
OPEN_FILES = 65_536


@dataclass(frozen=True)
class ProcessId:
    """A process, not just its number: the start time (ticks since boot) tells it from a reused pid."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        started = _start_ticks(pid)
        return None if started is None else cls(pid, started, boot_id())

    @property
    def alive(self) -> bool:
        return self.boot == boot_id() and _start_ticks(self.pid) == self.started

    def send(self, number: int, *, group: bool = False) -> bool:
        """Sends a signal if this very process still lives; `group` reaches what it started too."""
        if not self.alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            if group and os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
            return True
        return False

    def end(self, number: int = signal.SIGTERM, *, grace_s: float = 10.0) -> None:
        """Asks the process to stop, waits at most `grace_s`, then kills its group."""
        if not self.send(number):
            return
        if not wait_until(lambda: not self.alive, grace_s):
            self.send(signal.SIGKILL, group=True)
            wait_until(lambda: not self.alive, KILL_WAIT_S)

    def as_json(self) -> dict[str, Any]:
        return {"pid": self.pid, "started": self.started, "boot": self.boot}


def allow_open_files() -> None:
    """For this process and what it starts: a shell's usual 1024 are fewer than a bureau has browsers and docks."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None if the process is gone or only waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name stands in brackets and may hold spaces and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def wait_until(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> bool:
    deadline = time.monotonic() + timeout_s
    while True:
        if condition():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now. Somebody may take it before you do: retry.

    It lies below those that the kernel gives to outgoing connections, which come and go all the time.
    """
    for _ in range(100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port := 20_000 + secrets.randbelow(12_000)))
            return port
    raise OSError("no free port on 127.0.0.1 between 20000 and 32000")


@dataclass
class Child:
    """One program run as our child.

    It gets a session and process group of its own (Ctrl-C reaches only us), no standard input, its output
    appended to `log` (by `kept`, where there is one), and `death_signal` from the kernel when the thread that started
    it ends. `ours`: no program of other people.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int | None = signal.SIGTERM
    grace_s: float = 10.0
    ours: bool = True
    kept: KeptLog | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    log_start: int = field(default=0, init=False, repr=False)

    def start(self) -> None:
        argv = list(self.argv)
        if self.death_signal is not None:
            # setpriv execs: the pid stays. (preexec_fn would do the same but is not safe beside threads.)
            number = signal.Signals(self.death_signal).name.removeprefix("SIG")
            argv = [shutil.which("setpriv") or "/usr/bin/setpriv", "--pdeathsig", number, "--", *argv]
        identity: dict[str, Any] = {}
        if self.account is not None:
            identity = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        with contextlib.ExitStack() as opened:
            out: Any = subprocess.PIPE
            if self.kept is None:
                self.log_start = self.log.stat().st_size if self.log.exists() else 0
                out = opened.enter_context(self.log.open("ab"))
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**(for_ours() if self.ours else for_others()), **self.env},
                cwd=self.cwd,
                start_new_session=True,
                **identity,
            )
        if self.kept is not None:
            self.kept.begin()
            Thread(
                target=self.kept.follow, args=(self.process.stdout,), name=f"log of {self.name}", daemon=True
            ).start()

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.process.pid

    @property
    def identity(self) -> ProcessId | None:
        return ProcessId.of(self.pid) if self.running else None

    @property
    def running(self) -> bool:
        if self.process is None or self.process.returncode is not None:
            return False
        # WNOWAIT: not reaped here, so that kill() can still reach its group under a number that is ours.
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def ask(self) -> None:
        """Asks it to stop, and does not wait."""
        if self.running:
            os.kill(self.pid, self.stop_signal)

    def stop(self) -> None:
        """Asks, waits `grace_s`, then kills the whole group. Returns once the child is reaped."""
        if self.running:
            self.ask()
            wait_until(lambda: not self.running, self.grace_s)
        self.kill()

    def kill(self) -> int | None:
        """Ends the child and all that is left of its process group, at once; its exit code."""
        if self.process is None:
            return None
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(KILL_WAIT_S)
        return self.process.returncode

    def output(self) -> str:
        """What it has written since its last start; of a kept log, the end of it."""
        if self.kept is not None:
            return self.kept.output()
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")
