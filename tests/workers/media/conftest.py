"""Small clips made by ffmpeg, a sandbox, and an empty private folder."""

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workers.media.sandbox import Sandbox

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="session")
def box() -> Sandbox:
    return Sandbox.here()


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """`clip("name.mp4", *ffmpeg_arguments)` writes one file, readable by the sandbox's user."""

    def make(name: str, *arguments: str) -> Path:
        target = tmp_path / name
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments, str(target)], check=True, timeout=120
        )
        target.chmod(0o644)
        return target

    return make


class Canary:
    """A listener on the loopback that must never be called."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.calls = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self.server.accept()[0].close()
            except OSError:
                return
            self.calls += 1


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.server.close()
