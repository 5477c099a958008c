"""One upload by tus-js-client into the directory store, beside @tus/server with its file store. Both durable."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.process import Child, free_port, wait_until
from tests.bench.installation import Running, installed, workspace
from tests.bench.report import Row, compared, node
from tests.bench.scale import MIB, Scale
from tests.bench.tus_client import noise, send

PEER = Path(__file__).with_name("tus_peer.mjs")


def run(scale: Scale) -> list[Row]:
    with workspace() as folder, installed("web") as ours, peer(folder) as (theirs, peer_child):
        file = noise(folder / "upload.mp4", scale.upload_bytes)
        small = noise(folder / "small.mp4", 16 * MIB)
        sides = {"ours": (ours.uploads, ours.dock), "theirs": (theirs, "")}
        for endpoint, token in sides.values():
            send(endpoint, token, small)
        servers = {"ours": ours.children["web"], "theirs": peer_child}
        rates: dict[str, list[float]] = {side: [] for side in sides}
        cpu: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(scale.rounds):
            for side, (endpoint, token) in sides.items():
                before = cpu_s(servers[side])
                sent = send(endpoint, token, file)
                cpu[side].append(round(cpu_s(servers[side]) - before, 2))
                rates[side].append(scale.upload_bytes / 1e6 / sent.seconds)
                forget_files(ours, folder / "peer")
    return [
        compared(
            f"one {scale.upload_bytes // MIB} MiB upload by tus-js-client into the directory store, durable",
            "MB/s",
            rates["ours"],
            rates["theirs"],
            f"node tests/bench/tus_peer.mjs FOLDER PORT\n{PEER.read_text()}",
            at_least=1.3,
            server_cpu_s=cpu["ours"],
            reference_server_cpu_s=cpu["theirs"],
        )
    ]


@contextlib.contextmanager
def peer(folder: Path) -> Iterator[tuple[str, Child]]:
    """The reference server; answers its endpoint and its process."""
    kept, port = folder / "peer", free_port()
    kept.mkdir()
    child = Child("peer", [node(), str(PEER), str(kept), str(port)], folder / "peer.log")
    try:
        child.start()
        wait_until(lambda: "listening" in child.output() or not child.running, 30)
        if "listening" not in child.output():
            raise RuntimeError(f"@tus/server did not start; its log says:\n{child.output()[-3000:]}")
        yield f"http://127.0.0.1:{port}/files", child
    finally:
        child.stop()


def cpu_s(server: Child) -> float:
    """What the server and its children have used so far."""
    main = psutil.Process(server.pid)
    spans = [process.cpu_times() for process in (main, *main.children(recursive=True))]
    return sum(span.user + span.system for span in spans)


def forget_files(ours: Running, theirs: Path) -> None:
    """Nobody reads them again, and the next round must find the disk idle and no full cache."""
    for kept in (ours.folder / "data/objects/objects", theirs):
        for path in kept.rglob("*"):
            if path.is_file():
                path.unlink()
    os.sync()
