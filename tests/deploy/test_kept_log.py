"""The logs of what `zhenglu up` runs: turned over by size, kept for a time, bounded, and forged by nobody."""

import gzip
import os
import sys
import time
from pathlib import Path

import pytest

from deploy.kept_log import Keeping, KeptLog
from deploy.process import Child, wait_until


def kept(folder: Path, *, file_bytes: int = 1000, all_bytes: int = 100_000, days: int = 190) -> KeptLog:
    return KeptLog(folder / "web.log", Keeping(file_bytes, all_bytes, days))


def words(log: KeptLog) -> str:
    return (
        b"".join(gzip.decompress(path.read_bytes()) for path in log.put_by()).decode() + log.path.read_text()
    )


def test_a_full_file_is_put_by_and_no_line_is_lost(tmp_path: Path) -> None:
    log = kept(tmp_path)
    said = [b"line %d of many" % n for n in range(500)]
    for line in said:
        log.write([line])
    assert len(log.put_by()) > 5 and log.path.stat().st_size <= 1000
    assert words(log) == "".join(f"{line.decode()}\n" for line in said)
    assert {path.stat().st_mode & 0o777 for path in (log.path, *log.put_by())} == {0o640}


def test_the_oldest_go_first_by_age_and_by_the_bound_on_the_disk(tmp_path: Path) -> None:
    log = kept(tmp_path)
    for n in range(300):
        log.write([b"%d" % n * 30])
    old, *young = log.put_by()
    long_ago = time.time() - 191 * 86400
    os.utime(old, (long_ago, long_ago))
    young_before = set(young)
    while set(log.put_by()) <= {old, *young}:
        log.write([b"more" * 50])
    assert not old.exists() and young_before <= set(log.put_by())

    small = kept(tmp_path, all_bytes=2000)
    for _ in range(2000):
        small.write([os.urandom(30).hex().encode()])
    assert sum(path.stat().st_size for path in small.put_by()) <= 2000
    assert small.put_by(), "the youngest stay"
    assert set(tmp_path.iterdir()) == {small.path, *small.put_by()}


def test_parts_share_the_room_so_that_none_pushes_out_another() -> None:
    keeping = Keeping.shared(2**31, 190, 7)
    assert 7 * (keeping.file_bytes + keeping.all_bytes) <= 2**31
    assert keeping.file_bytes == 16 * 2**20 and keeping.days == 190
    assert Keeping.shared(0, 1, 7).file_bytes > 0


def test_what_moves_the_cursor_is_written_out_and_tabs_stay(tmp_path: Path) -> None:
    log = kept(tmp_path)
    log.write(
        [b"\x1b[2K\x1b[1Aaway\r", b"ERROR:  a\tb", b"\tcontinued", b"\xff\xfe", "a\u2028b\u202ec".encode()]
    )
    assert log.path.read_text().split("\n") == [
        "\\x1b[2K\\x1b[1Aaway", "ERROR:  a\tb", "\tcontinued", "\\xff\\xfe", "a\\u2028b\\u202ec", "",
    ]  # fmt: skip
    assert log.output() == log.path.read_text()


def test_a_full_disk_stops_no_part_and_is_told_afterwards(tmp_path: Path) -> None:
    log = kept(tmp_path / "away")
    log.write([b"one", b"two"])
    (tmp_path / "away").mkdir()
    log.write([b"three"])
    assert log.path.read_text() == "here 2 lines found no room\nthree\n"


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_a_childs_last_words_are_kept(tmp_path: Path, how: str) -> None:
    log, said = kept(tmp_path, file_bytes=10**6), tmp_path / "said"
    code = "import sys, time; print('\\n'.join(['a' * 1000] * 200)); print('no end', end='', flush=True); "
    code += f"open({str(said)!r}, 'w'); "
    code += "sys.exit(3)" if how == "ends" else "time.sleep(600)"
    child = Child("web", [sys.executable, "-c", code], log.path, kept=log)
    for times in (1, 2):
        said.unlink(missing_ok=True)
        child.start()
        assert wait_until(said.exists, 60.0)
        child.kill()
        assert wait_until(lambda times=times: log.path.read_text().count("no end\n") == times, 60.0)  # type: ignore[misc]  # bound at once
        assert child.output().endswith("no end\n") and len(child.output()) < 2 * 64 * 2**10
    assert log.path.read_text().count("a") == 400_000
