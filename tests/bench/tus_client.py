"""tus-js-client as a process of its own, and files for it to send."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.report import node

HERE = Path(__file__).parent
BLOCK = 4 * 2**20


@dataclass(frozen=True)
class Sent:
    """`seconds`: from the start of the upload to its last answer, without the start of Node. `answered_at`: the
    moment of that answer, Unix time. `recording`: what our service called it."""

    seconds: float
    answered_at: float
    recording: str | None


def send(endpoint: str, token: str, file: Path, *, within_s: float = 300) -> Sent:
    wanted = json.dumps({"endpoint": endpoint, "token": token, "file": str(file)})
    done = subprocess.run(
        [node(), str(HERE / "tus_send.mjs"), wanted], capture_output=True, text=True, timeout=within_s
    )
    if done.returncode:
        raise RuntimeError(f"tus-js-client failed: {done.stderr.strip()[-2000:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Sent(told["seconds"], told["answeredAt"] / 1000, told["recording"])


def noise(path: Path, size: int) -> Path:
    """A file of random bytes, repeated: nothing on the way could make it smaller."""
    block = os.urandom(BLOCK)
    with path.open("wb") as file:
        for start in range(0, size, BLOCK):
            file.write(block[: size - start])
    os.sync()
    return path
