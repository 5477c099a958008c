"""Requests that are broken off on purpose, which no HTTP client would send."""

import socket
import struct
import time

import httpx

from tests.service.footage.uploads.service import Service, at


class Broken:
    """A request of which `length` bytes of body are announced and fewer come. `head` beside the usual headers."""

    def __init__(self, service: Service, method: str, path: str, length: int | None, **head: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", service.port), timeout=30)
        size = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        self.chunked = length is None
        headers = {
            "Host": "localhost",
            "Tus-Resumable": "1.0.0",
            "Authorization": f"Bearer {service.bureau.tokens['dock']}",
            **size,
            **head,
        }
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send(self, data: bytes) -> None:
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)

    def finish_politely(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def answer(self) -> int:
        """The status; 0 if the connection was closed without one."""
        try:
            return int(([*self.socket.recv(4096).split(b" "), b"0", b"0"])[1] or 0)
        except (ConnectionError, ValueError):
            return 0


def patch(service: Service, url: str, offset: int, length: int) -> Broken:
    return Broken(service, "PATCH", url, length, **at(offset))


def offset_of(client: httpx.Client, url: str) -> int:
    answer = client.head(url)
    assert answer.status_code == 200, answer.headers
    return int(answer.headers["upload-offset"])


def go_on(
    client: httpx.Client, url: str, data: bytes, *, until: int | None = None, patience_s: float = 30
) -> httpx.Response:
    """What every tus client does: HEAD, PATCH from there, again after 409 and 423."""
    deadline = time.monotonic() + patience_s
    while True:
        offset = offset_of(client, url)
        answer = client.patch(url, content=data[offset:until], headers=at(offset))
        if answer.status_code not in (409, 423) or time.monotonic() > deadline:
            return answer
