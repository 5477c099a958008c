"""The supervisor, with small programs in place of the real parts (the real ones: test_up.py)."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.process import Child, ProcessId, wait_until
from deploy.running import Running
from tests.fixtures.processes import Processes

PROGRAM = """
import sys, time
from pathlib import Path
from deploy.process import Child
from deploy.supervisor import Part, Step, StartFailed, Supervisor

folder = Path(sys.argv[1])
variant = sys.argv[2] if len(sys.argv) > 2 else ""

def part(name, code):
    child = Child(name, [sys.executable, "-uc", code], folder / f"{name}.log", grace_s=1.0)
    return Part(child, lambda: "up" in child.output())

run = "import os, time; print('up', os.getpid()); time.sleep(600)"
# What a server does that takes its time to stop; and one that does not want to.
slow = "import signal, sys, time; signal.signal(15, lambda *_: (print('bye'), sys.exit())); print('up'); time.sleep(600)"
stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)"
broken = "import sys; print('no such table'); sys.exit(3)"

first = [part("store", slow), part("broker", run)]
first[0].clean_up = lambda: print("store gone:", not first[0].child.running, flush=True)
second = [part("web", broken if variant == "broken" else run), part("stubborn", stubborn)]
step = Step("migrations", lambda: (folder / "migrated").write_text("yes"))
try:
    Supervisor(folder, [first, step, second], address="http://here", environment=lambda: {"ZHENGLU_X": "1"}).run(
        when_ready=lambda: print("all ready", flush=True)
    )
except (RuntimeError) as error:
    print("refused:", error, flush=True)
    sys.exit(1)
print("ended", flush=True)
"""


@pytest.mark.parametrize("left", ["", "\0" * 900, "{", "[]", '{"supervisor": 1}', "null"])
def test_what_a_power_cut_left_of_the_last_run_stops_no_start(folder: Path, left: str) -> None:
    (folder / "up.json").write_text(left)
    assert Running.read(folder) is None


@pytest.fixture
def program(tmp_path: Path) -> str:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    return str(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def start(processes: Processes, program: str, folder: Path) -> Callable[..., Child]:
    def start(*arguments: str) -> Child:
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        return processes.python(program, str(folder), *arguments, name="up", env=environment, grace_s=15.0)

    return start


def children(folder: Path) -> dict[str, ProcessId]:
    state = Running.read(folder)
    assert state is not None
    return state.children


def test_parts_start_in_order_and_stop_without_a_trace(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    up = start()
    processes.wait_for_output("all ready", up)
    told = up.output()
    assert told.index("store") < told.index("migrations") < told.index("web")
    assert (folder / "migrated").exists()
    running = children(folder)
    assert set(running) == {"store", "broker", "web", "stubborn"}
    assert all(process.alive for process in running.values())
    assert json.loads((folder / "up.json").read_text())["environment"] == {"ZHENGLU_X": "1"}
    assert (folder / "up.json").stat().st_mode & 0o077 == 0  # it holds the secret

    os.kill(up.pid, signal.SIGINT)
    processes.wait_for_output("ended", up)
    assert not any(process.alive for process in running.values())
    assert "bye" in (folder / "store.log").read_text()
    assert not (folder / "up.json").exists()
    told = up.output()
    assert told.index("web          stopped") < told.index("store        stopped")
    assert "store gone: True" in told


def test_a_crashed_part_is_started_again(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    up = start()
    processes.wait_for_output("all ready", up)
    before = children(folder)["web"]
    before.send(signal.SIGKILL)
    processes.wait_for_output("ready again", up)
    assert "was ended by SIGKILL" in up.output()
    after = children(folder)["web"]
    assert after.alive and after != before


def test_two_do_not_run_on_one_folder(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    first = start()
    processes.wait_for_output("all ready", first)
    second = start()
    processes.wait_for_output("refused: zhenglu already runs on", second)
    assert str(first.pid) in second.output()
    assert wait_until(lambda: not second.running, 60)
    assert first.running and all(process.alive for process in children(folder).values())


def test_after_a_killed_supervisor_nothing_of_it_is_left_beside_the_next(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    first = start()
    processes.wait_for_output("all ready", first)
    orphans = children(folder)
    os.kill(first.pid, signal.SIGKILL)
    # This one ignores the kernel's notice that its parent died.
    assert orphans["stubborn"].alive

    second = start()
    processes.wait_for_output("all ready", second)
    assert "ending stubborn of an earlier run" in second.output()
    assert not any(process.alive for process in orphans.values())
    assert all(process.alive for process in children(folder).values())


def test_a_reused_number_in_the_old_state_is_nobody_to_kill(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    innocent = processes.python("-c", "import time; time.sleep(600)", name="innocent")
    real = ProcessId.of(innocent.pid)
    assert real is not None
    stale = ProcessId(real.pid, real.started - 100, real.boot)
    Running(supervisor=stale, children={"web": stale}).write(folder)
    up = start()
    processes.wait_for_output("all ready", up)
    assert innocent.running


def test_a_part_that_cannot_start_says_why_and_leaves_nothing_running(
    start: Callable[..., Child], folder: Path, processes: Processes
) -> None:
    up = start("broken")
    processes.wait_for_output("refused: web ended at once", up)
    assert "no such table" in up.output()
    assert wait_until(lambda: not up.running, 60)
    assert "store gone: True" in up.output()
    assert not (folder / "up.json").exists()
    broker = int((folder / "broker.log").read_text().split()[1])
    assert wait_until(lambda: ProcessId.of(broker) is None, 60)
