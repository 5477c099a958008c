"""Two services that share database, Redis and S3 but no disk take turns with one upload, and are killed."""

import os
import random
from pathlib import Path

import pytest

from deploy.embedded.redis import Redis
from schemas.jobs import JobKind
from tests.fixtures.processes import Processes
from tests.service.footage.uploads.service import BODY, Bureau, Service, metadata
from tests.service.footage.uploads.wire import go_on, offset_of, patch

CUTS = 50
SIZE = 60_000_000


@pytest.fixture
def machines(
    bureau: Bureau, s3_url: str, redis_server: Redis, processes: Processes, tmp_path: Path
) -> list[Service]:
    def machine(name: str) -> Service:
        own = tmp_path / name
        own.mkdir()
        extra = {"ZHENGLU_DATA_DIR": str(own), "TMPDIR": str(own)}
        service = Service(processes, bureau, s3_url, redis_server.url(), extra)
        service.launch()
        return service

    return [service.ready() for service in (machine("one"), machine("two"))]


@pytest.mark.timeout(600)
def test_alternating_and_killed_at_fifty_seeded_offsets(machines: list[Service]) -> None:
    """At each offset the connection breaks; every seventh time because the service was killed with -9."""
    seed = int(os.environ.get("ZHENGLU_SEED", "20260522"))
    chance = random.Random(seed)
    data = chance.randbytes(SIZE)
    places = sorted(chance.sample(range(1, SIZE), CUTS))
    with machines[0].client() as client:
        headers = {"Upload-Length": str(SIZE), **metadata(filename="two.mp4")}
        url = client.post("/api/v1/uploads", headers=headers).headers["location"]
    broken = 0
    for number, place in enumerate(places):
        here = machines[number % 2].ready()
        with here.client() as client:
            offset = offset_of(client, url)
            if place - offset > SIZE // CUTS:
                # What a kill lost is sent again by a request that the next one takes over or follows.
                go_on(client, url, data, until=place - chance.randrange(1, SIZE // CUTS))
                offset = offset_of(client, url)
        request = patch(here, url, offset, SIZE - offset)
        request.send(data[offset:place])
        if number % 7 == 6:
            here.kill()
            here.launch()  # it starts while the other one goes on
        else:
            request.reset()
        broken += 1
    assert broken == CUTS
    for machine in machines:
        machine.ready()
    with machines[0].client() as client:
        last = go_on(client, url, data)
    assert last.status_code == 204, last.text
    recording = last.headers["zhenglu-recording"]
    with machines[1].client() as client:
        assert client.head(url).headers["zhenglu-recording"] == recording
    assert machines[1].stored(recording) == data, f"seed {seed}"


def test_concatenation_of_pieces_sent_to_different_machines(machines: list[Service]) -> None:
    pieces = [random.Random(n).randbytes(size) for n, size in enumerate((6_000_000, 100, 5_500_000))]
    urls = []
    for number, piece in enumerate(pieces):
        with machines[number % 2].client() as client:
            headers = {"Upload-Length": str(len(piece)), "Upload-Concat": "partial", **BODY}
            urls.append(client.post("/api/v1/uploads", content=piece, headers=headers).headers["location"])
    with machines[1].client() as client:
        answer = client.post("/api/v1/uploads", headers={"Upload-Concat": f"final;{' '.join(urls)}"})
    machines[1].work(JobKind.assemble)
    assert machines[0].stored(answer.headers["zhenglu-recording"]) == b"".join(pieces)
