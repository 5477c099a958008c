"""Clients that others wrote work unchanged, and go on after the client or the service was killed."""

import hashlib
import json
import os
import random
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.fingerprint.fingerprint import Fingerprint
from tusclient.storage.filestorage import FileStorage

from deploy.process import wait_until
from schemas.jobs import JobKind
from tests.fixtures.processes import REPOSITORY
from tests.service.footage.uploads.service import Service

SCRIPT = Path(__file__).with_name("send.mjs")
NODE = shutil.which("node", path=f"{REPOSITORY}/build/node/bin:{os.environ['PATH']}")


def footage(path: Path, size: int, seed: int = 1) -> Path:
    path.write_bytes(random.Random(seed).randbytes(size))
    return path


def script(service: Service, file: Path, client: str = "tus-js-client", **wanted: Any) -> list[str]:
    wanted |= {"client": client, "file": str(file), "token": service.bureau.tokens["dock"]}
    wanted.setdefault("endpoint", f"{service.url}/api/v1/uploads")
    return [NODE, str(SCRIPT), json.dumps(wanted)]


def sent(argv: list[str]) -> dict[str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def same(service: Service, recording: str | None, file: Path) -> bool:
    assert recording
    return hashlib.sha256(service.stored(recording)).digest() == hashlib.sha256(file.read_bytes()).digest()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunkSize": 1_000_003},
        {"uploadDataDuringCreation": True},
        {"uploadLengthDeferred": True, "chunkSize": 2_000_000},
        {"overridePatchMethod": True},
        {"parallelUploads": 3, "metadataForPartialUploads": {}},
    ],
    ids=str,
)
def test_tus_js_client(service: Service, tmp_path: Path, options: dict[str, Any]) -> None:
    file = footage(tmp_path / "现场 1.mp4", 7_654_321)
    answer = sent(script(service, file, options=options))
    service.work(JobKind.assemble)
    assert same(service, answer["recording"], file)


def test_uppy(service: Service, tmp_path: Path) -> None:
    file = footage(tmp_path / "a.mp4", 5_000_000)
    answer = sent(script(service, file, "uppy"))
    assert same(service, answer["recording"], file)


@pytest.mark.parametrize("chunk", [None, 700_001])
def test_tuspy(service: Service, tmp_path: Path, chunk: int | None) -> None:
    file = footage(tmp_path / "b.mp4", 3_000_000)
    client = TusClient(
        f"{service.url}/api/v1/uploads/", headers={"Authorization": f"Bearer {service.bureau.tokens['dock']}"}
    )
    options = {"chunk_size": chunk} if chunk else {}
    uploader = client.uploader(
        str(file), metadata={"filename": "b.mp4"}, upload_checksum=bool(chunk),
        store_url=True, url_storage=FileStorage(str(tmp_path / "urls")), fingerprinter=Fingerprint(), **options,
    )  # fmt: skip
    if chunk:
        uploader.upload(stop_at=1_500_000)
        uploader = client.uploader(
            str(file), metadata={"filename": "b.mp4"}, upload_checksum=True, chunk_size=chunk,
            store_url=True, url_storage=FileStorage(str(tmp_path / "urls")), fingerprinter=Fingerprint(),
        )  # fmt: skip
        assert uploader.offset >= 1_400_000
    uploader.upload()
    [(recording,)] = service.bureau.sql(
        "SELECT recording_id FROM uploads WHERE id = :id", id=str(uploader.url).rpartition("/")[2]
    )
    assert same(service, str(recording), file)


def test_client_killed_at_seeded_places_goes_on(service: Service, tmp_path: Path) -> None:
    file = footage(tmp_path / "c.mp4", 40_000_000)
    places = sorted(random.Random(20260101).sample(range(1, 40_000_000), 4))
    wanted: dict[str, Any] = {"state": str(tmp_path / "urls.json"), "options": {"chunkSize": 8_000_000}}
    for place in places:
        done = subprocess.run(
            script(service, file, dieAfter=place, **wanted), capture_output=True, timeout=120
        )
        assert done.returncode == -9, done.stderr
    answer = sent(script(service, file, **wanted))
    assert same(service, answer["recording"], file)
    assert service.bureau.sql("SELECT count(*) FROM recordings WHERE file_name = 'c.mp4'") == [(1,)]


def test_service_killed_while_clients_upload(own_service: Service, tmp_path: Path) -> None:
    """The clients notice nothing but a delay."""
    service = own_service.start()
    files = [footage(tmp_path / f"k{number}.mp4", 60_000_000, number) for number in range(2)]
    options = {"chunkSize": 6_000_000}
    running = [
        subprocess.Popen(
            script(service, file, options=options), stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        for file in files
    ]
    moved = "SELECT coalesce(sum(upload_offset), 0) FROM uploads WHERE file_name LIKE 'k_.mp4'"

    def has_moved(place: int) -> bool:
        return service.bureau.sql(moved)[0][0] >= place

    for place in sorted(random.Random(7).sample(range(1, 100_000_000), 4)):
        wait_until(partial(has_moved, place), 90, every_s=0.02)
        service.kill()
        service.start()
    for file, child in zip(files, running, strict=True):
        output, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        answer = json.loads(output.strip().splitlines()[-1])
        assert same(service, answer["recording"], file)
