"""One writer at a time: a second request takes over, and who was taken over writes nothing more."""

import contextlib
import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from deploy.process import wait_until
from tests.service.footage.uploads.service import Service, at, metadata
from tests.service.footage.uploads.wire import go_on, offset_of, patch

HERE = "/api/v1/uploads"


def create(service: Service, length: int | None) -> str:
    size = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    with service.client() as client:
        return client.post(HERE, headers={**size, **metadata(filename="t.mp4")}).headers["location"]


def writing(service: Service, url: str) -> bool:
    [(busy,)] = service.bureau.sql(
        "SELECT coalesce(writer_until > clock_timestamp(), false) FROM uploads WHERE id = :id",
        id=url.rpartition("/")[2],
    )
    return busy


def test_second_request_asks_the_first_to_let_go(service: Service) -> None:
    data = random.Random(1).randbytes(9_000_000)
    url = create(service, len(data))
    stalled = patch(service, url, 0, len(data))
    stalled.send(data[:3_000_000])
    assert wait_until(lambda: writing(service, url), 60)
    time.sleep(0.5)
    with service.client() as client:
        first = client.patch(url, content=data, headers=at(0))
        # Not 423, which five seconds of waiting give. The first one's bytes were kept: zero is no longer the offset.
        assert first.status_code == 409
        assert offset_of(client, url) == 3_000_000
        last = go_on(client, url, data)
    assert last.status_code == 204
    assert stalled.answer() in (0, 423)
    assert service.stored(last.headers["zhenglu-recording"]) == data


def test_who_does_not_let_go_is_left_alone_after_five_seconds(service: Service) -> None:
    url = create(service, 10)
    # What a writer looks like that says that it lives and hangs in its store.
    service.bureau.sql(
        "UPDATE uploads SET epoch = 1, writer_until = now() + interval '1 minute' WHERE id = :id",
        id=url.rpartition("/")[2],
    )
    began = time.monotonic()
    with service.client() as client:
        answer = client.patch(url, content=b"x", headers=at(0))
    assert answer.status_code == 423 and 4.5 < time.monotonic() - began < 30
    [(asked,)] = service.bureau.sql(
        "SELECT release_asked_epoch FROM uploads WHERE id = :id", id=url.rpartition("/")[2]
    )
    assert asked == 1


def test_stale_writer_writes_nothing_more(own_service: Service) -> None:
    """A process that was frozen, lost its upload to another one and wakes up again."""
    first = own_service.start()
    second = Service(first.processes, first.bureau, first.store, first.redis).start()
    data = random.Random(2).randbytes(30_000_000)
    url = create(first, len(data))
    stale = patch(first, url, 0, len(data))
    stale.send(data[:5_000_000])
    assert wait_until(lambda: writing(first, url), 60)
    assert first.child is not None
    os.killpg(first.child.pid, signal.SIGSTOP)
    try:
        stale.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            stale.send(b"\0" * 2_000_000)
        with second.client() as client:
            last = go_on(client, url, data, patience_s=20)
        assert last.status_code == 204
    finally:
        os.killpg(first.child.pid, signal.SIGCONT)
    time.sleep(1.5)
    recording = last.headers["zhenglu-recording"]
    assert first.stored(recording) == data
    with first.client() as client:
        assert client.head(url).headers["zhenglu-recording"] == recording


def test_connection_cut_at_seeded_places(service: Service) -> None:
    """After a reset the next request comes at once, and may find the one before it still writing."""
    data = random.Random(3).randbytes(12_000_000)
    url = create(service, len(data))
    places = sorted(random.Random(4).sample(range(1, len(data)), 20))
    with service.client() as client:
        for number, place in enumerate(places):
            offset = offset_of(client, url)
            if offset >= place:
                continue
            request = patch(service, url, offset, len(data) - offset)
            request.send(data[offset:place])
            if number % 2:
                time.sleep(0.05)
                request.reset()
            else:
                request.finish_politely()
                assert wait_until(lambda: not writing(service, url), 60, every_s=0.05)
        last = go_on(client, url, data)
    assert service.stored(last.headers["zhenglu-recording"]) == data


def test_connection_closed_keeps_every_byte_that_was_sent(service: Service) -> None:
    data = random.Random(6).randbytes(12_000_000)
    url = create(service, len(data))
    with service.client() as client:

        def stands_at(place: int) -> bool:
            return offset_of(client, url) == place

        for place in (1, *sorted(random.Random(8).sample(range(2, len(data)), 9))):
            offset = offset_of(client, url)
            request = patch(service, url, offset, len(data) - offset)
            request.send(data[offset:place])
            request.finish_politely()
            assert wait_until(partial(stands_at, place), 60, every_s=0.05)
            assert wait_until(lambda: not writing(service, url), 60, every_s=0.05)
        last = go_on(client, url, data)
    assert service.stored(last.headers["zhenglu-recording"]) == data


def test_last_byte_was_durable_but_the_process_died_before_the_recording(service: Service) -> None:
    """Whoever asks first completes it; of many at once all get the same recording."""
    url = create(service, None)
    with service.client() as client:
        client.patch(url, content=b"whole", headers=at(0))
    upload = url.rpartition("/")[2]
    service.bureau.sql("UPDATE uploads SET length = 5 WHERE id = :id", id=upload)

    def ask(number: int) -> str:
        with service.client() as client:
            if number % 2:
                return client.patch(url, content=b"", headers=at(5)).headers["zhenglu-recording"]
            wait_until(lambda: "zhenglu-recording" in client.head(url).headers, 60)
            return client.head(url).headers["zhenglu-recording"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    assert len(answers) == 1
    assert service.bureau.sql("SELECT count(*) FROM receipts WHERE upload_id = :id", id=upload) == [(1,)]
    assert service.stored(answers.pop()) == b"whole"


def test_service_killed_in_the_middle_of_a_request(own_service: Service) -> None:
    service = own_service.start()
    data = random.Random(5).randbytes(80_000_000)
    url = create(service, len(data))
    for place in (10_000_000, 50_000_000, 79_999_999):
        with service.client() as client:
            offset = offset_of(client, url)
        request = patch(service, url, offset, len(data) - offset)
        request.send(data[offset:place])
        service.kill()
        service.start()
    with service.client() as client:
        last = go_on(client, url, data)
    assert service.stored(last.headers["zhenglu-recording"]) == data
