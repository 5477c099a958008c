"""Each disk of an installation is full in turn: it is said, nothing is lost, and it goes on alone when there is room.

One `zhenglu up` on small disks (tests/fixtures/small_disks.py), as an ordinary user or as root.
"""

import hashlib
import itertools
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy

from deploy.process import Child, free_port, wait_until
from deploy.running import Running
from service.kernel.i18n import COOKIE
from service.preservation.backups.folder import chosen
from tests.fixtures.jobs import Bureau as Installation
from tests.fixtures.media import footage
from tests.fixtures.processes import Processes
from tests.fixtures.small_disks import MIB, SmallDisks, on_small_disks
from tests.service.footage.uploads.service import TUS, Bureau, at, metadata

HERE = "/api/v1/uploads"
SIZES = {"objects": 160 * MIB, "scratch": 200 * MIB, "postgres": 256 * MIB, "redis": 8 * MIB, "logs": 8 * MIB}
TABLE = "disks full, again and again, while three docks send"
SEED = int(os.environ.get("ZHENGLU_SEED", "20240611"))


@dataclass
class OnSmallDisks:
    data: Path
    address: str
    up: Child
    disks: SmallDisks
    bureau: Bureau
    clip: bytes
    sent: dict[str, str] = field(default_factory=dict)  # by the recording's id, the SHA-256 of what was sent

    def client(self, who: str = "dock") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.bureau.tokens[who]}", **TUS}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False)

    def log(self, part: str) -> str:
        return (self.disks.at(self.data) / "logs" / f"{part}.log").read_text(errors="replace")

    def film(self, number: int, size: int = 0) -> bytes:
        """The same second of film, another file each time: players skip what follows the last box."""
        padding = random.Random(number).randbytes(max(16, size - len(self.clip) - 8))
        return self.clip + (len(padding) + 8).to_bytes(4) + b"free" + padding

    def send(self, data: bytes, *, give_up_after_s: float = 120.0) -> str:
        """As a dock does: until it is told that the file has arrived, from where the service says that it stands."""
        until, url, heard = time.monotonic() + give_up_after_s, "", "nothing"
        with self.client() as client:
            while time.monotonic() < until:
                try:
                    if not url:
                        length = {"Upload-Length": str(len(data)), **metadata(filename="f.mp4")}
                        told = client.post(HERE, headers=length)
                        url = told.headers.get("location", "")
                        heard = told.text
                    else:
                        offset = client.head(url).headers.get("upload-offset")
                        if offset is None:
                            time.sleep(0.5)
                            continue
                        told = client.patch(url, content=data[int(offset) :], headers=at(int(offset)))
                        heard = told.text
                        if recording := told.headers.get("zhenglu-recording"):
                            self.sent[recording] = hashlib.sha256(data).hexdigest()
                            return recording
                except httpx.TransportError as error:
                    heard = repr(error)
                time.sleep(0.2)
        pytest.fail(f"a file did not arrive within {give_up_after_s} s, the last answer: {heard}")

    def states(self) -> Counter[str]:
        return Counter(dict(self.bureau.sql("SELECT state, count(*) FROM recordings GROUP BY state")))

    def recording(self, id_: str) -> dict[str, Any]:
        with self.client("member") as client:
            return client.get(f"/api/v1/recordings/{id_}").json()

    def ready(self, id_: str, within_s: float = 90.0) -> None:
        found: list[dict[str, Any]] = []

        def is_ready() -> bool:
            found[:] = [self.recording(id_)]
            return found[0].get("state") == "ready"

        assert wait_until(is_ready, within_s, every_s=0.3), found

    def waits_for(self, id_: str, reason: str, within_s: float = 60.0) -> None:
        def waits() -> bool:
            return bool(
                self.bureau.sql(
                    "SELECT FROM jobs WHERE reason = :reason AND subject_id IN"
                    " (SELECT id FROM recordings WHERE id = :id UNION SELECT original_id FROM recordings WHERE id = :id)",
                    reason=reason, id=id_,
                )
            )  # fmt: skip

        assert wait_until(waits, within_s, every_s=0.2), self.recording(id_)

    def page(self) -> str:
        with self.client("admin") as client:
            client.cookies.set(COOKIE, "en")
            return client.get("/queue", headers={"Accept": "text/html"}).text

    def wrong(self) -> dict[str, int]:
        """How much of what was said to have arrived is not there once, as it was sent."""
        rows = self.bureau.sql(
            "SELECT recordings.id, originals.sha256, originals.store_key FROM recordings"
            " JOIN originals ON originals.id = original_id WHERE merged_into IS NULL"
        )
        known = {str(id_): sha256 for id_, sha256, _ in rows}
        stored = {
            path.name.replace(",", "/"): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.disks.at(self.data) / "objects/objects").glob("*/originals*")
        }
        return {
            "lost": len(self.sent.keys() - known.keys()) + sum(key not in stored for _, _, key in rows),
            "altered": sum(known.get(id_, sha256) != sha256 for id_, sha256 in self.sent.items())
            + sum(stored.get(key, sha256) != sha256 for _, sha256, key in rows),
            "double": len(known.keys() - self.sent.keys()) + len(stored.keys() - {key for _, _, key in rows}),
        }

    def whole(self) -> None:
        assert self.wrong() == {"lost": 0, "altered": 0, "double": 0}


@pytest.fixture(scope="module")
def small(
    run_folder: Path, worker_id: str, module_processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OnSmallDisks]:
    # So long that PostgreSQL's socket lies outside of it, where the tests reach it.
    above = run_folder / f"full-{worker_id}"
    data = above / ("data-" * 20)
    data.mkdir(parents=True)
    above.chmod(0o711)
    port = free_port()
    argv = [sys.executable, "-m", "deploy.cli", "up", "--port", str(port), "--data", str(data)]
    up = module_processes.start(
        on_small_disks(
            {data: 16 * MIB} | {data / name: size for name, size in SIZES.items()},
            [*argv, "--web", "1", "--light", "1", "--encode", "1"],
        ),
        name="up",
        env={
            **{"PYTHONUNBUFFERED": "1", "ZHENGLU_DATABASE_URL": "", "ZHENGLU_REDIS_URL": ""},
            "ZHENGLU_OBJECT_STORE": f"file://{data}/objects?reserve=0",
            "ZHENGLU_ENCODE_THREADS": "1",
        },
        grace_s=60.0,
    )
    module_processes.wait_for_output("Ctrl-C", up, timeout_s=180.0)
    disks = SmallDisks(up)
    running = Running.read(disks.at(data))
    assert running is not None
    engine = sqlalchemy.create_engine(running.environment["ZHENGLU_DATABASE_URL"], pool_pre_ping=True)
    clip = footage(tmp_path_factory.mktemp("clip") / "c.mp4", seconds=1, size="160x120").read_bytes()
    yield OnSmallDisks(data, f"http://127.0.0.1:{port}", up, disks, Bureau(engine).fill(), clip)
    engine.dispose()
    up.stop()


def test_the_store_is_full_while_a_file_comes_in(small: OnSmallDisks) -> None:
    film = small.film(1, 3 * MIB)
    with small.client() as client:
        url = client.post(
            HERE, headers={"Upload-Length": str(len(film)), **metadata(filename="f.mp4")}
        ).headers["location"]
        with small.disks.full(small.data / "objects", but=2 * MIB):
            refused = client.patch(url, content=film, headers=at(0))
            assert refused.status_code == 507 and refused.json()["type"].endswith("storage-full")
            assert "对象存储空间已满" in refused.json()["detail"]
            kept = int(client.head(url).headers["upload-offset"])
            assert 0 < kept < len(film)
            at_once = client.post(
                "/api/v1/recordings", params={"filename": "g.mp4"}, content=small.film(2, 3 * MIB)
            )
            assert at_once.status_code == 507 and at_once.json()["type"].endswith("storage-full")
            assert "No room for object store" in small.page()
            assert "storage-full" in small.log("web") or "store is full" in small.log("web")
        last = client.patch(url, content=film[kept:], headers=at(kept))
    assert last.status_code == 204, last.text
    recording = last.headers["zhenglu-recording"]
    small.sent[recording] = hashlib.sha256(film).hexdigest()
    small.ready(recording)
    assert "No room for" not in small.page()
    small.whole()


def test_the_store_is_full_when_a_rendition_is_made(small: OnSmallDisks) -> None:
    with small.disks.full(small.data / "objects", but=128 * 1024):
        recording = small.send(small.film(3))
        small.waits_for(recording, "store_full")
    small.ready(recording)
    small.whole()


def test_scratch_is_full(small: OnSmallDisks) -> None:
    with small.disks.full(small.data / "scratch"):
        recording = small.send(small.film(4))
        small.waits_for(recording, "scratch_full")
        assert "No room for scratch" in small.page()
    small.ready(recording)
    small.whole()


def test_the_database_has_no_room(small: OnSmallDisks) -> None:
    before = small.states().total()
    begun, refused = [], None
    with small.disks.full(small.data / "postgres"), small.client() as client:
        for number in range(500):
            small.disks.fill(small.data / "postgres")
            headers = {"Upload-Length": "10", **metadata(filename="f.mp4", note="x" * 400)}
            told = client.post(HERE, headers=headers)
            if told.status_code != 201:
                refused = told
                break
            begun.append(told.headers["location"])
            if number > 150:
                client.delete(begun.pop())
        assert refused is not None and refused.status_code == 503, refused
        assert refused.json()["type"].rpartition(":")[2] in ("database-full", "unavailable")
        assert "Retry-After" in refused.headers
        shown = small.page()  # reads go on, unless it has stopped altogether
        assert "No room for" in shown or "does not answer" in shown
        assert re.search(r"no room|No space left", small.log("web") + small.log("postgresql"))
    recording = small.send(small.film(5))
    small.ready(recording)
    with small.client() as client:
        assert {client.head(url).status_code for url in begun} <= {200}
        for url in begun:
            client.delete(url)
    assert small.states().total() == before + 1
    small.whole()


def test_redis_has_no_room(small: OnSmallDisks) -> None:
    with small.disks.full(small.data / "redis"):
        recording = small.send(small.film(6))
        assert httpx.get(f"{small.address}/readyz", trust_env=False).json()["database"] == "ok"
    small.ready(recording)
    small.whole()


def test_the_logs_have_no_room_and_a_part_ends_meanwhile(small: OnSmallDisks) -> None:
    running = Running.read(small.disks.at(small.data))
    with small.disks.full(small.data / "logs"), small.disks.full(small.data):
        running.children["light"].send(9, group=True)
        recording = small.send(small.film(7))
        small.ready(recording)
    assert small.up.running
    small.whole()


def test_the_backup_has_no_room(bureau: Installation, processes: Processes, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    waiting = ["/bin/sh", "-c", "echo mounted; exec sleep 600"]
    holder = processes.start(on_small_disks({folder: 90 * MIB}, waiting), name="disk")
    processes.wait_for_output("mounted", holder)
    disks = SmallDisks(holder)
    target = disks.at(folder) / "all"

    def back_up() -> tuple[int, str]:
        child = processes.python(
            "-m", "deploy.cli", "backup", str(target), env={"ZHENGLU_LANG": "en", **bureau.env}, name="backup"
        )
        assert wait_until(lambda: not child.running, 120.0)
        return child.kill(), child.output()

    bureau.receive(random.Random(1).randbytes(MIB))
    code, told = back_up()
    assert code == 0, told
    first = chosen(target)[1]
    bureau.receive(random.Random(2).randbytes(4 * MIB))
    with disks.full(folder, but=66 * MIB):
        code, told = back_up()
        assert code == 1 and "no room" in told, told
        assert chosen(target)[1] == first and not list((target / "unfinished").iterdir())
    with disks.full(folder):  # not even for the dump
        code, told = back_up()
        assert code == 1 and "no room" in told, told
        assert chosen(target)[1] == first
    code, told = back_up()
    assert code == 0 and "2 objects" in told, told


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_disks_are_full_again_and_again_while_files_come_in(
    small: OnSmallDisks, tell: Callable[..., None]
) -> None:
    chance = random.Random(SEED)
    faults = [*SIZES] * 3
    chance.shuffle(faults)
    numbers, over = itertools.count(100), threading.Event()

    def keep_sending(sender: int) -> None:
        own = random.Random(SEED + sender)
        while not over.wait(own.uniform(2.0, 6.0)):
            small.send(small.film(next(numbers), own.randrange(MIB)), give_up_after_s=240)

    with ThreadPoolExecutor(3) as senders:
        sending = [senders.submit(keep_sending, number) for number in range(3)]
        try:
            for name in faults:
                with small.disks.full(small.data / name):
                    time.sleep(chance.uniform(2.0, 6.0))
                time.sleep(chance.uniform(1.0, 3.0))
        finally:
            over.set()
        for one in sending:
            one.result()
    for recording in list(small.sent):
        small.ready(recording, within_s=240)
    wrong = small.wrong()
    for name in SIZES:
        tell(TABLE, full=name, times=faults.count(name), files=len(small.sent), **wrong)
    small.whole()
    assert small.states() == {"ready": len(small.sent)}
