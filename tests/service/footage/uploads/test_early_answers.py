"""Requests that are answered before their body was read: the client must get the answer and know what comes after."""

import httpx
import pytest

from tests.service.footage.uploads.service import Service, at, metadata
from tests.service.footage.uploads.wire import Broken

HERE = "/api/v1/uploads"
LARGE = bytes(6_000_000)


def create(service: Service, length: int) -> str:
    with service.client() as client:
        headers = {"Upload-Length": str(length), **metadata(filename="e.mp4")}
        return client.post(HERE, headers=headers).headers["location"]


@pytest.mark.parametrize("size", [30_000, 300_000, len(LARGE)])
def test_next_request_of_a_client_that_keeps_connections_is_not_broken(service: Service, size: int) -> None:
    url = create(service, 2 * size)
    with service.client() as client:
        for _ in range(20):
            refused = client.patch(url, content=LARGE[:size], headers=at(7))
            assert refused.status_code == 409
            assert refused.json()["offset"] == 0
            assert refused.headers["connection"] == "close"
            assert client.head(url).headers["upload-offset"] == "0"


def test_connection_stays_when_the_body_was_read(service: Service) -> None:
    url = create(service, 30)
    with service.client() as client:
        for offset in (0, 10, 20):
            answer = client.patch(url, content=bytes(10), headers=at(offset))
            assert answer.status_code == 204 and "connection" not in answer.headers


def test_answer_comes_while_the_body_is_still_being_sent(service: Service) -> None:
    """And what the client sends until it has read the answer does not reset the connection under it."""
    url = create(service, 10 * len(LARGE))
    request = Broken(service, "PATCH", url, 10 * len(LARGE), **at(7))
    request.send(LARGE[:100_000])
    assert request.socket.recv(12, 0x02) == b"HTTP/1.1 409"  # MSG_PEEK
    request.send(LARGE)
    request.send(LARGE)
    assert request.answer() == 409
    request.reset()


def test_body_too_large_for_a_form_is_refused_in_words(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        for _ in range(10):
            refused = client.post("/sign-in", content=LARGE)
            assert refused.status_code == 413 and refused.headers["connection"] == "close"
            assert client.get("/healthz").status_code == 200
