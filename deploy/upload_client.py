"""One file on its way to the service by tus 1.0, as a dock sends it: resumable, verified, with a receipt."""

import base64
import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from service.kernel.encodings import name_decoded
from service.kernel.i18n import gettext as _

CHUNK = 1024 * 1024
BODY = {"Content-Type": "application/offset+octet-stream"}
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
KEPT_S = 60 * 86_400
TOGETHER_NS = 60 * 10**9  # a recording and its small copy are closed one after the other
WORKING = ("receiving", "processing")


class Outcome(StrEnum):
    verified = "verified"
    received = "received"
    refused = "refused"
    changed = "changed"
    failed = "failed"


@dataclass(frozen=True)
class Sent:
    """What is known of one file at the end. `sha256` is our own, `stored_sha256` the service's of the stored bytes."""

    path: str
    outcome: Outcome
    size: int = 0
    sha256: str = ""
    stored_sha256: str = ""
    recording: str = ""
    state: str = ""
    url: str = ""
    problem: str = ""
    at: str = ""

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


class UploadRefused(Exception):
    """The service said no in a way that trying again does not change."""


class FileChanged(Exception):
    pass


@dataclass(frozen=True)
class Look:
    """What tells a file from one that was changed a moment ago, without reading it. Never that two are the same: a
    recorder whose clock and numbering begin anew gives other bytes the same name, size and time."""

    size: int
    mtime_ns: int
    ctime_ns: int  # nobody can set it back

    @classmethod
    def of(cls, found: os.stat_result) -> "Look":
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @classmethod
    def at(cls, path: Path) -> "Look":
        return cls.of(path.stat())


def name_of(path: Path) -> str:
    """In words that can be shown and sent: cards write names in UTF-8 or in the GBK of a Chinese Windows."""
    return name_decoded(os.fsencode(path))


class Memory:
    """Addresses of uploads, one small file each, so that several programs may run side by side.

    Kept under what the file was found to hold, so it saves sending and never reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if old.stat().st_mtime < time.time() - KEPT_S:
                    old.unlink()

    @classmethod
    def default(cls) -> "Memory":
        state = os.environ.get("XDG_STATE_HOME")
        return cls((Path(state) if state else Path.home() / ".local/state") / "zhenglu/uploads")

    def _file(self, server: str, path: Path, sha256: str) -> Path:
        key = f"{server}\0{path.resolve()}\0{sha256}"
        return self.folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()}.json"

    def recall(self, server: str, path: Path, sha256: str, said: dict[str, str]) -> str:
        """The address of an upload of which at least that was said; empty if there is none."""
        try:
            known = json.loads(self._file(server, path, sha256).read_text())
            return str(known["url"]) if said.items() <= known["said"].items() else ""
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return ""

    def keep(self, server: str, path: Path, sha256: str, said: dict[str, str], url: str) -> None:
        file = self._file(server, path, sha256)
        fresh = file.with_suffix(f".{os.getpid()}.{time.monotonic_ns()}")
        fresh.write_text(json.dumps({"path": name_of(path), "sha256": sha256, "said": said, "url": url}))
        fresh.replace(file)

    def keep_erased(self, path: Path, look: "Look") -> None:
        """That it was erased: what the camera made beside it is no recording of its own."""
        with self._erased_in(path.parent).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": path.name, "mtime_ns": look.mtime_ns}) + "\n")

    def erased_with(self, path: Path) -> list[str]:
        """The names of those erased from its folder that were written together with it."""
        try:
            written_ns = path.stat().st_mtime_ns
            lines = self._erased_in(path.parent).read_text(encoding="utf-8").splitlines()
            found = [json.loads(line) for line in lines]
            return [one["name"] for one in found if abs(one["mtime_ns"] - written_ns) <= TOGETHER_NS]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _erased_in(self, folder: Path) -> Path:
        return self.folder / f"{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()}.erased"

    def forget(self, server: str, path: Path, sha256: str) -> None:
        self._file(server, path, sha256).unlink(missing_ok=True)


@dataclass(frozen=True)
class Server:
    """`patience_s`: how long one file is tried again while the service does not answer."""

    address: str
    token: str
    patience_s: float = 600.0

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"},
            timeout=httpx.Timeout(60.0, connect=10.0),
        )


class Sender:
    def __init__(
        self,
        server: Server,
        memory: Memory,
        path: Path,
        metadata: dict[str, str],
        progress: Callable[[str, int], None] = lambda _what, _done: None,
        ahead: timedelta | None = None,
    ) -> None:
        """`progress` is called with "hash" or "send" and the bytes done. `ahead`: how far the recorder's clock is
        ahead of this machine's, where it was read; the service measures it against its own."""
        self.server, self.memory, self.path, self.metadata = server, memory, path, metadata
        self.ahead = ahead
        self.progress = progress
        self.look: Look | None = None  # of the file as it was hashed
        self._deadline = 0.0

    def send(self, *, verify_s: float = 600.0, wait: bool = False) -> Sent:
        """Reads the whole file, sends what the service has not, and waits up to `verify_s` for the service's hash of
        what it stored; with `wait` also until the recording is processed. Never raises for a file that could not be
        sent. `verified` is said of bytes that this call has read and hashed, and of no others."""
        sent = Sent(name_of(self.path), Outcome.failed, at=datetime.now(UTC).isoformat(timespec="seconds"))
        try:
            self.look = look = Look.at(self.path)
            sha256 = self._hash(look)
            sent = replace(sent, size=look.size, sha256=sha256)
            known = self.memory.recall(self.server.address, self.path, sha256, self._said)
            with self.server.client() as client:
                url = self._transfer(client, look, sha256, known)
                self._unchanged(look)
                sent = self._verdict(client, replace(sent, url=url), verify_s, wait)
            self._unchanged(look)
            # A finished upload is remembered too, so that a second run only asks what became of it; but what arrived
            # as other bytes has to be sent again.
            if sent.stored_sha256 and sent.stored_sha256 != sha256:
                self.memory.forget(self.server.address, self.path, sha256)
            return sent
        except FileChanged:
            return replace(
                sent, outcome=Outcome.changed, problem=_("the file changed while it was being sent")
            )
        except (UploadRefused, httpx.HTTPError, OSError) as error:
            return replace(sent, outcome=Outcome.failed, problem=str(error) or type(error).__name__)

    @property
    def _said(self) -> dict[str, str]:
        """Also that the recorder's clock was read: an upload of before does not tell how far it is off."""
        return self.metadata if self.ahead is None else {**self.metadata, "device_time": "read"}

    def still(self, sent: Sent) -> Outcome:
        """What the service says of it now."""
        try:
            with self.server.client() as client:
                return self._verdict(client, sent, 0.0, False).outcome
        except (UploadRefused, httpx.HTTPError):
            return Outcome.received

    def _hash(self, look: Look) -> str:
        digest, done = hashlib.sha256(), 0
        with self.path.open("rb") as file:
            while done <= look.size and (data := file.read(CHUNK)):
                digest.update(data)
                done += len(data)
                self.progress("hash", done)
        if done != look.size:
            raise FileChanged
        self._unchanged(look)
        return digest.hexdigest()

    def _unchanged(self, look: Look) -> None:
        try:
            same = Look.at(self.path) == look
        except OSError as error:
            raise FileChanged from error
        if not same:
            raise FileChanged

    def _transfer(self, client: httpx.Client, look: Look, sha256: str, url: str) -> str:
        """Until the service has all bytes; from where it stands, however often the connection breaks."""
        offset: int | None = None
        self._deadline = time.monotonic() + self.server.patience_s
        tries = 0
        while True:
            try:
                if url and offset is None:
                    offset = self._offset(client, url)
                    if offset is None:
                        url = ""
                if not url:
                    url, offset = self._create(client, look, sha256), 0
                assert offset is not None
                self.progress("send", offset)
                if offset >= look.size:
                    return url
                self._patch(client, url, offset, look)
                tries, offset = 0, None
                self._deadline = time.monotonic() + self.server.patience_s
            except _TryAgain as again:
                if again.moved:
                    tries, self._deadline = 0, time.monotonic() + self.server.patience_s
                if time.monotonic() > self._deadline:
                    raise UploadRefused(str(again)) from again
                time.sleep(WAITS_S[min(tries, len(WAITS_S) - 1)])
                tries, offset = tries + 1, None

    def _request(self, client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            answer = client.request(method, url, **options)
        except httpx.TransportError as error:
            raise _TryAgain(str(error) or type(error).__name__) from error
        # 409 and 423: the offset or the upload is somebody else's just now; HEAD tells how it stands.
        if answer.status_code in (408, 409, 423, 429, 460) or answer.status_code >= 500:
            raise _TryAgain(f"{answer.status_code} {_detail(answer)}")
        return answer

    def _create(self, client: httpx.Client, look: Look, sha256: str) -> str:
        said = {"filename": name_of(Path(self.path.name)), "sha256": sha256, **self.metadata}
        if self.ahead is not None:
            said["device_time"] = (datetime.now(UTC) + self.ahead).isoformat(timespec="milliseconds")
        pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items() if value)
        headers = {"Upload-Length": str(look.size), "Upload-Metadata": ",".join(pairs)}
        answer = self._request(client, "POST", "/api/v1/uploads", headers=headers)
        if answer.status_code != 201:
            raise UploadRefused(f"{answer.status_code} {_detail(answer)}")
        url = urljoin(str(answer.request.url), answer.headers["location"])
        self.memory.keep(self.server.address, self.path, sha256, self._said, url)
        return url

    def _offset(self, client: httpx.Client, url: str) -> int | None:
        """None: the service does not know this upload any more."""
        answer = self._request(client, "HEAD", url)
        if answer.status_code in (404, 410):
            return None
        if answer.status_code != 200:
            raise UploadRefused(f"{answer.status_code} {_detail(answer)}")
        # what is being put together from pieces has all its bytes, and tells its offset only afterwards
        return int(answer.headers.get("upload-offset") or answer.headers["upload-length"])

    def _patch(self, client: httpx.Client, url: str, offset: int, look: Look) -> None:
        # The length makes httpx send it as it is and not in HTTP chunks.
        headers = {**BODY, "Upload-Offset": str(offset), "Content-Length": str(look.size - offset)}
        moved = [0]
        try:
            answer = self._request(
                client, "PATCH", url, headers=headers, content=self._bytes(offset, look, moved)
            )
        except _TryAgain as again:
            raise _TryAgain(str(again), moved=moved[0] > CHUNK) from again
        if answer.status_code in (404, 410):
            raise _TryAgain(str(answer.status_code))
        if answer.status_code != 204:
            raise UploadRefused(f"{answer.status_code} {_detail(answer)}")

    def _bytes(self, offset: int, look: Look, moved: list[int]) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(offset)
            while offset < look.size:
                data = file.read(min(CHUNK, look.size - offset))
                if not data:
                    raise FileChanged
                yield data
                offset += len(data)
                moved[0] += len(data)
                self.progress("send", offset)
        self._unchanged(look)

    def _verdict(self, client: httpx.Client, sent: Sent, verify_s: float, wait: bool) -> Sent:
        """Asks what became of the upload. Only the service's hash of the stored bytes makes it `verified`."""
        deadline, pause = time.monotonic() + verify_s, 0.25
        while True:
            try:
                answer = self._request(client, "HEAD", sent.url)
            except _TryAgain as again:
                answer = None
                sent = replace(sent, problem=str(again))
            if answer is not None:
                sent = replace(
                    sent,
                    recording=answer.headers.get("zhenglu-recording", ""),
                    state=answer.headers.get("zhenglu-state", ""),
                    stored_sha256=answer.headers.get("zhenglu-sha256", ""),
                    problem="",
                )
                outcome = judge(sent)
                sent = replace(sent, outcome=outcome)
                settled = outcome == Outcome.refused or (
                    outcome == Outcome.verified and sent.state not in WORKING
                )
                if settled or (outcome == Outcome.verified and not wait):
                    return sent
            if time.monotonic() > deadline:
                return sent if sent.outcome != Outcome.failed else replace(sent, outcome=Outcome.received)
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)


def judge(sent: Sent) -> Outcome:
    """`refused` counts first: what is kept in quarantine must stay on the device, whatever its hash."""
    if sent.state == "refused" or (sent.stored_sha256 and sent.stored_sha256 != sent.sha256):
        return Outcome.refused
    return Outcome.verified if sent.stored_sha256 else Outcome.received


class _TryAgain(Exception):
    def __init__(self, problem: str, *, moved: bool = False) -> None:
        super().__init__(problem)
        self.moved = moved


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", ""))
    except ValueError:
        return ""
