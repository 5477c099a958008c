"""Children: ended with their parent, whole groups at once, never a stranger with the same number."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from deploy.process import Child, ProcessId, wait_until
from tests.fixtures.processes import Processes

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
PARENT = """
import sys, time
from pathlib import Path
from deploy.process import Child
child = Child("child", [sys.executable, "-c", {sleeper!r}], Path({log!r}))
child.start()
print("child", child.pid, flush=True)
time.sleep(600)
"""


def test_a_child_ends_with_its_killed_parent(processes: Processes, tmp_path: Path) -> None:
    code = PARENT.format(sleeper=SLEEPER, log=str(tmp_path / "child.log"))
    parent = processes.python("-c", code, name="parent")
    processes.wait_for_output("child ", parent)
    child = ProcessId.of(int(parent.output().split()[1]))
    assert child is not None and child.alive
    assert wait_until(lambda: "up" in (tmp_path / "child.log").read_text(), 60)
    os.kill(parent.pid, signal.SIGKILL)
    assert wait_until(lambda: not child.alive, 60)


def test_a_reused_number_is_not_the_same_process() -> None:
    me = ProcessId.of(os.getpid())
    assert me is not None and me.alive
    for other in (replace(me, started=me.started - 1), replace(me, boot="another")):
        assert not other.alive
        assert other.send(signal.SIGKILL) is False  # or this test would not go on


def test_stop_ends_what_the_child_started_too(tmp_path: Path) -> None:
    """The child dies at once, its own child ignores every polite request."""
    stubborn = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {stubborn!r}]).pid, flush=True)"
    child = Child("parent", [sys.executable, "-c", f"{code}; import time; time.sleep(600)"], tmp_path / "log")
    child.start()
    assert wait_until(lambda: "up" in child.output(), 60)
    grandchild = ProcessId.of(int(child.output().split()[0]))
    assert grandchild is not None
    child.stop()
    assert wait_until(lambda: not grandchild.alive, 60)


def test_a_child_that_will_not_stop_is_killed_in_time(tmp_path: Path) -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
    child = Child("stubborn", [sys.executable, "-c", code], tmp_path / "log", grace_s=0.3)
    child.start()
    assert wait_until(lambda: "up" in child.output(), 60)
    child.stop()
    assert not child.running
    assert child.process is not None and child.process.returncode == -signal.SIGKILL
