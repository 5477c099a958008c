"""Reading strangers' bytes in a child: it ends, whatever it reads, and its failures are the reader's own."""

import threading
import time
from pathlib import Path

import psutil
import pytest

from workers.media.apart import Apart, Bounds, Exceeded, apart


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]


def for_ever() -> None:
    while True:
        pass


def test_what_is_read_comes_back_and_what_goes_wrong_is_raised_here() -> None:
    assert apart(lambda: {"a": [1, 2.5, b"\0"]}, Bounds()) == {"a": [1, 2.5, b"\0"]}
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 // 0, Bounds())


def test_a_loop_is_ended_by_its_processor_time() -> None:
    with pytest.raises(Exceeded, match="cpu_time"):
        apart(for_ever, Bounds(cpu_s=1))


def test_what_asks_for_too_much_memory_is_ended_alone() -> None:
    with pytest.raises(Exceeded, match="memory"):
        apart(lambda: bytearray(200 * 2**20), Bounds(memory_bytes=100 * 2**20))
    with pytest.raises(Exceeded, match="memory"):
        apart(lambda: [(n, n) for n in range(10_000_000)], Bounds(memory_bytes=100 * 2**20))
    assert apart(lambda: len(bytearray(50 * 2**20)), Bounds(memory_bytes=100 * 2**20)) == 50 * 2**20


def test_a_lost_lease_ends_it_and_nothing_is_left_running() -> None:
    lost, before = threading.Event(), children()
    reading = Apart(for_ever, Bounds(), lost)
    threading.Timer(0.2, lost.set).start()
    with reading, pytest.raises(Exceeded, match="cancelled"):
        reading.result()
    assert children() == before


def test_one_that_nobody_waits_for_is_ended_too() -> None:
    before = children()
    with Apart(for_ever, Bounds()):
        time.sleep(0.05)
    assert children() == before


def test_it_writes_no_file(tmp_path: Path) -> None:
    with pytest.raises((Exceeded, OSError)):
        apart(lambda: (tmp_path / "x").write_bytes(b"x"), Bounds())
