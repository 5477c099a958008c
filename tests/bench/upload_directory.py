"""Uploads by tus-js-client into the directory store, beside @tus/server with its file store. Both durable.

Beside the figure stand what bounds it (the client alone, against a server that throws the bytes away), what the
servers spend on it, and two clients at once, where no single client is the bound.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import psutil

from deploy.process import Child, free_port, wait_until
from tests.bench.installation import Running, installed, workspace
from tests.bench.report import Row, compared, node
from tests.bench.scale import MIB, Scale
from tests.bench.tus_client import noise, send

PEER = Path(__file__).with_name("tus_peer.mjs")
NOWHERE = Path(__file__).with_name("tus_discard.py")


def run(scale: Scale) -> list[Row]:
    with (
        workspace() as folder,
        installed("web") as ours,
        peer(folder) as (theirs, peer_child),
        nowhere(folder) as thrown_away,
    ):
        file, half = (noise(folder / f"{n}.mp4", scale.upload_bytes // n) for n in (1, 2))
        small = noise(folder / "small.mp4", 16 * MIB)
        sides = {"ours": (ours.uploads, ours.dock), "theirs": (theirs, ""), "nowhere": (thrown_away, "")}
        for endpoint, token in sides.values():
            send(endpoint, token, small)
        servers = {"ours": ours.children["web"], "theirs": peer_child}
        single: dict[str, list[float]] = {side: [] for side in sides}
        double: dict[str, list[float]] = {side: [] for side in servers}
        cpu: dict[str, list[float]] = {side: [] for side in servers}
        onto_disk: list[float] = []
        for number in range(scale.rounds):
            onto_disk.append(by_dd(file, folder / "dd"))
            for side in list(sides) if number % 2 == 0 else list(sides)[::-1]:
                before = cpu_s(servers[side]) if side in servers else 0.0
                single[side].append(rate(*sides[side], [file]))
                if side in servers:
                    cpu[side].append(cpu_s(servers[side]) - before)
                    forget_files(ours, folder / "peer")
                    double[side].append(rate(*sides[side], [half, half]))
                    forget_files(ours, folder / "peer")
    size = f"{scale.upload_bytes // MIB} MiB"
    command = f"node tests/bench/tus_peer.mjs FOLDER PORT\n{PEER.read_text()}"
    figure = compared(
        f"one {size} upload by tus-js-client into the directory store, durable",
        "MB/s",
        single["ours"],
        single["theirs"],
        command,
        at_least=1.3,
    )
    lower = [min(pair) for pair in zip(single["nowhere"], onto_disk, strict=True)]
    return [
        figure,
        compared(
            f"the same {size}, beside what this client can send and this disk can keep, whichever is less",
            "MB/s",
            single["ours"],
            lower,
            "dd if=FILE of=COPY bs=4M conv=fsync\nand the client against tests/bench/tus_discard.py",
            at_least=0.9,
            onto_disk=[round(one, 3) for one in onto_disk],
        ),
        beside(
            "the same client against a server that throws the bytes away: the most it can send",
            "MB/s",
            single["nowhere"],
            single["theirs"],
            command,
        ),
        beside(
            f"two such uploads at once, {size} together", "MB/s", double["ours"], double["theirs"], command
        ),
        beside("CPU time of the server for one such upload", "s", cpu["ours"], cpu["theirs"], command),
    ]


def by_dd(file: Path, copy: Path) -> float:
    """MB/s of the same bytes onto the same disk, durable."""
    began = time.perf_counter()
    command = ["dd", f"if={file}", f"of={copy}", "bs=4M", "conv=fsync", "status=none"]
    subprocess.run(command, check=True, timeout=600)
    seconds = time.perf_counter() - began
    copy.unlink()
    return file.stat().st_size / 1e6 / seconds


def beside(name: str, unit: str, values: Sequence[float], references: Sequence[float], command: str) -> Row:
    """A figure without an aim, which explains another one."""
    value, reference = median(values), median(references)
    rounds = {"rounds": values, "reference_rounds": references}
    return Row(
        name=name,
        value=round(value, 3),
        unit=unit,
        reference=round(reference, 3),
        reference_command=command,
        ratio=round(value / reference, 3),
        aim="–",
        met=None,
        detail={key: [round(one, 3) for one in every] for key, every in rounds.items()},
    )


def rate(endpoint: str, token: str, files: Sequence[Path]) -> float:
    """MB/s of all files sent at once, each by a client of its own, from the first start to the last answer."""
    with ThreadPoolExecutor(len(files)) as clients:
        sent = list(clients.map(lambda file: send(endpoint, token, file), files))
    seconds = max(one.answered_at for one in sent) - min(one.answered_at - one.seconds for one in sent)
    return sum(file.stat().st_size for file in files) / 1e6 / seconds


@contextlib.contextmanager
def peer(folder: Path) -> Iterator[tuple[str, Child]]:
    """The reference server; answers its endpoint and its process."""
    kept = folder / "peer"
    kept.mkdir()
    with _listening("peer", [node(), str(PEER), str(kept)], folder) as (endpoint, child):
        yield endpoint, child


@contextlib.contextmanager
def nowhere(folder: Path) -> Iterator[str]:
    with _listening("nowhere", [sys.executable, str(NOWHERE)], folder) as (endpoint, _):
        yield endpoint


@contextlib.contextmanager
def _listening(name: str, command: list[str], folder: Path) -> Iterator[tuple[str, Child]]:
    port = free_port()
    child = Child(name, [*command, str(port)], folder / f"{name}.log")
    try:
        child.start()
        wait_until(lambda: "listening" in child.output() or not child.running, 30)
        if "listening" not in child.output():
            raise RuntimeError(f"{name} did not start; its log says:\n{child.output()[-3000:]}")
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
