"""What must not be possible from inside, and that nothing outlives its worker."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from tests.fixtures.small_disks import on_small_disks
from tests.workers.media.conftest import Canary
from workers.media.sandbox import Limits, Sandbox, SandboxUnavailable, _must_be_readable, inside

ROOT = Path(__file__).parents[3]


def processes_with(token: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if token in command:
                found.append(int(entry.name))
    return found


def argv_of(pid: int) -> list[str]:
    try:
        return (Path("/proc") / str(pid) / "cmdline").read_text("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return []


def uids(pid: int) -> set[int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {int(n) for line in lines if line.startswith(("Uid:", "Gid:")) for n in line.split()[1:]}


def wait_for(test: Any, seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := test():
            return result
        time.sleep(0.05)
    return test()


def test_ffmpeg_starts_here(box: Sandbox) -> None:
    assert box.check() is None


FULL = """
import sys
from pathlib import Path
from workers.media.sandbox import Sandbox
private = Path(sys.argv[1]) / "private"
private.mkdir()
box = Sandbox.here()
writing = ["/bin/sh", "-c", "head -c $0 /dev/zero > out; exit $1"]
assert box.run([*writing, "1000000", "0"], private_dir=private).ok
for code in ("0", "1"):
    try:
        box.run([*writing, "100000000", code], private_dir=private)
    except OSError as error:
        print(error.strerror)
"""


def test_a_disk_that_was_full_in_the_end_is_no_fault_of_the_files(tmp_path: Path) -> None:
    """Three encodes on a full disk, and a sound recording was called one that cannot be played."""
    done = subprocess.run(
        on_small_disks(
            {tmp_path / "small": 4 * 2**20}, [sys.executable, "-c", FULL, str(tmp_path / "small")]
        ),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stdout.splitlines() == ["No space left on device"] * 2, done.stderr


def test_the_closed_namespace_is_explained_in_one_sentence() -> None:
    script = (
        "echo 0 > /proc/sys/user/max_user_namespaces; "
        f"exec {sys.executable} -c 'from workers.media.sandbox import Sandbox; print(Sandbox().check())'"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert "user namespaces are closed" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1


def test_outside_the_sandbox_the_user_is_never_root(box: Sandbox, private: Path) -> None:
    cancel, token = Event(), f"3{os.getpid()}.5"
    seen: list[set[int]] = []

    def look() -> None:
        seen.extend(uids(pid) for pid in processes_with(token))
        cancel.set()

    timer = Timer(0.7, look)
    timer.start()
    box.run(["sleep", token], private_dir=private, cancel=cancel)
    timer.join()
    assert len(seen) >= 2  # bwrap and the program in it
    assert 0 not in set().union(*seen)
    if os.geteuid() != 0:
        assert set().union(*seen) == {os.geteuid(), os.getegid()}
    assert wait_for(lambda: not processes_with(token))


def test_siblings_homes_and_passwords_are_out_of_reach(box: Sandbox, private: Path, tmp_path: Path) -> None:
    (tmp_path / "sibling.txt").write_text("canary-content")
    (tmp_path / "sibling.txt").chmod(0o644)
    for path in (tmp_path / "sibling.txt", Path("/etc/passwd"), Path.home(), ROOT / "pyproject.toml"):
        done = box.run(["ls", "-l", str(path)], private_dir=private)
        assert done.code != 0 and "No such file" in done.stderr


def test_the_network_is_out_of_reach(box: Sandbox, private: Path, canary: Canary) -> None:
    done = box.run(["bash", "-c", f"echo hi > /dev/tcp/127.0.0.1/{canary.port}"], private_dir=private)
    assert done.code != 0
    assert canary.calls == 0


def test_only_the_private_folder_is_writable(box: Sandbox, private: Path, clip: Callable[..., Path]) -> None:
    source = clip("a.wav", "-f", "lavfi", "-i", "sine=duration=0.1")
    before = source.read_bytes()
    script = f"echo x > {inside()}; echo x > /usr/x; echo x > /in/x; echo made > ok"
    box.run(["sh", "-c", script], private_dir=private, readonly=[source])
    assert source.read_bytes() == before
    assert (private / "ok").read_text() == "made\n"
    assert not Path("/usr/x").exists()


def test_the_environment_of_the_worker_stays_outside(
    private: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGLU_SECRET_KEY", "do-not-leak")
    done = box.run(["env"], private_dir=private)
    assert b"do-not-leak" not in done.stdout and b"PATH=" in done.stdout


def test_a_lost_lease_ends_the_run(box: Sandbox, private: Path) -> None:
    cancel = Event()
    Timer(0.3, cancel.set).start()
    done = box.run(["sleep", "60"], private_dir=private, cancel=cancel)
    assert done.ended == "cancelled" and done.wall_s < 30 and not done.ok


def test_a_program_that_ignores_the_polite_signal_is_ended_too(box: Sandbox, private: Path) -> None:
    cancel = Event()
    Timer(0.3, cancel.set).start()
    done = box.run(["sh", "-c", "trap '' TERM; sleep 60; sleep 60"], private_dir=private, cancel=cancel)
    assert done.ended == "cancelled" and done.wall_s < 30


@pytest.mark.parametrize(
    ("argv", "limits", "ended"),
    [
        (["sleep", "60"], Limits(wall_s=0.3), "wall_time"),
        (["sh", "-c", "while :; do :; done"], Limits(cpu_s=1), "cpu_time"),
        (["head", "-c", "3000000", "/dev/zero"], Limits(), "exit"),
        (["dd", "if=/dev/zero", "of=x", "bs=1M", "count=3"], Limits(file_bytes=1_000_000), "output_size"),
    ],
)
def test_limits_hold(box: Sandbox, private: Path, argv: list[str], limits: Limits, ended: str) -> None:
    done = box.run(argv, private_dir=private, limits=limits)
    assert done.ended == ended
    assert done.ok == (ended == "exit")


def test_memory_is_limited(box: Sandbox, private: Path) -> None:
    script = "x=$(head -c 400000000 /dev/zero | tr '\\0' x); echo ${#x}"
    done = box.run(["sh", "-c", script], private_dir=private, limits=Limits(memory_bytes=300_000_000))
    assert b"400000000" not in done.stdout


def test_endless_complaints_do_not_fill_the_memory(box: Sandbox, private: Path) -> None:
    done = box.run(["sh", "-c", "yes 'much ado' | head -c 5000000 >&2"], private_dir=private)
    assert done.ok and len(done.stderr) <= 16 * 1024


def test_the_time_of_the_processor_is_told(box: Sandbox, private: Path) -> None:
    done = box.run(["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"], private_dir=private)
    assert done.ok and done.cpu_s > 0.05
    assert done.stderr == ""


def gone_for_good(token: str) -> bool:
    """Nobody carries the token, and still not a little later: in the middle of an exec a command line is empty."""
    if processes_with(token):
        return False
    time.sleep(0.3)
    return not processes_with(token)


def started_worker(private: Path, token: str) -> subprocess.Popen:
    script = (
        "from pathlib import Path; from workers.media.sandbox import Sandbox;"
        f"Sandbox.here().run(['sleep', '{token}'], private_dir=Path({str(private)!r}))"
    )
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)


def test_a_worker_killed_with_9_takes_its_children_along(private: Path) -> None:
    token = f"4{os.getpid()}.25"
    worker = started_worker(private, token)
    assert wait_for(lambda: ["sleep", token] in (argv_of(pid) for pid in processes_with(token)))
    worker.kill()
    worker.wait()
    assert wait_for(lambda: gone_for_good(token))


def test_a_worker_killed_while_its_sandbox_is_being_built_leaves_nothing_waiting(private: Path) -> None:
    token = f"6{os.getpid()}.25"
    workers = [started_worker(private, f"{token}{n:02}") for n in range(16)]
    for n, worker in enumerate(workers):
        mine = f"{token}{n:02}"
        wait_for(lambda mine=mine, pid=worker.pid: set(processes_with(mine)) - {pid})
        time.sleep(n * 0.002)
        worker.kill()
        worker.wait()
    assert wait_for(lambda: gone_for_good(token)), [argv_of(pid)[:1] for pid in processes_with(token)]


def test_a_callback_that_fails_leaves_nothing_running(box: Sandbox, private: Path) -> None:
    token = f"5{os.getpid()}.75"

    def fail(_: bytes) -> None:
        raise ValueError("broken reader")

    with pytest.raises(ValueError, match="broken reader"):
        box.run(["sh", "-c", f"echo x; sleep {token}"], private_dir=private, on_stdout=fail)
    assert wait_for(lambda: not processes_with(token))


def test_a_name_is_data(box: Sandbox, private: Path, clip: Callable[..., Path]) -> None:
    for name in ("-i.mp4", "$(touch owned).mp4", "a;b&c|d 'e\".mp4", "录像 一.mp4"):
        made = clip("plain.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x64:duration=0.2")
        odd = made.rename(made.parent / name)
        done = box.run(["stat", "-c", "%n %s", inside()], private_dir=private, readonly=[odd])
        assert done.stdout.decode() == f"{inside()} {odd.stat().st_size}\n"
        assert list(private.iterdir()) == []


def test_a_file_that_the_lesser_user_may_not_read_is_said_so(
    box: Sandbox, private: Path, tmp_path: Path
) -> None:
    closed = tmp_path / "closed.bin"
    closed.write_bytes(b"x")
    closed.chmod(0o600)
    lesser = Sandbox(user=box.user or (65534, 65534))
    with pytest.raises(SandboxUnavailable, match="may not read"):
        _must_be_readable(closed, lesser.user)
    if box.user:
        with pytest.raises(SandboxUnavailable, match="may not read"):
            box.run(["true"], private_dir=private, readonly=[closed])


def test_an_ordinary_user_needs_no_root(private: Path) -> None:
    """The same as a service under its own user: no step down, no mount of its own."""
    if os.geteuid() == 0:
        code = "from workers.media.sandbox import Sandbox; print(Sandbox.here(), Sandbox.here().check())"
        runner = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        done = subprocess.run(
            [*runner, sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30
        )
        assert done.stdout.strip().endswith("None"), done.stderr
        assert "user=None" in done.stdout
    else:
        assert Sandbox.here().user is None
