"""What the doctor says of memory, open files and logs."""

import os
import resource
import time
from pathlib import Path

import pytest

from deploy.doctor import machine
from deploy.doctor.findings import Verdict
from deploy.doctor.machine import LARGEST_LOG, journal_settings, logs, memory, of_process, open_files, seconds
from deploy.parts import log_keeping
from deploy.process import allow_open_files
from service.kernel.settings import Settings
from tests.deploy.doctor.asked import told
from workers import memory as shares

SHIPPED = Path(__file__).parents[3] / "deploy/journald.conf"


def test_more_at_once_than_the_memory_bears_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(shares, "CGROUP_LIMIT", limit)
    for gib, at_once, verdict in ((3, 3, Verdict.warning), (3, 1, Verdict.ok), (8, 2, Verdict.ok)):
        limit.write_text(str(min(gib * 2**30, shares.machine())))
        if int(limit.read_text()) == gib * 2**30:  # the machine of the tests may have less
            assert told(memory, workers_at_once=at_once).verdict is verdict, (gib, at_once)


def test_few_open_files_are_told_and_a_start_takes_what_it_may(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    pid = os.fork()
    if pid == 0:  # a limit once lowered stays low
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (512, 8192))
            allow_open_files()
            good = (
                resource.getrlimit(resource.RLIMIT_NOFILE) == (8192, 8192) == (of_process(os.getpid()), 8192)
            )
            good = good and told(open_files, data_dir=tmp_path).verdict is Verdict.ok
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
            good = good and told(open_files, data_dir=tmp_path).verdict is Verdict.warning
        finally:
            os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "web.log").write_text("a line\n")
    (folder / "light.log").write_text("a line\n")
    return folder


def test_a_log_that_nothing_rotates_is_named(tmp_path: Path, kept: Path) -> None:
    assert told(logs, data_dir=tmp_path).verdict is Verdict.ok
    with (kept / "light.log").open("w") as file:
        file.truncate(LARGEST_LOG + 1)
    found = told(logs, data_dir=tmp_path)
    assert found.verdict is Verdict.warning and found.found.startswith("light:")


def test_logs_that_are_kept_too_short_are_told_by_their_days_and_by_their_room(
    tmp_path: Path, kept: Path
) -> None:
    assert "90 days" in told(logs, data_dir=tmp_path, log_days=90).found
    room = log_keeping(Settings(data_dir=tmp_path)).all_bytes
    old, new = kept / "web-20260101T000000.000000.log.gz", kept / "web-20260301T000000.000000.log.gz"
    for path, days in ((old, 100), (new, 1)):
        with path.open("wb") as file:
            file.truncate(room // 2)
        at = time.time() - days * 86_400
        os.utime(path, (at, at))
    found = told(logs, data_dir=tmp_path)
    assert found.verdict is Verdict.warning and found.found.endswith(": web") and "LOG_BYTES" in found.mend
    at = time.time() - 191 * 86_400
    os.utime(old, (at, at))
    assert told(logs, data_dir=tmp_path).verdict is Verdict.ok


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("[Journal]\nStorage=volatile\nSystemMaxUse=16G\n", Verdict.warning),
        ("[Journal]\nStorage=persistent\nMaxRetentionSec=1month\nSystemMaxUse=16G\n", Verdict.warning),
        ("[Journal]\nStorage=persistent\n", Verdict.warning),
        (SHIPPED.read_text(), Verdict.ok),
    ],
)
def test_a_journal_that_keeps_too_little_is_told(
    said: str, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zhenglu.conf").write_text(said)
    monkeypatch.setattr(machine, "JOURNAL_SETTINGS", (tmp_path,))
    assert machine._journal().verdict is verdict


def test_the_later_file_of_the_journal_overrules_the_earlier(tmp_path: Path) -> None:
    for name, text in {
        "a": "[Journal]\nStorage=none\nRateLimitBurst=5\n",
        "b": "[Journal]\nStorage=persistent\n",
        "c": "no settings",
    }.items():
        (tmp_path / name).write_text(text)
    assert journal_settings(sorted(tmp_path.iterdir())) == {"Storage": "persistent", "RateLimitBurst": "5"}


@pytest.mark.parametrize(
    ("span", "days"),
    [("190day", 190), ("4week", 28), ("86400", 1), ("1d 12h", 1.5), ("1 year", 365.25), ("", 0)],
)
def test_spans_are_read_as_systemd_writes_them(span: str, days: float) -> None:
    assert seconds(span) == days * 86_400
