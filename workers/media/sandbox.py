"""Runs ffmpeg and ffprobe where they can harm nothing: bubblewrap, without network, one private folder.

Inside, the private folder is `/w` (the working directory, the only writable place) and the read-only inputs
are `/in/0`, `/in/1`, … : a user's file name never reaches a command line.
"""

import contextlib
import errno
import functools
import math
import os
import pwd
import re
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock
from typing import Literal

STDERR_TAIL = 16 * 1024
NO_ROOM = 2**20  # free on the disk of the private folder
# Libraries, mapped files and what threads reserve without using it: none of it is memory that is taken.
ADDRESSES_BESIDE = 3 * 1024**3
_TICKS = os.sysconf("SC_CLK_TCK")
Ended = Literal["exit", "cancelled", "wall_time", "cpu_time", "output_size", "stdout_size"]


class SandboxUnavailable(RuntimeError):
    """The sandbox cannot start here; the message is one sentence for an administrator."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one run. Bytes and seconds; `memory_bytes`: of each process what it may write to;
    `stdout_bytes`: where nobody reads along; `processes` counts all threads of the user, so it is generous."""

    wall_s: float = 600
    cpu_s: int = 1200
    memory_bytes: int = 1024**3
    file_bytes: int = 64 * 1024**3
    stdout_bytes: int = 64 * 1024**2
    open_files: int = 256
    processes: int = 4096


@dataclass
class Outcome:
    """How a run ended. `code` is 128+n after signal n; an exit code of 0 proves nothing about the output.
    `cpu_s` is user and system time of the program and all its threads, also where it was ended from outside."""

    code: int
    ended: Ended
    stdout: bytes
    stderr: str
    wall_s: float
    cpu_s: float

    @property
    def ok(self) -> bool:
        return self.ended == "exit" and self.code == 0


def inside(index: int = 0) -> str:
    """The name of the index-th read-only input inside the sandbox."""
    return f"/in/{index}"


class AllowanceSpent(RuntimeError):
    """What all runs for a piece of work may take together is used up; `limit` says of what."""

    def __init__(self, limit: Ended) -> None:
        super().__init__(limit)
        self.limit = limit


@dataclass
class Allowance:
    """Seconds of the processor and of the clock that all runs for one piece of work have together."""

    cpu_s: float
    wall_s: float
    began: float = field(default_factory=time.monotonic)

    def of_run(self, limits: Limits) -> Limits:
        """What is left, for a run that would have `limits` by itself."""
        wall = self.wall_s - (time.monotonic() - self.began)
        if self.cpu_s <= 0 or wall <= 0:
            raise AllowanceSpent("cpu_time" if self.cpu_s <= 0 else "wall_time")
        return replace(
            limits, cpu_s=min(limits.cpu_s, math.ceil(self.cpu_s)), wall_s=min(limits.wall_s, wall)
        )

    def take(self, outcome: Outcome, limits: Limits, own: Limits) -> None:
        """`own`: what the run would have had by itself."""
        self.cpu_s -= outcome.cpu_s or min(outcome.wall_s, limits.cpu_s)
        if outcome.ended == "cpu_time" and limits.cpu_s < own.cpu_s:
            raise AllowanceSpent("cpu_time")
        if outcome.ended == "wall_time" and limits.wall_s < own.wall_s:
            raise AllowanceSpent("wall_time")


@dataclass(frozen=True)
class Sandbox:
    """`user` is the (uid, gid) that root steps down to; None where the process is already unprivileged. `allowance`: what
    all its runs have together; when that is used up, `run` raises AllowanceSpent."""

    user: tuple[int, int] | None = None
    env: dict[str, str] = field(default_factory=dict)
    allowance: Allowance | None = None

    @classmethod
    def here(cls, names: Sequence[str] = ("zhenglu", "nobody")) -> "Sandbox":
        """The sandbox for this process: root steps down to the first of `names` that exists."""
        if os.geteuid() != 0:
            return cls()
        for name in names:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            if entry.pw_uid != 0:
                return cls(user=(entry.pw_uid, entry.pw_gid))
        raise SandboxUnavailable("No unprivileged user exists to run ffmpeg as; create the user `zhenglu`.")

    def run(
        self,
        argv: Sequence[str],
        *,
        private_dir: Path,
        readonly: Sequence[Path] = (),
        limits: Limits | None = None,
        on_progress: Callable[[float], None] | None = None,
        on_stdout: Callable[[bytes], None] | None = None,
        cancel: Event | None = None,
    ) -> Outcome:
        """Run `argv` and wait.

        With `on_progress`, `-progress pipe:1` is added and the callback gets seconds of output written, about
        twice a second. `on_stdout` gets the bytes as they come in place of `Outcome.stdout`. When `cancel` is
        set the whole group is ended within two seconds. Raises SandboxUnavailable when it cannot start, and OSError
        (ENOSPC) when the private folder's disk was full in the end.
        """
        own = limits or Limits()
        limits = self.allowance.of_run(own) if self.allowance else own
        argv = list(argv)
        if on_progress:
            argv[1:1] = ["-nostats", "-stats_period", "0.5", "-progress", "pipe:1"]
            on_stdout = _progress_reader(on_progress)
        private_dir = private_dir.resolve(strict=True)
        inputs = [path.resolve(strict=True) for path in readonly]
        if self.user:
            os.chown(private_dir, *self.user)
            for path in inputs:
                _must_be_readable(path, self.user)
        command = self._command(argv, private_dir, inputs, limits)
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"},
                process_group=0,
            )
        except FileNotFoundError as error:
            raise SandboxUnavailable(f"{error.filename} is not installed.") from error
        with _counted(process.pid) as spent:
            outcome = _supervise(process, limits, started, on_stdout, cancel, spent)
        if outcome.code and outcome.stderr.startswith(
            ("bwrap: ", "unshare: ", "mount: ", "setpriv: ", "prlimit: ")
        ):
            raise SandboxUnavailable(_explain(outcome.stderr))
        if outcome.ended == "exit" and _free(private_dir) < NO_ROOM:
            # Whatever it says of itself or of the file: what it wrote was cut off, and that is no fault of the file's.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(private_dir))
        if self.allowance:
            self.allowance.take(outcome, limits, own)
        return outcome

    def _command(self, argv: list[str], private_dir: Path, inputs: list[Path], limits: Limits) -> list[str]:
        lead: list[str] = []
        work, names = str(private_dir), [str(path) for path in inputs]
        if self.user:
            # The folders above may be closed to the other user (a data folder of mode 700, root's clone), so
            # root first binds what is needed to an open place that only this mount namespace sees.
            stage = _stage_point([work, *names])
            lead = ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-ec", _STAGE, "sh"]
            lead += [stage, str(len(names)), work, *names]
            work, names = f"{stage}/w", [f"{stage}/in{i}" for i in range(len(names))]
        lead += [
            "prlimit",
            f"--data={limits.memory_bytes}",
            f"--as={limits.memory_bytes + ADDRESSES_BESIDE}",
            f"--cpu={limits.cpu_s}:{limits.cpu_s + 5}",
            f"--fsize={limits.file_bytes}",
            f"--nofile={limits.open_files}",
            f"--nproc={limits.processes}",
            "--core=0",
            "--",
        ]
        lead += ["setpriv", "--no-new-privs"]
        if self.user:
            uid, gid = self.user
            lead += ["--reuid", str(uid), "--regid", str(gid), "--clear-groups"]
        lead += [
            "bwrap",
            "--unshare-all",
            "--unshare-user",
            "--disable-userns",
            "--die-with-parent",
            "--new-session",
        ]
        lead += ["--cap-drop", "ALL", *_system_mounts(), "--dev", "/dev", "--bind", work, "/w"]
        for i, name in enumerate(names):
            lead += ["--ro-bind", name, inside(i)]
        lead += ["--chdir", "/w", "--clearenv"]
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "4", **self.env}
        for key, value in env.items():
            lead += ["--setenv", key, value]
        return [*lead, "--", "/bin/sh", "-c", _TIMED, "sh", *argv]

    def check(self) -> str | None:
        """None when ffmpeg starts in the sandbox, else one sentence why not and what to do."""
        for tool in ("bwrap", "setpriv", "prlimit", "unshare", "ffmpeg", "ffprobe"):
            if not shutil.which(tool, path="/usr/bin:/bin:/usr/sbin:/sbin"):
                return f"{tool} is not installed; install the Debian packages bubblewrap, util-linux, ffmpeg."
        with tempfile.TemporaryDirectory(prefix="zhenglu-check-") as folder:
            try:
                outcome = self.run(["ffmpeg", "-version"], private_dir=Path(folder), limits=Limits(wall_s=20))
            except SandboxUnavailable as error:
                return str(error)
        if not outcome.ok:
            return f"ffmpeg does not start in the sandbox: {outcome.stderr.strip()[-200:] or outcome.ended}"
        return None


@dataclass(eq=False)
class _Spent:
    """Processor seconds of what runs below bwrap, which waits for none of it."""

    pid: int
    seconds: float = 0.0

    def look(self) -> float:
        """What is living there has taken so far, with what has ended before it."""
        self.seconds = max(self.seconds, _below(self.pid))
        return self.seconds


_running: list[_Spent] = []
_ended_s = 0.0
_counting = Lock()


@contextlib.contextmanager
def _counted(pid: int) -> Iterator[_Spent]:
    global _ended_s
    spent = _Spent(pid)
    with _counting:
        _running.append(spent)
    try:
        yield spent
    finally:
        with _counting:
            _running.remove(spent)
            _ended_s += spent.seconds


def sandboxes_cpu_s() -> float:
    """Seconds of the processor that all runs of this process have taken, those under way included."""
    with _counting:
        return _ended_s + sum(spent.look() for spent in _running)


def _below(pid: int) -> float:
    """Seconds that the living descendants of a process have taken, and what these have waited for."""
    taken: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            told = (entry / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:  # it has just ended
            continue
        taken[int(entry.name)] = sum(map(int, told[11:15])) / _TICKS
        children.setdefault(int(told[1]), []).append(int(entry.name))
    seconds, generation = 0.0, children.get(pid, [])
    while generation:
        seconds += sum(taken[one] for one in generation)
        generation = [child for one in generation for child in children.get(one, [])]
    return seconds


# bwrap does not pass its child's resource usage on; the shell's own `times` does, as the last two lines.
# And it starts the program only on a word from the worker: bwrap notices a parent's death only after its own
# set-up, so one killed in these milliseconds would else leave its ffmpeg running for ever. Nothing may end
# bwrap earlier (setpriv's --pdeathsig did): its child would wait for ever for the word that set-up is done.
_READY = b"ready\n"
_TIMED = 'echo ready >&2; read -r go || exit 1; "$@" </dev/null; code=$?; echo >&2; times >&2; exit $code'
_TIMES = re.compile(r"\n?(?:\d+m[\d.]+s \d+m[\d.]+s\n)?(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*\Z")

_STAGE = """
stage=$1; n=$2; shift 2
mount -t tmpfs -o mode=755,size=1m,nosuid,nodev tmpfs "$stage"
mkdir "$stage/w"; mount --bind "$1" "$stage/w"; shift
i=0
while [ "$i" -lt "$n" ]; do : > "$stage/in$i"; mount --bind "$1" "$stage/in$i"; shift; i=$((i+1)); done
exec "$@"
"""


def _stage_point(paths: list[str]) -> str:
    for point in ("/mnt", "/media", "/srv", "/opt"):
        if Path(point).is_dir() and not any(f"{path}/".startswith(f"{point}/") for path in paths):
            return point
    raise SandboxUnavailable("None of /mnt, /media, /srv, /opt is free for the sandbox's private mount.")


@functools.cache
def _system_mounts() -> list[str]:
    mounts = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            mounts += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            mounts += ["--ro-bind", str(path), str(path)]
    # Without these the linker does not find Debian's BLAS behind ffmpeg's filters.
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        mounts += ["--ro-bind-try", name, name]
    return mounts


def _must_be_readable(path: Path, user: tuple[int, int]) -> None:
    facts = path.stat()
    if (
        facts.st_uid == user[0]
        or facts.st_mode & 0o004
        or (facts.st_gid == user[1] and facts.st_mode & 0o040)
    ):
        return
    raise SandboxUnavailable(f"The unprivileged user {user[0]} may not read the file to be processed.")


def _explain(stderr: str) -> str:
    line = stderr.strip().splitlines()[0]
    if re.search(r"namespace|uid map|Operation not permitted|Permission denied", line):
        return (
            f"The sandbox cannot start because user namespaces are closed here ({line}); allow them "
            "(sysctl kernel.unprivileged_userns_clone=1, on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0, "
            "or a container profile that permits them)."
        )
    return f"The sandbox cannot start: {line}"


def _progress_reader(callback: Callable[[float], None]) -> Callable[[bytes], None]:
    pending = b""

    def read(chunk: bytes) -> None:
        nonlocal pending
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            if key == b"out_time_us" and value.strip().lstrip(b"-").isdigit():
                callback(max(0.0, int(value) / 1e6))

    return read


def _supervise(
    process: subprocess.Popen[bytes],
    limits: Limits,
    started: float,
    on_stdout: Callable[[bytes], None] | None,
    cancel: Event | None,
    spent: _Spent,
) -> Outcome:
    stdout, tail = bytearray(), bytearray()
    ended: Ended = "exit"
    terminated_at: float | None = None
    waiting = True
    assert process.stdin and process.stdout and process.stderr, "all three are pipes"
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ, stdout)
            selector.register(process.stderr, selectors.EVENT_READ, tail)
            while selector.get_map():
                for key, _ in selector.select(timeout=0.1):
                    chunk = os.read(key.fd, 1 << 16)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.data is tail:
                        tail += chunk
                        if waiting and tail.startswith(_READY):
                            waiting = False
                            del tail[: len(_READY)]
                            with contextlib.suppress(BrokenPipeError):
                                os.write(process.stdin.fileno(), b"go\n")
                        del tail[:-STDERR_TAIL]
                    elif on_stdout:
                        on_stdout(chunk)
                    else:
                        stdout += chunk
                now = time.monotonic()
                if terminated_at is None:
                    if cancel is not None and cancel.is_set():
                        ended = "cancelled"
                    elif now - started > limits.wall_s:
                        ended = "wall_time"
                    elif len(stdout) > limits.stdout_bytes:
                        ended = "stdout_size"
                    if ended != "exit":
                        terminated_at = now
                        spent.look()
                        _signal_group(process, signal.SIGTERM)
                elif now - terminated_at > 2:
                    spent.look()
                    _signal_group(process, signal.SIGKILL)
        process.wait()
    finally:
        # Also reached when a callback raises: nothing may be left running behind it.
        if process.returncode is None:
            spent.look()
            _signal_group(process, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    if ended == "exit" and code in (128 + signal.SIGXCPU, 128 + signal.SIGXFSZ):
        ended = "cpu_time" if code == 128 + signal.SIGXCPU else "output_size"
    stderr = tail.decode("utf-8", "replace")
    if times := _TIMES.search(stderr):
        stderr = stderr[: times.start()]
        told = int(times[1]) * 60 + float(times[2]) + int(times[3]) * 60 + float(times[4])
        spent.seconds = max(spent.seconds, told)
    if ended == "exit" and code and spent.seconds > limits.cpu_s - 1:  # ffmpeg ends by itself at that signal
        ended = "cpu_time"
    return Outcome(
        code=code,
        ended=ended,
        stdout=bytes(stdout),
        stderr=stderr,
        wall_s=time.monotonic() - started,
        cpu_s=spent.seconds,
    )


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
