"""The power goes at any moment: what a client was told, or the database knows, is on the disk.

Real uploads go through a real service and a real worker while strace writes down in which order they ask the disk for
what. Then every beginning of that order is laid out as disks that kept only what was synced, in several ways, and the
store is opened there as the service opens it after the machine has come back. The database is believed to keep what it
committed: its rows stand in the same order, by the clock of the same machine.
"""

import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.embedded.redis import Redis
from deploy.process import wait_until
from deploy.serve import web_server
from schemas.uploads import UploadState
from service.kernel.storage import Store, open_store, room
from service.kernel.storage.directory import DirectoryObjects
from service.kernel.storage.protocols import Checkpoint, Stored
from tests.fixtures.disk import Disk, Image, lay_out
from tests.fixtures.media import footage
from tests.fixtures.processes import Processes
from tests.fixtures.traced import Call, calls, under_strace
from tests.service.footage.uploads.service import BODY, Bureau, Service, at, checksum, metadata

HERE = "/api/v1/uploads"
noise = random.Random(11).randbytes
STORE = "data/objects"
OPTIONS = "?reserve=0&quota=1000000000"
SEEDS = (1, 2)
WORK = """
from service.footage.uploads import reaper
from tests.fixtures.jobs import run_all_jobs
from workers.stages.duplicates import release_duplicates
run_all_jobs()
release_duplicates()
reaper.reap_uploads()
"""
TABLES = ("uploads", "receipts", "originals", "renditions")
# By the end of the transaction: a row is known when it is committed, never before.
HISTORY = [
    "CREATE TABLE written (n bigserial, at timestamptz, name text, id uuid, now jsonb)",
    """
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO written (at, name, id, now)
        VALUES (clock_timestamp(), TG_TABLE_NAME, coalesce(NEW.id, OLD.id), to_jsonb(NEW));
        RETURN NULL;
    END $$
    """,
    *(
        f"CREATE CONSTRAINT TRIGGER note_{table} AFTER INSERT OR UPDATE OR DELETE ON {table}"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()"
        for table in TABLES
    ),
]


@dataclass
class Known:
    """`rows`: what the database has committed, by table and id. `offsets`: what clients were told, by upload."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    changes: int = 0

    def write(self, name: str, id_: str, now: dict[str, Any] | None) -> None:
        self.changes += 1
        self.rows.pop((name, id_), None)
        if now is not None:
            self.rows[name, id_] = now

    def tell(self, id_: str, offset: int) -> None:
        self.changes += 1
        self.offsets[id_] = offset

    def of(self, table: str) -> dict[str, dict[str, Any]]:
        return {id_: row for (name, id_), row in self.rows.items() if name == table}


class Traced(Service):
    log: Path

    def launch(self) -> None:
        argv = [*under_strace(self.log), sys.executable, "-m", *web_server("127.0.0.1", self.port)]
        self.child = self.processes.start(argv, env=self.environment, name="service")


@dataclass
class Story:
    """`sent`: by the upload's id, the bytes of the whole. `told`: when which upload was said to stand where."""

    disk: Path
    sent: dict[str, bytes] = field(default_factory=dict)
    told: list[tuple[float, str, int]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    rows: list[tuple[float, str, str, dict[str, Any] | None]] = field(default_factory=list)


class Sender:
    def __init__(self, client: httpx.Client, story: Story) -> None:
        self.client, self.story = client, story

    def create(self, data: bytes, body: bytes | None = None, **headers: str) -> str:
        length = {} if "Upload-Defer-Length" in headers else {"Upload-Length": str(len(data))}
        given = {**length, **metadata(filename="f.mp4"), **headers}
        answer = self.client.post(HERE, content=body, headers={**given, **(BODY if body is not None else {})})
        assert answer.status_code == 201, answer.text
        url = answer.headers["location"]
        self.story.sent[url.rpartition("/")[2]] = data
        self.hear(url, answer)
        return url

    def patch(self, url: str, offset: int, body: bytes, **headers: str) -> httpx.Response:
        answer = self.client.patch(url, content=body, headers={**at(offset), **headers})
        self.hear(url, answer)
        return answer

    def hear(self, url: str, answer: httpx.Response) -> None:
        if answer.is_success and "upload-offset" in answer.headers:
            self.story.told.append(
                (time.time(), url.rpartition("/")[2], int(answer.headers["upload-offset"]))
            )


def traffic(client: httpx.Client, story: Story, clip: bytes) -> None:
    sender = Sender(client, story)

    whole = noise(60_000)
    url = sender.create(whole)
    assert sender.patch(url, 0, whole[:25_000]).status_code == 204
    changed = sender.patch(url, 25_000, whole[25_000:30_000], **checksum(b"something else"))
    assert changed.status_code == 460
    assert sender.patch(url, 25_000, whole[25_000:40_000]).status_code == 204
    assert "zhenglu-recording" in sender.patch(url, 40_000, whole[40_000:]).headers

    sender.create(clip, clip)
    sender.create(clip, clip)  # its bytes go again once the first ones are proven

    pieces = [noise(9_000), noise(7_000)]
    urls = [sender.create(piece, piece, **{"Upload-Concat": "partial"}) for piece in pieces]
    final = client.post(
        HERE, headers={"Upload-Concat": f"final;{' '.join(urls)}", **metadata(filename="j.mp4")}
    )
    assert final.status_code == 201, final.text
    story.sent[final.headers["location"].rpartition("/")[2]] = b"".join(pieces)

    unwanted = noise(30_000)
    given_up = sender.create(unwanted)
    assert sender.patch(given_up, 0, unwanted[:12_000]).status_code == 204
    assert client.delete(given_up).status_code == 204

    later = noise(11_000)
    url = sender.create(later, later[:5_000], **{"Upload-Defer-Length": "1"})
    assert sender.patch(url, 5_000, later[5_000:], **{"Upload-Length": "11000"}).status_code == 204

    sender.create(b"", b"")
    said = b'{"files": [{"filename": "f.mp4", "note": "as the device says"}]}'
    sender.create(said, said, **metadata(filename="f.json"))

    shot = noise(20_000)
    answer = client.post("/api/v1/recordings", params={"filename": "shot.mp4"}, content=shot)
    assert answer.status_code == 201, answer.text
    story.sent[answer.json()["upload"].rpartition("/")[2]] = shot

    half = noise(33_000)
    assert sender.patch(sender.create(half), 0, half[:21_000]).status_code == 204


@pytest.fixture(scope="module")
def story(
    bureau: Bureau, redis_server: Redis, module_processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    folder = tmp_path_factory.mktemp("power")
    folder.chmod(0o755)
    story = Story(folder / "disk")
    story.disk.mkdir()
    for statement in HISTORY:
        bureau.sql(statement)
    clip = footage(folder / "clip.mp4", seconds=1, size="160x120").read_bytes()

    service = Traced(
        module_processes,
        bureau,
        f"file://{story.disk / STORE}{OPTIONS}",
        redis_server.url(),
        extra={"ZHENGLU_DATA_DIR": str(folder / "scratch")},
    )
    service.log = folder / "service.calls"
    service.start()
    with service.client() as client:
        traffic(client, story, clip)
    assert service.child is not None
    service.child.stop()

    argv = [*under_strace(folder / "worker.calls"), sys.executable, "-c", WORK]
    worker = module_processes.start(argv, env=service.environment, name="worker")
    assert wait_until(lambda: not worker.running, 120), worker.output()
    assert worker.kill() == 0, worker.output()

    story.calls = calls([service.log, folder / "worker.calls"], story.disk)
    rows = bureau.sql("SELECT extract(epoch FROM at), name, id, now FROM written ORDER BY n")
    story.rows = [(float(moment), name, str(id_), now) for moment, name, id_, now in rows]
    return story


@pytest.fixture
def after_the_cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the disks are laid out: in memory, and after another start of the machine."""
    monkeypatch.setattr(room, "boot_id", lambda: "another")
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder) / "disk"


def test_whatever_moment_the_power_goes_nothing_is_lost_and_nothing_is_half(
    story: Story, after_the_cut: Path
) -> None:
    assert {"mkdir", "create", "write", "cut", "sync", "link", "unlink", "rmdir"} <= {
        call.kind for call in story.calls
    }
    disk = Disk(story.disk)
    tried = set()
    known = Known()
    moments = 0
    for step in _in_order(story, disk, known):
        moments += 1
        for how, image in disk.images(SEEDS):
            look = hash((frozenset(image.items()), known.changes))
            if look in tried:
                continue
            tried.add(look)
            lay_out(image, after_the_cut)
            try:
                _check(after_the_cut / STORE, disk, story, known)
            except Exception as error:
                error.add_note(f"the power went after step {moments}, {step}; {how}")
                raise
    states = {row["state"] for row in known.of("uploads").values()}
    assert {"open", "complete", "expired", "terminated"} <= states
    assert {name for name, _ in known.rows} == set(TABLES), "a rendition was made, too"
    assert moments > 200 and len(tried) > 500


def _in_order(story: Story, disk: Disk, known: Known) -> Iterator[str]:
    """Brings all three forward, one step after the other, by the clock; tells what the step was."""
    steps: list[tuple[float, str, Callable[[], object]]] = []
    for call in story.calls:
        said = f"{call.kind} {call.path.removeprefix(str(story.disk))}"
        if call.kind == "sync":
            ending: list[Callable[[], None]] = []
            steps.append((call.began, "", partial(_begin, disk, call, ending)))
            steps.append((call.ended, said, partial(_end, ending)))
        else:
            steps.append((call.ended, said, partial(disk.apply, call)))
    for moment, name, id_, now in story.rows:
        steps.append((moment, f"a row of {name}", partial(known.write, name, id_, now)))
    for moment, id_, offset in story.told:
        steps.append((moment, "an answer", partial(known.tell, id_, offset)))
    for _moment, said, act in sorted(steps, key=lambda step: step[0]):
        act()
        if said:
            yield said


def _begin(disk: Disk, sync: Call, ending: list[Callable[[], None]]) -> None:
    ended = disk.apply(sync)
    assert ended is not None
    ending.append(ended)


def _end(ending: list[Callable[[], None]]) -> None:
    ending[0]()


def _check(root: Path, disk: Disk, story: Story, known: Known) -> None:
    """As the service does it: the store is opened, each row is looked after, what nobody wants is removed."""
    store = open_store(f"file://{root}{OPTIONS}")
    for info in store.objects.list():
        path = store.objects.local_path(info.key)
        whole = disk.linked[f"{STORE}/{path.relative_to(root)}"]
        assert path.read_bytes() == whole, f"{info.key} is not whole"
        assert path.stat().st_mode & 0o777 == 0o440

    uploads = known.of("uploads")
    originals = {row["sha256"]: row["store_key"] for row in known.of("originals").values()}
    for row in known.of("receipts").values():
        _must_hold_receipt(store, story, row, uploads, originals)
    for row in known.of("originals").values():
        assert _sha256(store, row["store_key"]) == row["sha256"]
    for row in known.of("renditions").values():
        assert row["store_key"] is None or store.objects.stat(row["store_key"]).size == row["size"]
    for id_, offset in known.offsets.items():
        assert uploads[id_]["upload_offset"] >= offset, "an answer ran ahead of its row"
    wanted = set()
    for id_, row in uploads.items():
        if _goes_on(store, story, id_, row, uploads):
            wanted.add(row["store_key"])
    for left in list(store.uploads.list_uploads(datetime.now(UTC) + timedelta(days=1))):
        store.uploads.abort(left.key)
        assert left.key not in wanted or store.objects.stat(left.key)
    assert not list(store.uploads.list_uploads(datetime.now(UTC) + timedelta(days=1)))
    assert isinstance(store.objects, DirectoryObjects)
    assert store.objects.room.used() == store.objects.room.recount()


def _must_hold_receipt(
    store: Store, story: Story, row: dict[str, Any], uploads: dict[str, Any], originals: dict[str, str]
) -> None:
    """Under its own key; where these were a second copy that has just gone, under that of the first, to which the
    schedule points the receipt."""
    upload = uploads[row["upload_id"]]
    if upload["state"] == UploadState.open:  # its pieces wait to be joined
        return
    sha256, key = hashlib.sha256(story.sent[row["upload_id"]]).hexdigest(), row["store_key"]
    if store.objects.stat(key) is None and row["stored_sha256"] == sha256:
        key = originals[sha256]
    assert _sha256(store, key) == sha256


def _goes_on(store: Store, story: Story, id_: str, row: dict[str, Any], uploads: dict[str, Any]) -> bool:
    """What the row's state asks for. Whether its bytes are still wanted."""
    key, held = row["store_key"], story.sent.get(id_)
    if row["state"] in (UploadState.expired, UploadState.terminated):
        store.uploads.abort(key)
        if row["partial"]:
            store.objects.delete(key)
        return False
    if held is None:  # the client never learned of it
        return False
    if row["state"] == UploadState.open:
        if row["concatenates"]:
            pieces = [uploads[piece] for piece in row["concatenates"]]
            stored = store.uploads.concatenate(
                key, [Stored(piece["store_key"], "1", piece["length"]) for piece in pieces]
            )
        else:
            stored = _sent_on(store, key, row, held)
        assert stored.size == len(held)
    elif row["recording_id"] is not None:
        return False  # its receipt speaks for it, and may point to the same bytes elsewhere
    assert _sha256(store, key) == hashlib.sha256(held).hexdigest()
    return True


def _sent_on(store: Store, key: str, row: dict[str, Any], held: bytes) -> Stored:
    offset, epoch = row["upload_offset"], row["epoch"] + 1
    state = store.uploads.begin(row["progress"], epoch)
    if offset < len(held):
        writer = store.uploads.open(key, state, epoch, len(held))
        assert writer.position == offset, "the bytes that were counted are not there"
        writer.write(held[offset:])
        checkpoint: Checkpoint = writer.close()
        assert checkpoint.offset == len(held)
        state = checkpoint.state
    return store.uploads.complete(key, state)


def _sha256(store: Store, key: str) -> str:
    with store.objects.read(key) as stream:
        return hashlib.sha256(b"".join(stream)).hexdigest()


def test_the_model_loses_what_was_not_synced(tmp_path: Path) -> None:
    """A model that kept everything would find nothing."""
    images = dict(_model(tmp_path, synced=False).images())
    assert images["nothing unsynced survives"] == {}
    assert {
        path: found and found.content for path, found in images["names survive, of bytes only zeros"].items()
    } == {
        "a": None,
        "a/b": bytes(3),
        "c": bytes(3),
    }
    kept: Image = dict(_model(tmp_path, synced=True).images())["nothing unsynced survives"]
    assert {path: found and found.content for path, found in kept.items()} == {"a": None, "a/b": b"xyz"}


def _model(root: Path, *, synced: bool) -> Disk:
    disk = Disk(root)
    asked = [("mkdir", "a"), ("create", "a/b"), ("write", "a/b"), ("link", "a/b")]
    syncs = [("sync", "a/b"), ("sync", "a"), ("sync", "")] if synced else []
    for kind, path in [*asked[:3], *syncs, *asked[3:]]:
        call = Call(0, 0, kind, str(root / path), data=b"xyz", at=0, other=str(root / "c"), number=0)  # type: ignore[arg-type]
        if kind == "write":
            call = Call(0, 0, "write", str(root / path), data=b"xyz", at=0)
        if ending := disk.apply(call):
            ending()
    return disk
