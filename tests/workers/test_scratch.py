"""Scratch: one quota for all processes of a machine, nothing left behind, each object fetched once."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from service.kernel.storage import open_store
from service.kernel.storage.errors import ObjectMissing
from service.kernel.storage.protocols import Objects
from tests.fixtures.processes import REPOSITORY, Processes
from workers.lease import JobFailed, LeaseLost, TryLater
from workers.scratch import Scratch

MIB = 2**20
HOLDER = """
import sys, time
from pathlib import Path
from workers.scratch import Scratch
with Scratch(Path(sys.argv[1]), 100 * 2**20).room(int(sys.argv[2])) as room:
    (room / "left").write_text("here")
    print("holding", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / "scratch", 100 * MIB)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_store(f"file://{tmp_path}/store?reserve=0").objects


class Counting:
    """The store itself, with its reads counted."""

    def __init__(self, objects: Objects) -> None:
        self.objects, self.reads = objects, 0

    def read(self, *arguments: Any) -> Any:
        self.reads += 1
        return self.objects.read(*arguments)


def test_a_full_quota_makes_a_job_wait_and_a_hopeless_wish_fails(scratch: Scratch) -> None:
    with scratch.room(60 * MIB) as room:
        assert room.is_dir()
        with pytest.raises(TryLater, match="scratch_full"), scratch.room(50 * MIB):
            pass
        with scratch.room(40 * MIB):
            pass
        with pytest.raises(JobFailed, match="scratch_full"), scratch.room(101 * MIB):
            pass
    assert scratch.used_bytes() == 0 and not room.exists()


def test_another_process_counts_and_its_death_frees_everything(
    scratch: Scratch, processes: Processes
) -> None:
    holder = processes.python("-c", HOLDER, str(scratch.root), str(80 * MIB), name="holder")
    processes.wait_for_output("holding", holder, timeout_s=90)
    assert scratch.used_bytes() == 80 * MIB
    with pytest.raises(TryLater), scratch.room(30 * MIB):
        pass
    processes.kill(holder)
    with scratch.room(30 * MIB):
        assert scratch.used_bytes() == 30 * MIB
    assert list(scratch.rooms.iterdir()) == []


def test_after_another_start_of_the_machine_nothing_in_it_is_believed(
    scratch: Scratch, objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file had its name after a power cut, and zeros for bytes: they were hashed and became an original's."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * MIB)
    for key in ("a", "b"):
        objects.put_file(key, source)
    with scratch.fetched(objects, "a", "1", MIB, threading.Event()) as left:
        pass
    left.path.chmod(0o644)
    left.path.write_bytes(bytes(MIB))
    (scratch.files / "without-a-mark").write_bytes(b"x")
    (scratch.rooms / "without-a-mark").mkdir()
    with scratch.fetched(objects, "b", "1", MIB, threading.Event()) as used, scratch.room(MIB) as room:
        monkeypatch.setattr("workers.scratch.boot_id", lambda: "another")
        with scratch.fetched(objects, "a", "1", MIB, threading.Event()) as anew:
            assert anew.fetched and anew.path.read_bytes() == source.read_bytes()
        assert used.path.exists() and room.exists(), "what somebody holds stays"
    assert {path.name for path in scratch.files.iterdir() if path.suffix != ".held"} == {
        used.path.name, anew.path.name
    }  # fmt: skip
    assert list(scratch.rooms.iterdir()) == []


@pytest.mark.parametrize("left", [b"", bytes(36), b"half-an-i"])
def test_a_ledger_that_a_power_cut_left_is_written_anew(scratch: Scratch, left: bytes) -> None:
    (scratch.root / "ledger").write_bytes(left)
    with scratch.room(MIB):
        assert scratch.used_bytes() == MIB


def test_a_subprocess_does_not_keep_its_parents_room(scratch: Scratch) -> None:
    with scratch.room(10 * MIB):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"], cwd=REPOSITORY)
    try:
        assert scratch.used_bytes() == 0
    finally:
        child.kill()
        child.wait()


def test_an_object_is_fetched_once_for_all_who_want_it(
    scratch: Scratch, objects: Objects, tmp_path: Path
) -> None:
    counting = Counting(objects)
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3 * MIB)
    objects.put_file("a/b", source)
    seen, paths = list[bytes](), list[Path]()

    def want() -> None:
        with scratch.fetched(
            cast(Objects, counting), "a/b", "1", 3 * MIB, threading.Event(), seen.append
        ) as at_hand:
            assert at_hand.path.read_bytes() == source.read_bytes()
            paths.append(at_hand.path)

    threads = [threading.Thread(target=want) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 6 and len(set(paths)) == 1 and counting.reads == 1
    assert b"".join(seen) == source.read_bytes()
    assert scratch.used_bytes() == 3 * MIB, "kept for the next stage"


def test_unused_files_make_room_and_used_ones_do_not(
    scratch: Scratch, objects: Objects, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    for key in ("a", "b"):
        objects.put_file(key, source)
    with scratch.fetched(objects, "a", "1", 40 * MIB, threading.Event()) as used:
        with scratch.fetched(objects, "b", "1", 40 * MIB, threading.Event()) as unused:
            pass
        with scratch.room(60 * MIB):
            assert used.path.exists() and not unused.path.exists()
        with pytest.raises(TryLater), scratch.room(61 * MIB):
            pass
    scratch.sweep(keep_unused_s=0)
    assert scratch.used_bytes() == 0


def test_a_fetch_that_fails_leaves_nothing(scratch: Scratch, objects: Objects) -> None:
    with (
        pytest.raises(ObjectMissing),
        scratch.fetched(objects, "none", "1", 5 * MIB, threading.Event()),
    ):
        pass
    assert scratch.used_bytes() == 0 and list(scratch.files.iterdir()) == []


def test_waiting_for_anothers_fetch_ends_with_the_lease(
    scratch: Scratch, objects: Objects, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * MIB)
    objects.put_file("a", source)
    inside, go_on, lost = threading.Event(), threading.Event(), threading.Event()

    def slowly(_: bytes) -> None:
        inside.set()
        go_on.wait(10)

    def fetch() -> None:
        with scratch.fetched(objects, "a", "1", MIB, threading.Event(), slowly):
            pass

    thread = threading.Thread(target=fetch)
    thread.start()
    inside.wait(5)
    lost.set()
    with pytest.raises(LeaseLost), scratch.fetched(objects, "a", "1", MIB, lost):
        pass
    go_on.set()
    thread.join()


def test_what_is_intakes_own_is_nobody_elses(scratch: Scratch, objects: Objects, tmp_path: Path) -> None:
    """One encode that asked for all of it stopped the intake of the whole bureau."""
    assert scratch.shared == 75 * MIB
    with scratch.room(75 * MIB, "shared"):
        with pytest.raises(TryLater), scratch.room(1, "shared"):
            pass
        with scratch.room(25 * MIB) as room:
            assert room.is_dir()
    with pytest.raises(JobFailed), scratch.room(76 * MIB, "shared"):
        pass
    with scratch.room(100 * MIB), pytest.raises(TryLater), scratch.room(1, "shared"):
        pass


def test_a_file_that_intake_fetched_counts_for_who_uses_it_after_it(
    scratch: Scratch, objects: Objects, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * MIB)
    for key in ("a", "b"):
        objects.put_file(key, source)
    nobody = threading.Event()
    with scratch.fetched(objects, "a", "1", 60 * MIB, nobody, of="whole"):
        pass
    with scratch.fetched(objects, "a", "1", 60 * MIB, nobody, of="shared") as used:
        assert not used.fetched
        with pytest.raises(TryLater), scratch.room(16 * MIB, "shared"):
            pass
        with scratch.fetched(objects, "b", "1", 30 * MIB, nobody, of="whole"):
            pass
        with pytest.raises(TryLater), scratch.fetched(objects, "b", "1", 30 * MIB, nobody, of="shared"):
            pass
    with scratch.room(16 * MIB, "shared"):
        assert scratch.used_bytes() <= 100 * MIB, "what nobody uses makes room"
