"""The dock's command against a running service. The worker's part (the hash of the stored bytes) is written by hand."""

# The fixtures of the uploads are taken by their names.
# ruff: noqa: F811

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.process import wait_until
from deploy.upload import files_in, size_of
from deploy.upload_client import Memory, Outcome, Sender, Sent, Server, judge
from tests.fixtures.processes import REPOSITORY
from tests.service.footage.uploads.conftest import bureau, own_service, service  # noqa: F401 (fixtures)
from tests.service.footage.uploads.service import Service


def command(service: Service, tmp_path: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-c", "import typer, deploy.upload as u; a = typer.Typer(); u.register(a); a()",
        *arguments, "--server", service.url, "--receipts", str(tmp_path / "receipts.jsonl"),
    ]  # fmt: skip


def environment(service: Service, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ZHENGLU_TOKEN": service.bureau.tokens["dock"],
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "COLUMNS": "200",
        "PYTHONPATH": str(REPOSITORY),
    }


def run(service: Service, tmp_path: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        command(service, tmp_path, *arguments), env=environment(service, tmp_path),
        capture_output=True, text=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    book = tmp_path / "receipts.jsonl"
    receipts = [json.loads(line) for line in book.read_text().splitlines()] if book.exists() else []
    book.unlink(missing_ok=True)
    return done.returncode, receipts, done.stdout + done.stderr


@pytest.fixture
def intake(service: Service) -> Iterator[None]:
    """Hashes what was stored, as the worker does. Names with `bad` are refused, names with `rot` hash otherwise."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            for receipt, recording, key, name in service.bureau.sql(
                "SELECT id, recording_id, store_key, file_name FROM receipts WHERE outcome = 'pending'"
            ):
                digest = hashlib.sha256(service.read(key) + (b"!" if "rot" in name else b"")).hexdigest()
                outcome = "quarantined" if "bad" in name else "verified"
                service.bureau.sql(
                    "UPDATE receipts SET outcome = :outcome, stored_sha256 = :digest WHERE id = :id",
                    outcome=outcome, digest=digest, id=receipt,
                )  # fmt: skip
                service.bureau.sql(
                    "UPDATE recordings SET state = :state WHERE id = :id",
                    state="refused" if "bad" in name else "ready", id=recording,
                )  # fmt: skip

    worker = threading.Thread(target=work)
    worker.start()
    yield
    stop.set()
    worker.join()


def test_folder_is_sent_verified_and_not_sent_twice(service: Service, tmp_path: Path, intake: None) -> None:
    card = tmp_path / "DCIM"
    (card / "100").mkdir(parents=True)
    for number in range(3):
        (card / "100" / f"{number}.mp4").write_bytes(os.urandom(2_000_000))
    (card / ".hidden").write_bytes(b"x")
    code, receipts, shown = run(service, tmp_path, str(card), "--officer", "360701", "--wait")
    assert code == 0, shown
    assert {r["outcome"] for r in receipts} == {"verified"} and len(receipts) == 3
    for receipt in receipts:
        assert receipt["sha256"] == hashlib.sha256(Path(receipt["path"]).read_bytes()).hexdigest()
        assert receipt["stored_sha256"] == receipt["sha256"] and receipt["state"] == "ready"
        assert service.stored(receipt["recording"]) == Path(receipt["path"]).read_bytes()
    code, again, _ = run(service, tmp_path, str(card))
    assert code == 0 and {r["recording"] for r in again} == {r["recording"] for r in receipts}


def test_refused_and_differing_bytes_must_not_be_erased(
    service: Service, tmp_path: Path, intake: None
) -> None:
    for name in ("good.mp4", "bad.mp4", "rot.mp4"):
        (tmp_path / name).write_bytes(os.urandom(1000))
    code, receipts, shown = run(
        service, tmp_path, *(str(tmp_path / n) for n in ("good.mp4", "bad.mp4", "rot.mp4"))
    )
    assert code == 3, shown
    assert [r["outcome"] for r in sorted(receipts, key=lambda r: r["path"])] == [
        "refused",
        "verified",
        "refused",
    ]


def test_without_the_services_hash_nothing_is_verified(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "v.mp4"
    file.write_bytes(b"video")
    code, [receipt], _ = run(service, tmp_path, str(file), "--verify-for", "0")
    assert code == 4 and receipt["outcome"] == "received" and receipt["recording"]


def test_names_of_a_chinese_windows_are_sent_in_words(service: Service, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    file = Path(os.fsdecode(os.fsencode(card) + b"/" + "现场.mp4".encode("gbk")))
    file.write_bytes(b"video")
    code, [receipt], shown = run(service, tmp_path, str(card), "--verify-for", "0")
    assert code == 4, shown
    assert receipt["path"].endswith("/现场.mp4")
    [(name,)] = service.bureau.sql("SELECT file_name FROM recordings WHERE id = :id", id=receipt["recording"])
    assert name == "现场.mp4"


def test_a_file_that_went_away_keeps_no_other_from_being_sent(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "v.mp4"
    sender = Sender(Server(service.url, "x"), Memory(tmp_path / "memory"), file, {})
    assert sender.send().outcome == Outcome.failed and size_of(file) == 0


def test_wrong_token_is_a_failure(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "v.mp4"
    file.write_bytes(b"video")
    code, [receipt], _ = run(service, tmp_path, str(file), "--token", "wrong")
    assert code == 1 and receipt["outcome"] == "failed" and "401" in receipt["problem"]


def test_goes_on_after_the_command_and_the_service_were_killed(own_service: Service, tmp_path: Path) -> None:
    service = own_service.start()
    file = tmp_path / "long.mp4"
    file.write_bytes(os.urandom(300_000_000))
    offsets = "SELECT max(upload_offset) FROM uploads WHERE file_name = 'long.mp4'"

    def moved(beyond: int) -> bool:
        return (service.bureau.sql(offsets)[0][0] or 0) > beyond

    child = subprocess.Popen(
        command(service, tmp_path, str(file)), env=environment(service, tmp_path),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    wait_until(lambda: moved(20_000_000), 60)
    child.kill()
    child.wait()
    stands = service.bureau.sql(offsets)[0][0]
    again = subprocess.Popen(
        command(service, tmp_path, str(file), "--verify-for", "0"), env=environment(service, tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
    )  # fmt: skip
    wait_until(lambda: moved(stands + 20_000_000), 60)
    service.kill()
    time.sleep(0.5)
    service.start()
    shown, _ = again.communicate(timeout=120)
    assert again.returncode == 4, shown
    [receipt] = [json.loads(line) for line in (tmp_path / "receipts.jsonl").read_text().splitlines()]
    assert service.bureau.sql("SELECT count(*) FROM uploads WHERE file_name = 'long.mp4'") == [(1,)]
    assert hashlib.sha256(service.stored(receipt["recording"])).hexdigest() == receipt["sha256"]


def test_file_that_changes_meanwhile_is_told(service: Service, tmp_path: Path) -> None:
    from deploy.upload_client import Memory, Sender, Server

    file = tmp_path / "w.mp4"
    file.write_bytes(os.urandom(5_000_000))

    def touch(what: str, done: int) -> None:
        if what == "send" and done > 2_000_000:
            with file.open("ab") as more:
                more.write(b"x")

    server = Server(service.url, service.bureau.tokens["dock"])
    sent = Sender(server, Memory(tmp_path / "state"), file, {}, touch).send(verify_s=0)
    assert sent.outcome == Outcome.changed


def test_quarantine_counts_before_the_hash() -> None:
    same: dict[str, Any] = {"sha256": "a", "stored_sha256": "a"}
    assert judge(Sent("x", Outcome.failed, state="refused", **same)) == Outcome.refused
    assert judge(Sent("x", Outcome.failed, state="processing", **same)) == Outcome.verified
    assert judge(Sent("x", Outcome.failed, sha256="a", stored_sha256="b")) == Outcome.refused
    assert judge(Sent("x", Outcome.failed, sha256="a")) == Outcome.received


def test_hidden_files_of_a_folder_stay(tmp_path: Path) -> None:
    (tmp_path / ".trash").mkdir()
    for name in ("b.mp4", "a.mp4", ".c.mp4", ".trash/d.mp4"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in([tmp_path, tmp_path / ".c.mp4"])] == ["a.mp4", "b.mp4", ".c.mp4"]
