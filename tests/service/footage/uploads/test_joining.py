"""A recording from pieces: each is taken once, a job puts them together, and no kill of it loses a byte."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.embedded.redis import Redis
from deploy.process import Child, wait_until
from schemas.jobs import JobKind
from service.kernel.storage import open_store
from tests.fixtures.jobs import settled_in
from tests.fixtures.processes import Processes
from tests.service.footage.uploads.service import BODY, Bureau, Service, folder_store, metadata
from tests.service.footage.uploads.test_reaper import reap
from workers.runner import run_job

HERE = "/api/v1/uploads"
RUN = "import sys, uuid\nfrom workers.runner import run_job\nrun_job(uuid.UUID(sys.argv[1]), 'to be killed')"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


@pytest.fixture(params=["directory", "s3"])
def either(
    request: pytest.FixtureRequest, bureau: Bureau, redis_server: Redis, processes: Processes, tmp_path: Path
) -> Service:
    store = request.getfixturevalue("s3_url") if request.param == "s3" else folder_store(tmp_path / "objects")
    return Service(processes, bureau, store, redis_server.url()).start()


def piece(client: httpx.Client, data: bytes) -> str:
    headers = {"Upload-Length": str(len(data)), "Upload-Concat": "partial", **BODY}
    answer = client.post(HERE, content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def join(client: httpx.Client, *urls: str, **said: str) -> httpx.Response:
    headers = {"Upload-Concat": f"final;{' '.join(urls)}", **metadata(filename="j.mp4", **said)}
    return client.post(HERE, headers=headers)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def job_of(service: Service, recording: str) -> UUID:
    [(job,)] = service.bureau.sql(
        "SELECT id FROM jobs WHERE kind = 'assemble' AND subject_id = :id", id=recording
    )
    return job


def test_a_piece_named_twice_is_refused_before_anything_is_stored(
    client: httpx.Client, service: Service
) -> None:
    first, second = piece(client, b"ab"), piece(client, b"cd")
    before = service.bureau.sql("SELECT count(*) FROM uploads")
    upper = f"{HERE}/{first.rpartition('/')[2].upper()}"
    for again in (first, f"http://elsewhere.example{HERE}/{first.rpartition('/')[2]}", upper):
        assert problem(join(client, first, second, again)) == (400, "invalid")
    assert problem(join(client, *[first] * 400)) == (400, "invalid")
    assert service.bureau.sql("SELECT count(*) FROM uploads") == before
    assert join(client, first, second).status_code == 201  # none of that has spent them


def test_a_piece_becomes_part_of_one_upload_only_and_asking_again_answers_that_one(
    client: httpx.Client, service: Service
) -> None:
    first, second, third = (piece(client, data) for data in (b"ab", b"cd", b"ef"))
    made, again = join(client, first, second), join(client, first, second)
    assert made.headers["location"] == again.headers["location"]
    assert made.headers["zhenglu-recording"] == again.headers["zhenglu-recording"]
    for urls in ((second, first), (first,), (first, second, third), (third, second)):
        assert problem(join(client, *urls)) == (400, "invalid"), urls
    assert problem(join(client, first, second, note="another")) == (400, "invalid")
    recording = made.headers["zhenglu-recording"]
    rows = service.bureau.sql("SELECT count(*) FROM receipts WHERE recording_id = :id", id=recording)
    assert rows == [(1,)]
    assert join(client, third).status_code == 201


def test_what_is_joined_asks_the_quota_and_so_do_pieces_that_nothing_was_made_of(
    client: httpx.Client, service: Service
) -> None:
    [(kept,)] = service.bureau.sql(
        "SELECT coalesce(sum(size), 0) FROM receipts JOIN recordings ON recordings.id = recording_id"
    )
    [(coming,)] = service.bureau.sql(
        "SELECT coalesce(sum(coalesce(length, upload_offset)), 0) FROM uploads WHERE recording_id IS NULL"
        " AND (state = 'open' OR (partial AND state = 'complete' AND joined_into IS NULL))"
    )
    first, second = piece(client, b"x" * 600), piece(client, b"y" * 600)
    used = int(kept) + int(coming)
    with service.bureau.ruled(squad_quota_bytes=used + 1000):
        assert problem(join(client, first, second)) == (507, "quota-used-up")
        assert problem(client.post(HERE, headers={"Upload-Length": "1"})) == (507, "quota-used-up")
    with service.bureau.ruled(squad_quota_bytes=used + 1200):
        assert (
            join(client, first, second).status_code == 201
        )  # the pieces become it, and are not counted beside it
        assert problem(client.post(HERE, headers={"Upload-Length": "1"})) == (507, "quota-used-up")


def test_a_forgotten_final_upload_is_a_recording_all_the_same(client: httpx.Client, service: Service) -> None:
    made = join(client, piece(client, b"kept "), piece(client, b"whole"))
    final = made.headers["location"]
    assert client.delete(final).status_code == 204
    assert client.head(final).status_code == 410
    service.work(JobKind.assemble)
    assert service.stored(made.headers["zhenglu-recording"]) == b"kept whole"


def test_facts_that_come_in_pieces_are_still_a_sidecar(client: httpx.Client, service: Service) -> None:
    text = "文件名,执法证号,开始时间\nx.mp4,360701,2024-05-06 09:30:00\n".encode()
    urls = [piece(client, text[:10]), piece(client, text[10:])]
    headers = {"Upload-Concat": f"final;{' '.join(urls)}", **metadata(filename="facts.csv")}
    answer = client.post(HERE, headers=headers)
    assert answer.status_code == 201 and answer.headers["zhenglu-state"] == "sidecar"
    assert client.head(answer.headers["location"]).headers["upload-offset"] == str(len(text))


def test_bytes_that_are_gone_are_said_and_the_other_pieces_stay(
    client: httpx.Client, service: Service
) -> None:
    first, second = piece(client, b"ab"), piece(client, b"cd")
    made = join(client, first, second)
    recording = made.headers["zhenglu-recording"]
    [(key,)] = service.bureau.sql(
        "SELECT store_key FROM uploads WHERE id = :id", id=second.rpartition("/")[2]
    )
    open_store(service.store).objects.delete(key)
    job = job_of(service, recording)
    for _ in range(5):
        service.bureau.sql("UPDATE jobs SET not_before = now() WHERE id = :id", id=job)
        service.work(JobKind.assemble)
    told = service.bureau.sql("SELECT state, reason FROM recordings WHERE id = :id", id=recording)
    assert told == [("partial", "assemble_failed")]
    reap(service)
    with open_store(service.store).objects.read(f"pieces/{first.rpartition('/')[2]}") as stream:
        assert b"".join(stream) == b"ab"
    assert "upload-offset" not in client.head(made.headers["location"]).headers


def test_a_final_upload_whose_pieces_no_backup_had_says_so_instead_of_waiting_for_ever(
    client: httpx.Client, service: Service
) -> None:
    """As a restore leaves it: what was in progress has expired."""
    recording = join(client, piece(client, b"ab"), piece(client, b"cd")).headers["zhenglu-recording"]
    service.bureau.sql("UPDATE uploads SET state = 'expired' WHERE recording_id = :id", id=recording)
    job = job_of(service, recording)
    for _ in range(5):
        service.bureau.sql("UPDATE jobs SET not_before = now() WHERE id = :id", id=job)
        service.work(JobKind.assemble)
    told = service.bureau.sql("SELECT state, reason FROM recordings WHERE id = :id", id=recording)
    assert told == [("partial", "assemble_failed")]


def worker(service: Service, job: UUID) -> Child:
    """A process that runs this job and nothing else."""
    return service.processes.python("-c", RUN, str(job), env=service.environment, name="joining")


def taken_over(service: Service, job: UUID) -> None:
    """As once the lease of a killed worker has run out."""
    service.bureau.sql("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id", id=job)
    with settled_in(service.environment):
        run_job(job, "its successor")


def copying(service: Service) -> bool:
    store: Any = open_store(service.store, "testkey123", "testsecret123")
    if store.kind == "s3":
        return any(key.startswith("originals/") for key, _upload, _at in store.uploads._bucket.uploads(""))
    return any((store.objects.root / "tmp").iterdir())


@pytest.mark.timeout(180)
def test_killed_while_it_copies_and_once_it_has_copied_nothing_is_lost_or_double(either: Service) -> None:
    chance = random.Random(20261130)
    data = [chance.randbytes(size) for size in (24_000_000, 70, 30_000_000)]
    with either.client() as client:
        made = join(client, *[piece(client, one) for one in data])
        final, recording = made.headers["location"], made.headers["zhenglu-recording"]
        job = job_of(either, recording)
        first = worker(either, job)
        wait_until(lambda: copying(either) or not first.running, 60, every_s=0.002)
        either.processes.kill(first)
        assert "upload-offset" not in client.head(final).headers
        either.bureau.sql("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id", id=job)
        with either.bureau.engine.begin() as connection:  # whoever has copied cannot tell it now
            connection.exec_driver_sql(
                f"SELECT 1 FROM uploads WHERE id = '{final.rpartition('/')[2]}' FOR UPDATE"
            )
            second = worker(either, job)
            store = open_store(either.store, "testkey123", "testsecret123")
            key = f"originals/{final.rpartition('/')[2]}"
            wait_until(lambda: store.objects.stat(key) is not None, 60)
            time.sleep(0.1)
            either.processes.kill(second)
        assert "upload-offset" not in client.head(final).headers
        taken_over(either, job)
        assert client.head(final).headers["upload-offset"] == str(sum(map(len, data)))
    assert either.stored(recording) == b"".join(data)
    receipts = either.bureau.sql("SELECT count(*) FROM receipts WHERE recording_id = :id", id=recording)
    assert receipts == [(1,)]
    assert len(list(store.objects.list("originals/"))) == 1
    reap(either)
    assert len(list(store.objects.list("pieces/"))) == 3  # until the whole was read back
