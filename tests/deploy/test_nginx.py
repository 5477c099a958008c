"""Debian's nginx with the site in deploy/nginx, in front of a whole service: what the service promises holds through it."""

import contextlib
import hashlib
import random
import socket
import ssl
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from deploy.process import wait_until
from schemas.custody import CustodyEntry
from service.kernel.forwarded import unheard
from tests.fixtures.media import footage
from tests.fixtures.nginx import NAME, Nginx
from tests.fixtures.processes import Processes
from tests.fixtures.stack import PASSWORD, Stack

QUEUES = ("light",)
SETTINGS = {
    "ZHENGLU_PUBLIC_URL": f"https://{NAME}",
    "ZHENGLU_TRUSTED_PROXIES": "127.0.0.1",
    "ZHENGLU_ACCEL_REDIRECT": "/_objects",
}
GIVEN_UP_WITHIN_S = 10  # as the site says of heads, and the service of a body that stands still
ANSWERED_WITHIN_S = 10.0
MIB = 2**20
ONCE = (
    "strict-transport-security",
    "cross-origin-opener-policy",
    "x-content-type-options",
    "referrer-policy",
)
# What nginx says itself of bytes that the service has ordered.
ITS_OWN = ("x-accel-redirect", "content-length", "etag", "date", "connection")
TUS = {"Tus-Resumable": "1.0.0"}
SLOW_BODY = (
    f"POST /api/v1/session HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\nx"
).encode()
ELSEWHERE = "127.0.0.2"  # another machine, as far as addresses go


@pytest.fixture(scope="module")
def nginx(stack: Stack, module_processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    folder = tmp_path_factory.mktemp("front") / "nginx"
    port = int(stack.address.rpartition(":")[2])
    objects = Path(stack.env["ZHENGLU_DATA_DIR"]) / "objects"
    return Nginx(module_processes, folder, port, objects).start()


def line(nginx: Nginx, first: bytes = b"", *, h2: bool = False) -> ssl.SSLSocket:
    """A connection that no HTTP client would make."""
    context = nginx.trusted
    if h2:
        context.set_alpn_protocols(["h2", "http/1.1"])
    raw = socket.create_connection(("127.0.0.1", nginx.port), timeout=30)
    one = context.wrap_socket(raw, server_hostname="127.0.0.1")
    if first:
        one.sendall(first)
    return one


@dataclass(frozen=True)
class Slow:
    begun: float
    heads: list[ssl.SSLSocket]
    body: ssl.SSLSocket


@pytest.fixture(scope="module", autouse=True)
def slow(nginx: Nginx) -> Iterator[Slow]:
    """Begun before all else, so that nobody has to wait for their end."""
    with contextlib.ExitStack() as held:
        heads = [
            held.enter_context(line(nginx, f"GET /sign-in HTTP/1.1\r\nHost: {NAME}\r\n".encode()))
            for _ in range(20)
        ]
        yield Slow(time.monotonic(), heads, held.enter_context(line(nginx, SLOW_BODY)))


def signed_in(nginx: Nginx, stack: Stack, username: str = "member", **options: object) -> httpx.Client:
    client = nginx.client(**options)
    client.headers["Authorization"] = stack.api(username).headers["Authorization"]
    return client


def only_once(answer: httpx.Response, *more: str) -> None:
    for name in (*ONCE, *more):
        assert len(answer.headers.get_list(name)) == 1, (name, answer.headers)


def test_somebody_signs_in_by_the_page_and_the_cookie_keeps_to_encryption(nginx: Nginx, stack: Stack) -> None:
    with nginx.client() as client:
        page = client.get("/sign-in")
        assert page.status_code == 200
        only_once(page, "content-security-policy")
        form = {"username": "member", "password": PASSWORD, "next": "/events"}
        said = client.post("/sign-in", data=form, headers={"Origin": f"https://{NAME}"})
        assert said.status_code == 303 and said.headers["location"] == "/events"
        assert "Secure" in said.headers["set-cookie"] and "HttpOnly" in said.headers["set-cookie"]
        only_once(said)
        assert client.get("/events").status_code == 200
        # JSON, static files, a refusal and what is not there
        for path in ("/api/v1/session", "/api/v1/events", "/nowhere", "/healthz"):
            only_once(client.get(path))
        static = page.text.partition("/static/")[2].partition('"')[0]
        only_once(client.get(f"/static/{static}"), "content-security-policy")


def test_plain_http_leads_to_the_named_site_and_nowhere_else(nginx: Nginx) -> None:
    answer = httpx.get(
        f"http://127.0.0.1:{nginx.plain_port}/events?a=1", headers={"Host": "evil.example"}, trust_env=False
    )
    assert answer.status_code == 301 and answer.headers["location"] == f"https://{NAME}/events?a=1"


def test_browsers_get_http2_and_old_encryption_is_refused(nginx: Nginx) -> None:
    with line(nginx, h2=True) as one:
        assert one.selected_alpn_protocol() == "h2"
    old = nginx.trusted
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=10) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


def test_an_upload_cut_in_the_middle_goes_on_where_it_stopped_and_lies_on_no_disk_of_nginx(
    nginx: Nginx, stack: Stack
) -> None:
    data = random.Random(11).randbytes(24 * MIB)
    with signed_in(nginx, stack, headers=TUS) as client:
        name = b64encode(b"cut.mp4").decode()
        made = client.post(
            "/api/v1/uploads",
            headers={"Upload-Length": str(len(data)), "Upload-Metadata": f"filename {name}"},
        )
        assert made.status_code == 201
        place = "/api/v1/uploads/" + made.headers["location"].rpartition("/")[2]
        head = [
            f"PATCH {place} HTTP/1.1",
            f"Host: {NAME}",
            "Tus-Resumable: 1.0.0",
            f"Authorization: {client.headers['Authorization']}",
            "Content-Type: application/offset+octet-stream",
            "Upload-Offset: 0",
            f"Content-Length: {len(data)}",
        ]
        with line(nginx, "\r\n".join([*head, "", ""]).encode()) as one:
            one.sendall(data[: 16 * MIB])
        offset = 0

        def arrived() -> bool:
            nonlocal offset
            told = client.head(place)
            offset = int(told.headers.get("upload-offset", 0))
            return offset > 0

        assert wait_until(arrived, 20, every_s=0.1)
        assert 8 * MIB < offset <= 16 * MIB  # but for what was on its way
        body = {"Content-Type": "application/offset+octet-stream"}

        def finished() -> bool:
            nonlocal offset
            offset = int(client.head(place).headers["upload-offset"])
            told = client.patch(place, content=data[offset:], headers=body | {"Upload-Offset": str(offset)})
            return told.status_code == 204 and bool(told.headers["zhenglu-recording"])

        assert wait_until(finished, 20, every_s=0.2)
        told = client.head(place)
        assert wait_until(lambda: bool(client.head(place).headers.get("zhenglu-sha256")), 60, every_s=0.2)
        assert client.head(place).headers["zhenglu-sha256"] == hashlib.sha256(data).hexdigest(), told.headers
    assert "buffered to a temporary file" not in nginx.log()


@pytest.fixture(scope="module")
def playing(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """A recording that plays as it was received; and its bytes."""
    clip = footage(tmp_path_factory.mktemp("clip") / "play.mp4", "h264_mp4", seconds=2)
    recording = stack.upload(clip)
    at = f"/api/v1/recordings/{recording}/playback"
    api = stack.api("member")
    assert wait_until(lambda: "x-accel-redirect" in api.get(at).headers, 60, every_s=0.2)
    return at, clip.read_bytes()


def test_playback_by_ranges_is_sent_by_nginx_with_every_header_once(
    nginx: Nginx, stack: Stack, playing: tuple[str, bytes]
) -> None:
    at, data = playing
    ordered = stack.api("member").get(at)
    assert ordered.content == b"" and ordered.headers["x-accel-redirect"].startswith("/_objects/")
    bytes_too = ("content-security-policy", "cross-origin-resource-policy", "cache-control", "etag")
    with signed_in(nginx, stack) as client:
        whole = client.get(at)
        for name, value in ordered.headers.items():
            if name not in ITS_OWN:
                assert whole.headers.get_list(name) == [value], name
        assert whole.status_code == 200 and whole.content == data
        assert "x-accel-redirect" not in whole.headers
        only_once(whole, *bytes_too, "accept-ranges", "content-type", "content-length")
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert whole.headers["cache-control"] == "private, no-cache"

        part = client.get(at, headers={"Range": "bytes=1000-1999"})
        assert part.status_code == 206 and part.content == data[1000:2000]
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(data)}"
        only_once(part, *bytes_too, "content-range", "content-length")
        assert client.get(at, headers={"Range": "bytes=-100"}).content == data[-100:]
        assert client.get(at, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
        many = client.get(at, headers={"Range": "bytes=" + ",".join(["0-"] * 50)})
        assert many.status_code == 200 and many.content == data

        again = client.get(at, headers={"If-None-Match": whole.headers["etag"]})
        assert again.status_code == 304 and again.content == b""
        only_once(again, "content-security-policy")
        first = client.head(at)
        assert first.status_code == 200 and int(first.headers["content-length"]) == len(data)


def test_the_folder_of_objects_is_open_to_nobody_by_its_name(
    nginx: Nginx, stack: Stack, playing: tuple[str, bytes]
) -> None:
    inside = stack.api("member").get(playing[0]).headers["x-accel-redirect"]
    with signed_in(nginx, stack) as client:
        for path in (inside, "/_objects/", "/_objects/../etc/passwd", f"/static/..{inside}"):
            refused = client.get(path)
            assert refused.status_code in (400, 404) and b"ftyp" not in refused.content, path
        # whoever may not see it gets nothing sent, whatever the request asks nginx for
        other = stack.api("other").headers["Authorization"]
        hidden = client.get(playing[0], headers={"Authorization": other, "X-Accel-Redirect": inside})
        assert hidden.status_code == 404 and hidden.headers["content-type"].startswith("application/problem")


def test_a_stranger_cannot_say_who_calls_and_the_proxy_can(nginx: Nginx, stack: Stack) -> None:
    said = {name: "198.51.100.9" for name in ("X-Forwarded-For", "X-Real-IP")} | {
        "Forwarded": "for=198.51.100.9"
    }

    def seen(client: httpx.Client, address: str) -> str:
        who = {"username": "member", "password": PASSWORD}
        assert client.post(f"{address}/api/v1/session", json=who, headers=said).status_code == 200
        with stack.session() as session:
            signed = select(CustodyEntry).where(CustodyEntry.action == "sign_in")
            return session.scalars(signed.order_by(CustodyEntry.id.desc())).first().detail["address"]

    elsewhere = httpx.HTTPTransport(local_address=ELSEWHERE, verify=nginx.trusted)
    with httpx.Client(transport=elsewhere, trust_env=False, timeout=30) as client:
        assert seen(client, nginx.address) == ELSEWHERE
        assert seen(client, stack.address) == ELSEWHERE
        # and the doctor can tell who tried, without the proxy
        assert unheard(stack.env["ZHENGLU_REDIS_URL"]) == [ELSEWHERE]
        unencrypted = client.get(f"{stack.address}/sign-in", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in unencrypted.headers
    with nginx.client() as client:  # what is for this machine alone is for nobody whom nginx brings
        assert client.get("/metrics", headers={"X-Forwarded-For": ""}).status_code == 401


def test_events_arrive_one_by_one(module_processes: Processes, tmp_path: Path) -> None:
    """Through the same site, from a server that sends the next one only when the last one was read."""
    read = threading.Semaphore(0)

    class Events(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for n in range(3):
                event = f"data: {n}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                self.wfile.flush()
                assert read.acquire(timeout=20)
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Events) as source:
        threading.Thread(target=source.serve_forever, daemon=True).start()
        nginx = Nginx(module_processes, tmp_path / "events", source.server_port, tmp_path).start()
        got = []
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "gzip"}
        with nginx.client() as client, client.stream("GET", "/events", headers=headers) as answer:
            for text in answer.iter_text():
                got.append(text)
                read.release()
        nginx.child.stop()
        source.shutdown()
    assert got == ["data: 0\n\n", "data: 1\n\n", "data: 2\n\n"]


def test_heads_and_bodies_without_end_are_refused_and_nobody_else_waits(nginx: Nginx, stack: Stack) -> None:
    with signed_in(nginx, stack) as client:
        long = client.get("/api/v1/events", headers={"X-Long": "a" * 70_000})
        assert long.status_code in (400, 431)
        much = client.get("/api/v1/events", headers={f"X-{n}": "a" * 8_000 for n in range(20)})
        assert much.status_code in (400, 431)
        # A final of many pieces has a long head, which is the service's to judge.
        pieces = "final;" + " ".join(f"/api/v1/uploads/{n:032x}" for n in range(600))
        told = client.post("/api/v1/uploads", headers={**TUS, "Upload-Concat": pieces})
        assert told.status_code in (400, 404, 409, 410, 413), told.text
        assert told.headers["tus-resumable"] == "1.0.0"

        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for path in ("/sign-in", "/language", "/account/tokens", "/api/v1/events/import"):
            told = client.post(path, content=b"&" * 200_000, headers=form)
            assert told.status_code in (401, 403, 413, 415), (path, told.status_code)
    with line(nginx) as one:
        head = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nTransfer-Encoding: chunked\r\nContent-Type: {form['Content-Type']}\r\n\r\n"
        one.sendall(head.encode() + (b"10000\r\n" + b"&" * 65_536 + b"\r\n") * 64)
        assert one.recv(4096).startswith(b"HTTP/1.1 413 "), "answered though it has no end"


def test_hundreds_of_slow_and_idle_strangers_keep_nobody_out(nginx: Nginx, stack: Stack) -> None:
    with contextlib.ExitStack() as held:
        for n in range(300):
            held.enter_context(line(nginx, SLOW_BODY if n % 3 else b""))
        begun = time.monotonic()
        with nginx.client() as client:
            form = {"username": "other", "password": PASSWORD, "next": "/events"}
            assert client.post("/sign-in", data=form).status_code == 303
            assert client.get("/events").status_code == 200
        assert time.monotonic() - begun < ANSWERED_WITHIN_S


def test_heads_and_bodies_that_do_not_come_are_given_up(slow: Slow) -> None:
    for one in (*slow.heads, slow.body):
        one.settimeout(max(0.1, slow.begun + GIVEN_UP_WITHIN_S + 10 - time.monotonic()))
    for one in slow.heads:
        with contextlib.suppress(ConnectionError):
            told = one.recv(4096)
            assert told == b"" or told.startswith(b"HTTP/1.1 408"), told
    assert slow.body.recv(4096).startswith(b"HTTP/1.1 408"), (
        "the service's own word, though nginx waits longer"
    )
