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
import typer
from typer.testing import CliRunner

from deploy.process import wait_until
from deploy.upload import Done, _erase, exit_code, register, size_of
from deploy.upload_client import Memory, Outcome, Sender, Sent, Server, judge
from service.kernel.storage.errors import ObjectMissing
from tests.fixtures.processes import REPOSITORY
from tests.service.footage.uploads.conftest import bureau, own_service, service  # noqa: F401 (fixtures)
from tests.service.footage.uploads.service import Service


def command(service: Service, tmp_path: Path, *arguments: str) -> list[str]:
    return [
        sys.executable, "-c", "import typer, deploy.upload as u; from service.kernel.i18n import speaking; "
        "a = typer.Typer(); u.register(a); exec('with speaking(\"en\"): a()')",
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
                try:
                    stored = service.read(key)
                except ObjectMissing:  # of a test with a store of its own
                    continue
                digest = hashlib.sha256(stored + (b"!" if "rot" in name else b"")).hexdigest()
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


def test_a_token_comes_from_a_file(service: Service, tmp_path: Path, intake: None) -> None:
    file, token = tmp_path / "filed.mp4", tmp_path / "token"
    file.write_bytes(b"sent by who keeps the token in a file")
    token.write_text(service.bureau.tokens["dock"] + "\n")
    said = command(service, tmp_path, str(file), "--token-file", str(token))
    wrong = environment(service, tmp_path) | {"ZHENGLU_TOKEN": "another"}
    done = subprocess.run(said, env=wrong, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0 and "--token" not in done.stderr, done.stdout + done.stderr


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


def uploads_of(service: Service, name: str) -> int:
    return service.bureau.sql("SELECT count(*) FROM uploads WHERE file_name = :name", name=name)[0][0]


def test_another_file_of_the_same_name_size_and_time_is_read_and_sent(
    service: Service, tmp_path: Path, intake: None
) -> None:
    """A recorder whose clock and numbering begin anew."""
    file = tmp_path / "FILE0001.MP4"
    for content in (b"a" * 26_525, b"b" * 26_525):
        file.write_bytes(content)
        os.utime(file, (946_684_808, 946_684_808))
        code, [receipt], shown = run(service, tmp_path, str(file))
        assert code == 0, shown
        assert receipt["sha256"] == receipt["stored_sha256"] == hashlib.sha256(content).hexdigest()
        assert service.stored(receipt["recording"]) == content
    assert uploads_of(service, "FILE0001.MP4") == 2


def test_what_is_newly_said_of_a_known_file_is_sent_and_what_is_not_new_is_not(
    service: Service, tmp_path: Path, intake: None
) -> None:
    file = tmp_path / "said.mp4"
    file.write_bytes(b"the same bytes")
    for more, uploads in (((), 1), ((), 1), (("--case", "C-1"), 2), (("--case", "C-1"), 2)):
        assert run(service, tmp_path, str(file), *more)[0] == 0
        assert uploads_of(service, "said.mp4") == uploads


def test_what_arrived_as_other_bytes_is_sent_again(service: Service, tmp_path: Path, intake: None) -> None:
    file = tmp_path / "rot-once.mp4"
    file.write_bytes(b"read wrongly once")
    assert run(service, tmp_path, str(file))[0] == 3
    assert run(service, tmp_path, str(file))[0] == 3
    assert uploads_of(service, "rot-once.mp4") == 2


def test_erasing_takes_what_was_verified_and_leaves_the_rest(
    service: Service, tmp_path: Path, intake: None
) -> None:
    card = tmp_path / "card"
    (card / "100").mkdir(parents=True)
    (card / "empty").mkdir()
    (card / "System Volume Information").mkdir()
    for name in ("100/good1.mp4", "100/good2.mp4", "100/bad.mp4", "100/rot.mp4", "elsewhere.bin"):
        (card / name).write_bytes(os.urandom(2000))
    for name in ("Thumbs.db", "100/good1.THM", ".hidden", "System Volume Information/WPSettings.dat"):
        (card / name).write_bytes(b"x")
    (card / "link.mp4").symlink_to(tmp_path / "far.mp4")
    (tmp_path / "far.mp4").write_bytes(b"on another disk")
    code, receipts, shown = run(service, tmp_path, str(card), "--erase")
    assert code == 3, shown
    left = {str(path.relative_to(card)) for path in card.rglob("*")}
    assert left == {
        "100", "100/bad.mp4", "100/rot.mp4", "100/good1.THM", "empty", "Thumbs.db", ".hidden", "link.mp4",
        "System Volume Information", "System Volume Information/WPSettings.dat",
    }  # fmt: skip
    assert (tmp_path / "far.mp4").exists()
    lines = shown.splitlines()
    for name, words in (
        ("good1.mp4", "verified, erased"), ("good2.mp4", "verified, erased"), ("elsewhere.bin", "verified, erased"),
        ("bad.mp4", "kept in quarantine, do not erase"), ("rot.mp4", "kept in quarantine, do not erase"),
        ("link.mp4", "verified, not erased: a link"), ("Thumbs.db", "left out"), ("good1.THM", "left out"),
        (".hidden", "left out"), ("System Volume Information", "left out"),
    ):  # fmt: skip
        assert any(line.startswith(words) and line.endswith(name) for line in lines), (name, shown)
    assert {Path(r["path"]).name for r in receipts} == {
        "good1.mp4", "good2.mp4", "bad.mp4", "rot.mp4", "elsewhere.bin", "link.mp4",
    }  # fmt: skip
    assert run(service, tmp_path, str(card / "link.mp4"), "--erase")[0] == 5


def test_a_sound_card_ends_well_and_what_no_camera_made_is_said(
    service: Service, tmp_path: Path, intake: None
) -> None:
    card = tmp_path / "card2"
    (card / "System Volume Information").mkdir(parents=True)
    for name in (
        "F1.MP4", "F1.THM", "Thumbs.db", "._F1.MP4", "System Volume Information/WPSettings.dat",
        "System Volume Information/IndexerVolumeGuid",
    ):  # fmt: skip
        (card / name).write_bytes(b"bytes of " + name.encode())
    code, receipts, shown = run(service, tmp_path, str(card))
    assert code == 0, shown
    assert [Path(r["path"]).name for r in receipts] == ["F1.MP4"]
    for name in ("F1.THM", "Thumbs.db", "._F1.MP4", "System Volume Information"):
        assert f"/{name}" in shown


def test_a_card_that_was_emptied_ends_well_though_small_copies_lie_on_it(
    service: Service, tmp_path: Path, intake: None
) -> None:
    card = tmp_path / "card3"
    card.mkdir()
    for name in ("F1.MP4", "F1.THM", "F1.LRV"):
        (card / name).write_bytes(b"bytes of " + name.encode())
    assert run(service, tmp_path, str(card), "--erase")[0] == 0
    (card / "F2.THM").write_bytes(b"of one that was erased elsewhere")
    code, receipts, shown = run(service, tmp_path, str(card), "--erase")
    assert (code, receipts) == (0, []), shown
    assert sorted(path.name for path in card.iterdir()) == ["F1.LRV", "F1.THM", "F2.THM"]
    for name in ("F1.THM", "F2.THM", "F1.LRV"):
        assert any(line.startswith("left out") and line.endswith(name) for line in shown.splitlines()), shown


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    """One that lies deeper than the system opens by its path, whoever asks."""
    torn = tmp_path / "torn"
    torn.mkdir()
    folder = os.open(torn, os.O_RDONLY)
    for _level in range(18):
        os.mkdir("d" * 250, dir_fd=folder)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(folder)
    app = typer.Typer()
    register(app)
    done = CliRunner().invoke(app, [str(tmp_path), "--token", "x"])
    assert done.exit_code == 1 and "torn" in done.output


def verified(service: Service, file: Path, state: Path) -> tuple[Sender, Sent]:
    sender = Sender(Server(service.url, service.bureau.tokens["dock"]), Memory(state), file, {})
    sent = sender.send()
    assert sent.outcome is Outcome.verified
    return sender, sent


def test_what_changes_between_verifying_and_erasing_stays(
    service: Service, tmp_path: Path, intake: None
) -> None:
    file = tmp_path / "v.mp4"
    file.write_bytes(b"before")
    before = file.stat()
    sender, sent = verified(service, file, tmp_path / "state")
    file.write_bytes(b"after!")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    erased, why = _erase(sender, sent, lambda _what, _done: None)
    assert not erased and why and file.read_bytes() == b"after!"


def test_what_the_service_refuses_meanwhile_stays(service: Service, tmp_path: Path, intake: None) -> None:
    file = tmp_path / "v.mp4"
    file.write_bytes(os.urandom(100))
    sender, sent = verified(service, file, tmp_path / "state")
    service.bureau.sql("UPDATE recordings SET state = 'refused' WHERE id = :id", id=sent.recording)
    erased, why = _erase(sender, sent, lambda _what, _done: None)
    assert not erased and why and file.exists()


def test_killed_in_the_middle_of_erasing_nothing_is_gone_that_was_not_verified(
    service: Service, tmp_path: Path, intake: None
) -> None:
    card = tmp_path / "card"
    card.mkdir()
    held = {}
    for number in range(24):
        file = card / f"{number:02}{'-bad' if number % 5 == 0 else ''}.mp4"
        file.write_bytes(os.urandom(200_000))
        held[file] = hashlib.sha256(file.read_bytes()).hexdigest()
    child = subprocess.Popen(
        command(service, tmp_path, str(card), "--erase"), env=environment(service, tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert child.stdout
    erased = 0
    for line in child.stdout:
        erased += line.startswith("verified, erased")
        if erased == 4:
            child.kill()
            break
    child.wait()
    kept = {
        sha256
        for (sha256,) in service.bureau.sql("SELECT stored_sha256 FROM receipts WHERE outcome = 'verified'")
    }
    gone = [file for file in held if not file.exists()]
    assert 4 <= len(gone) < len(held)
    assert all(held[file] in kept for file in gone)
    assert all(hashlib.sha256(file.read_bytes()).hexdigest() == held[file] for file in held if file.exists())
    (tmp_path / "receipts.jsonl").unlink()
    code, receipts, shown = run(service, tmp_path, str(card), "--erase")
    assert code == 3 and len(receipts) == len(held) - len(gone), shown
    assert {file.name for file in card.iterdir()} == {file.name for file in held if "bad" in file.name}


def test_an_old_archive_is_brought_by_who_may_import(service: Service, tmp_path: Path, intake: None) -> None:
    file = tmp_path / "2019.mp4"
    file.write_bytes(b"of another year")
    said = (str(file), "--archive", "--first-received-at", "2019-03-02 10:00:00")
    code, [receipt], _ = run(service, tmp_path, *said)
    assert code == 1 and "403" in receipt["problem"]
    admin = ("--squad", "ZD1", "--token", service.bureau.tokens["admin"])
    code, [receipt], shown = run(service, tmp_path, *said, *admin)
    assert code == 0, shown
    rows = service.bureau.sql(
        "SELECT archive, first_received_at FROM receipts WHERE recording_id = :id", id=receipt["recording"]
    )
    assert [(archive, first.astimezone().year) for archive, first in rows] == [(True, 2019)]
    code, _, shown = run(service, tmp_path, str(file), "--first-received-at", "2019-03-02 10:00:00")
    assert code == 2


@pytest.mark.parametrize(
    ("outcomes", "plain", "erasing"),
    [
        ("verified verified", 0, 0), ("verified stays", 0, 5), ("verified received", 4, 4), ("stays refused", 3, 3),
        ("received refused", 3, 3), ("refused failed", 1, 1), ("changed verified", 1, 1),
    ],
)  # fmt: skip
def test_the_exit_code_says_the_worst(outcomes: str, plain: int, erasing: int) -> None:
    done = [
        Done(Sent("x", Outcome.verified), stays="why")
        if one == "stays"
        else Done(Sent("x", Outcome(one)), erased=one == "verified")
        for one in outcomes.split()
    ]
    assert (exit_code(done), exit_code(done, erased=True)) == (plain, erasing)


def test_a_day_alone_is_no_reading_of_a_clock(service: Service, tmp_path: Path) -> None:
    """Its midnight would measure the clock hours off."""
    (tmp_path / "v.mp4").write_bytes(b"x")
    code, receipts, shown = run(service, tmp_path, "v.mp4", "--device-time", "2026-11-27")
    assert (code, receipts) == (2, []) and "time of day" in shown


def test_a_clock_that_is_read_later_is_measured_then(service: Service, tmp_path: Path, intake: None) -> None:
    (tmp_path / "v.mp4").write_bytes(os.urandom(1000))
    reading = ("--device-time", "2026年11月27日 9点半")
    sent = [run(service, tmp_path, "v.mp4", *more)[1][0]["url"] for more in ((), reading, reading, ())]
    assert len({*sent[:2]}) == 2 and sent[1:] == sent[1:2] * 3
    claims = service.bureau.sql("SELECT claims FROM receipts ORDER BY received_at DESC LIMIT 1")[0][0]
    assert "device_time" in claims
