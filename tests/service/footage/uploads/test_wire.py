"""Bodies that are read from the socket past the server's parser leave the connection as it should be."""

import asyncio
import contextlib
import random
import resource
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from service.kernel import wire
from service.kernel.settings import get_settings
from service.kernel.wire import HEAD_BYTES
from tests.service.footage.uploads.service import Service, at, metadata
from tests.service.footage.uploads.wire import offset_of

DATA = random.Random(5).randbytes(3_000_000)


@pytest.fixture
def connection(service: Service) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as one:
        yield one


def create(service: Service, size: int) -> str:
    with service.client() as client:
        made = client.post(
            "/api/v1/uploads", headers={"Upload-Length": str(size), **metadata(filename="a.mp4")}
        )
        return "/api/v1/uploads/" + made.headers["location"].rpartition("/")[2]


def request(service: Service, method: str, path: str, length: int, **headers: str) -> bytes:
    lines = {
        "Host": "localhost",
        "Tus-Resumable": "1.0.0",
        "Authorization": f"Bearer {service.bureau.tokens['dock']}",
        "Content-Length": str(length),
        **headers,
    }
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode()


def answers(connection: socket.socket, count: int) -> list[bytes]:
    """The heads of so many answers without a body."""
    found = b""
    while found.count(b"\r\n\r\n") < count:
        more = connection.recv(65536)
        assert more, found
        found += more
    return found.split(b"\r\n\r\n")[:count]


def test_next_requests_of_the_connection_are_answered_even_if_sent_before_the_answer(
    service: Service, connection: socket.socket
) -> None:
    url, half = create(service, len(DATA)), len(DATA) // 2
    asked = request(service, "HEAD", url, 0)
    first = request(service, "PATCH", url, half, **at(0))
    second = request(service, "PATCH", url, len(DATA) - half, **at(half))
    connection.sendall(first + DATA[:half] + asked + asked)
    patched, *looked = answers(connection, 3)
    assert b" 204 " in patched and b"close" not in patched.lower()
    assert all(f"upload-offset: {half}".encode() in one.lower() for one in looked)
    connection.sendall(second + DATA[half:] + asked)
    patched, shown = answers(connection, 2)
    recording = dict(line.lower().split(b": ") for line in patched.split(b"\r\n")[1:])[b"zhenglu-recording"]
    assert b"zhenglu-recording: " + recording in shown.lower()
    assert service.stored(recording.decode()) == DATA


def test_small_bodies_sent_ahead_stay_with_their_requests(
    service: Service, connection: socket.socket
) -> None:
    """The server has read on into the second one before the first is looked at."""
    one, other = create(service, 1000), create(service, 100)
    first = request(service, "PATCH", one, 100, **at(0)) + b"1" * 100
    second = request(service, "PATCH", other, 100, **at(0)) + b"2" * 60
    connection.sendall(first + second)
    assert b"upload-offset: 100" in answers(connection, 1)[0].lower()
    connection.sendall(b"2" * 40)
    recording = dict(line.split(b": ") for line in answers(connection, 1)[0].split(b"\r\n")[1:])
    assert service.stored(recording[b"zhenglu-recording"].decode()) == b"2" * 60 + b"2" * 40
    with service.client() as client:
        assert offset_of(client, one) == 100


def test_store_that_fails_with_the_last_byte_leaves_the_next_request_alone(
    service: Service, connection: socket.socket
) -> None:
    url = create(service, 500_000)
    assert service.child is not None
    resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        connection.sendall(request(service, "PATCH", url, 500_000, Expect="100-continue", **at(0)))
        answers(connection, 1)
        connection.sendall(bytes(500_000) + request(service, "HEAD", url, 0))
        refused, looked = answers(connection, 2)
    finally:
        resource.prlimit(service.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert b" 507 " in refused and b"upload-offset: 100000" in looked


def test_what_came_before_nonsense_is_kept(service: Service, connection: socket.socket) -> None:
    url = create(service, 200)
    connection.sendall(request(service, "PATCH", url, 100, **at(0)) + b"x" * 100 + b"\0nonsense\r\n\r\n")
    while connection.recv(65536):
        pass
    deadline = time.monotonic() + 20
    with service.client() as client:
        while offset_of(client, url) < 100:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_whoever_waits_for_a_word_before_sending_gets_it(service: Service, connection: socket.socket) -> None:
    url = create(service, len(DATA))
    connection.sendall(request(service, "PATCH", url, len(DATA), Expect="100-continue", **at(0)))
    assert answers(connection, 1)[0].startswith(b"HTTP/1.1 100 ")
    connection.sendall(DATA)
    assert b" 204 " in answers(connection, 1)[0]


def test_a_body_beyond_the_length_of_the_upload_is_not_taken(
    service: Service, connection: socket.socket
) -> None:
    url = create(service, 2_000_000)
    connection.sendall(request(service, "PATCH", url, len(DATA), **at(0)) + DATA)
    told = answers(connection, 1)[0].lower()
    assert told.startswith(b"http/1.1 413 ") and b"connection: close" in told
    with service.client() as client:
        assert client.head(url).headers["upload-offset"] == "0"


def test_a_client_that_sends_drop_by_drop_is_waited_for(service: Service, connection: socket.socket) -> None:
    url = create(service, 5)
    connection.sendall(request(service, "PATCH", url, 5, **at(0)))
    for drop in b"drops":
        time.sleep(0.06)  # longer than the thread waits for more
        connection.sendall(bytes([drop]))
    assert b" 204 " in answers(connection, 1)[0]


def test_more_slow_clients_than_threads_hold_nobody_up(service: Service) -> None:
    slow = []
    try:
        for _ in range(40):
            one = socket.create_connection(("127.0.0.1", service.port), timeout=20)
            one.sendall(request(service, "PATCH", create(service, 100_000), 100_000, **at(0)) + b"x" * 10)
            slow.append(one)
        url = create(service, len(DATA))
        with service.client() as client:
            assert client.patch(url, content=DATA, headers=at(0)).status_code == 204
    finally:
        for one in slow:
            one.close()


def test_a_head_without_end_is_refused(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    sent, most = 0, 1000 * HEAD_BYTES
    with pytest.raises(ConnectionError):
        while sent < most:
            connection.sendall(b"x-%d: %s\r\n" % (sent, b"y" * 8000))
            sent += 8000
    assert HEAD_BYTES / 2 < sent < most


def test_a_body_in_pieces_of_unknown_length_is_kept_to_the_last_byte(
    service: Service, connection: socket.socket
) -> None:
    url = create(service, len(DATA))
    head = request(service, "PATCH", url, 0, **at(0)).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    connection.sendall(head + b"%x\r\n%s\r\n" % (700_000, DATA[:700_000]))
    connection.close()
    deadline, offset = time.monotonic() + 20, -1
    with service.client() as client:
        while offset != 700_000 and time.monotonic() < deadline:
            time.sleep(0.05)
            offset = int(client.head(url).headers["upload-offset"])
    assert offset == 700_000


@contextlib.contextmanager
def small_server(app: ASGIApp) -> Iterator[int]:
    """Its port."""
    config = uvicorn.Config(
        app, http=wire.Protocol, loop="uvloop", ws="none", lifespan="off", log_level="error"
    )
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            running.join()


def test_slow_heads_end_idle_connections_and_no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "HEAD_WITHIN_S", 0.2)
    answer_now = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while scope["path"] == "/slow" and not answer_now.is_set():
            await asyncio.sleep(0.02)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    get = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with small_server(app) as port:
        address = ("127.0.0.1", port)
        with socket.create_connection(address, 20) as slow, socket.create_connection(address, 20) as blank:
            slow.sendall(get % b"/slow" + b"GET /half-a-h")
            blank.sendall(get % b"/")
            answers(blank, 1)
            blank.sendall(b"\r\n")
            assert blank.recv(1) == b""
            answer_now.set()
            assert b" 200 " in answers(slow, 1)[0]


@pytest.mark.parametrize(("proxies", "known_on"), [("", True), ("127.0.0.1", False)])
def test_only_a_proxys_connection_forgets_who_asked_before(
    proxies: str, known_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHENGLU_TRUSTED_PROXIES", proxies)
    get_settings.cache_clear()
    known = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        known.append(scope["extensions"][wire.CONNECTION].known)
        wire.recognised(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    try:
        with small_server(app) as port, socket.create_connection(("127.0.0.1", port), 20) as one:
            for _ in range(2):
                one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answers(one, 1)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert known == [False, known_on]


def test_service_that_is_asked_to_stop_keeps_what_came(own_service: Service) -> None:
    own_service.start()
    url = create(own_service, len(DATA))
    with socket.create_connection(("127.0.0.1", own_service.port), timeout=20) as one:
        one.sendall(request(own_service, "PATCH", url, len(DATA), Expect="100-continue", **at(0)))
        answers(one, 1)
        one.sendall(DATA[:1_000_000])
        assert own_service.child is not None
        own_service.child.stop()
    [(offset, busy)] = own_service.bureau.sql(
        "SELECT upload_offset, writer_until IS NOT NULL FROM uploads WHERE id = :id",
        id=url.rpartition("/")[2],
    )
    assert (offset, busy) == (1_000_000, False)
