"""What the reaper ends and, above all, what it leaves alone."""

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from schemas.jobs import JobKind
from service.footage.uploads import reaper
from service.footage.uploads.reaper import reap_uploads
from tests.fixtures.jobs import forget_settings
from tests.service.footage.uploads.service import BODY, Service, at, metadata

HERE = "/api/v1/uploads"


def reap(service: Service) -> None:
    """As the schedule does, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in service.environment.items():
            patch.setenv(name, value)
        forget_settings()
        reap_uploads()
    forget_settings()


PARTIAL: dict[str, Any] = {"Upload-Concat": "partial"}


def upload(service: Service, data: bytes, *, length: int | None = None, **headers: str) -> str:
    with service.client() as client:
        answer = client.post(
            HERE,
            content=data,
            headers={
                "Upload-Length": str(length or len(data)),
                **BODY,
                **metadata(filename="r.mp4"),
                **headers,
            },
        )
        assert answer.status_code == 201
        return answer.headers["location"]


def row(service: Service, url: str) -> tuple[str, str, bool, str | None]:
    [found] = service.bureau.sql(
        "SELECT state, store_key, cleared_at IS NOT NULL, recording_id FROM uploads WHERE id = :id",
        id=url.rpartition("/")[2],
    )
    return tuple(found)


def set_row(service: Service, url: str, change: str) -> None:
    service.bureau.sql(f"UPDATE uploads SET {change} WHERE id = :id", id=url.rpartition("/")[2])


def folder(service: Service) -> Path:
    return Path(service.store.removeprefix("file://").partition("?")[0])


def in_progress(service: Service, key: str) -> bool:
    return any(path.name == key.replace("/", ",") for path in (folder(service) / "uploads").glob("*/*"))


def test_only_what_lacks_bytes_expires(service: Service) -> None:
    unfinished, finished = upload(service, b"12", length=5), upload(service, b"12345")
    fresh = upload(service, b"1", length=5)
    for url in (unfinished, finished):
        set_row(service, url, "expires_at = now() - interval '1 hour'")
    reap(service)
    state, key, cleared, _ = row(service, unfinished)
    assert (state, cleared) == ("expired", True) and not in_progress(service, key)
    with service.client() as client:
        assert client.head(unfinished).status_code == 410
        assert client.head(finished).headers["zhenglu-recording"]
        assert client.head(fresh).headers["upload-offset"] == "1"
    state, key, cleared, recording = row(service, finished)
    assert (state, cleared) == ("complete", False)
    assert service.stored(str(recording)) == b"12345"


def test_expired_but_full_is_completed_instead(service: Service) -> None:
    with service.client() as client:
        url = client.post(HERE, headers={"Upload-Defer-Length": "1"}).headers["location"]
        client.patch(url, content=b"whole", headers=at(0))
    set_row(
        service,
        url,
        "length = 5, touched_at = now() - interval '1 hour', expires_at = now() - interval '1 day'",
    )
    reap(service)
    state, _, _, recording = row(service, url)
    assert state == "complete" and service.stored(str(recording)) == b"whole"


def test_died_after_the_store_had_published(service: Service) -> None:
    """The object is at its final key, the row does not know it yet."""
    with service.client() as client:
        url = client.post(HERE, headers={"Upload-Defer-Length": "1"}).headers["location"]
        client.patch(url, content=b"whole", headers=at(0))
    set_row(service, url, "length = 5, touched_at = now() - interval '1 hour'")
    [(key, progress)] = service.bureau.sql(
        "SELECT store_key, progress FROM uploads WHERE id = :id", id=url.rpartition("/")[2]
    )
    from service.kernel.storage import open_store

    open_store(service.store).uploads.complete(key, progress)
    reap(service)
    reap(service)
    _, _, _, recording = row(service, url)
    assert service.stored(str(recording)) == b"whole"
    assert service.bureau.sql("SELECT count(*) FROM receipts WHERE store_key = :key", key=key) == [(1,)]


def test_pieces_go_after_the_concatenation_and_the_whole_stays(service: Service) -> None:
    first, second = (upload(service, data, **PARTIAL) for data in (b"ab", b"cd"))
    with service.client() as client:
        answer = client.post(HERE, headers={"Upload-Concat": f"final;{first} {second}"})
    for read in (False, True):
        for url in (first, second):
            set_row(service, url, "expires_at = now() - interval '1 hour'")
        reap(service)
        assert row(service, first)[0] == "complete", read  # nothing was put together, nothing of it read back
        service.work(JobKind.assemble)
    service.work(JobKind.intake)
    reap(service)
    for piece in (first, second):
        state, key, cleared, _ = row(service, piece)
        assert (state, cleared) == ("expired", True)
        with pytest.raises(Exception, match="does not have"):
            service.read(key)
    assert service.stored(answer.headers["zhenglu-recording"]) == b"abcd"


def test_pieces_stay_while_a_final_upload_waits_for_them(service: Service) -> None:
    piece = upload(service, b"ab", **PARTIAL)
    with service.client() as client:
        assert client.post(HERE, headers={"Upload-Concat": f"final;{piece}"}).status_code == 201
        client.delete(piece)
    reap(service)
    state, key, _, _ = row(service, piece)
    assert state == "complete" and service.read(key) == b"ab"


def test_bytes_behind_a_receipt_are_never_removed(service: Service) -> None:
    """Whatever nonsense a row says."""
    url = upload(service, b"evidence")
    _, key, _, recording = row(service, url)
    for state in ("expired", "terminated"):
        set_row(service, url, f"state = '{state}', partial = true, cleared_at = NULL, expires_at = now()")
        reap(service)
        assert service.stored(str(recording)) == b"evidence"
    set_row(service, url, "state = 'complete', partial = true, forgotten_at = now(), cleared_at = NULL")
    reap(service)
    assert service.read(key) == b"evidence"


def test_orphans_of_the_store_go_after_a_day(service: Service) -> None:
    from service.kernel.storage import open_store

    uploads = open_store(service.store).uploads
    wanted = upload(service, b"12", length=5)
    wanted_key = row(service, wanted)[1]
    for key in ("originals/old-orphan", "originals/new-orphan"):
        uploads.create(key)
    past = time.time() - 2 * 86_400
    for path in (folder(service) / "uploads").glob("*/*"):
        if path.name != "originals,new-orphan":
            for part in [*path.iterdir(), path]:
                os.utime(part, (past, past))
    reap(service)
    assert not in_progress(service, "originals/old-orphan")
    assert in_progress(service, "originals/new-orphan") and in_progress(service, wanted_key)
    with service.client() as client:
        answer = client.patch(wanted, content=b"345", headers=at(2))
    assert service.stored(answer.headers["zhenglu-recording"]) == b"12345"


def test_a_sidecar_with_half_a_character_is_kept_and_stops_nobody(service: Service) -> None:
    """55 bytes that ended the reaper's round, each minute anew."""
    service.bureau.sql(
        "INSERT INTO recorder_models (id, code, vendor, name, conventions) VALUES (gen_random_uuid(),"
        " 'HALF', '', '', :conventions)",
        conventions=json.dumps(
            {"sidecar": {"file_name": ["FileName"], "officer": ["UserID"], "note": ["Note"]}}
        ),
    )
    body = b'{"FileName":"zzz.mp4","UserID":"001","Note":"\\ud800 \\u0000\\u202enote"}'
    with service.client() as client:
        answer = client.post(
            HERE,
            content=body,
            headers={"Upload-Length": str(len(body)), **BODY, **metadata(filename="zzz.json")},
        )
    assert answer.status_code == 201
    [(note,)] = service.bureau.sql("SELECT facts->>'note' FROM sidecars WHERE file_name = 'zzz.mp4'")
    assert note == "note"


def test_one_upload_that_cannot_be_completed_stops_no_other(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = upload(service, b"x" * 100, length=200), upload(service, b"y" * 100, length=200)
    for url in (broken, sound):
        set_row(service, url, "length = 100, touched_at = now() - interval '1 hour', writer_until = NULL")
    expired = upload(service, b"z", length=9)
    set_row(service, expired, "expires_at = now() - interval '1 second', writer_until = NULL")
    honest = reaper.complete

    def complete(upload_id: UUID, wait: bool = True) -> None:
        if str(upload_id) in broken:
            raise ValueError("whatever it is")
        honest(upload_id, wait)

    monkeypatch.setattr(reaper, "complete", complete)
    reap(service)
    assert row(service, sound)[0] == "complete" and row(service, expired)[0] == "expired"
    assert row(service, broken)[0] == "open"
    [(tries, problem)] = service.bureau.sql(
        "SELECT tries, problem FROM set_aside WHERE subject_id = :id", id=broken.rpartition("/")[2]
    )
    assert (tries, problem) == (1, "ValueError: whatever it is")
    monkeypatch.undo()
    service.bureau.sql("UPDATE set_aside SET next_at = now() - interval '1 second'")
    reap(service)
    assert row(service, broken)[0] == "complete"
    assert service.bureau.sql("SELECT count(*) FROM set_aside WHERE duty = 'complete-uploads'") == [(0,)]
