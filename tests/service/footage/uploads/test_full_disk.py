"""A directory store on a disk that is really full: a small tmpfs that only the service's own namespace sees."""

import random
import sys
from pathlib import Path

import psutil
import pytest

from deploy.embedded.redis import Redis
from deploy.serve import web_server
from service.kernel.storage import open_store
from tests.fixtures.processes import Processes
from tests.service.footage.uploads.service import Bureau, Service, at, folder_store, metadata
from tests.service.footage.uploads.wire import go_on, offset_of

HERE = "/api/v1/uploads"
DISK = 16 * 2**20


class OnSmallDisk(Service):
    def launch(self) -> None:
        folder = self.store.removeprefix("file://").partition("?")[0]
        Path(folder).mkdir()
        self.child = self.processes.start(
            [
                *("bwrap", "--die-with-parent", "--dev-bind", "/", "/"),
                *("--size", str(DISK), "--tmpfs", folder, "--chmod", "0755", folder),
                *(sys.executable, "-m", *web_server("127.0.0.1", self.port)),
            ],
            env=self.environment,
        )

    @property
    def seen_from_here(self) -> str:
        """The store's address for another process: through the service's own view of the files."""
        assert self.child is not None
        inside = psutil.Process(self.child.pid).children(recursive=True)[-1]
        return self.store.replace("file://", f"file:///proc/{inside.pid}/root")


@pytest.fixture
def service(bureau: Bureau, redis_server: Redis, processes: Processes, tmp_path: Path) -> Service:
    return OnSmallDisk(processes, bureau, folder_store(tmp_path / "small"), redis_server.url()).start()


def test_it_is_507_nothing_received_is_lost_and_the_upload_goes_on_when_there_is_room(
    service: OnSmallDisk,
) -> None:
    data = random.Random(7).randbytes(12 * 2**20)
    with service.client() as client:

        def create(length: int) -> str:
            headers = {"Upload-Length": str(length), **metadata(filename="f.mp4")}
            return client.post(HERE, headers=headers).headers["location"]

        other, url = create(2 * len(data)), create(len(data))
        assert client.patch(other, content=data[: 8 * 2**20], headers=at(0)).status_code == 204
        full = client.patch(url, content=data, headers=at(0))
        assert full.status_code == 507 and full.json()["type"].endswith("storage-full"), full.text
        kept = offset_of(client, url)
        assert 0 < kept < len(data)
        again = client.patch(url, content=data[kept:], headers=at(kept))
        assert again.status_code == 507 and offset_of(client, url) >= kept
        assert offset_of(client, other) == 8 * 2**20
        assert client.delete(other).status_code == 204
        last = go_on(client, url, data)
    assert last.status_code == 204, last.text
    [(key,)] = service.bureau.sql(
        "SELECT store_key FROM receipts WHERE recording_id = :id", id=last.headers["zhenglu-recording"]
    )
    with open_store(service.seen_from_here).objects.read(key) as stream:
        assert b"".join(stream) == data
