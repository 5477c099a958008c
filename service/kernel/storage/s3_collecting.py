"""A part of an upload while it is being received: in memory up to 16 MiB, above that in an unnamed file."""

import hashlib
import mmap
import tempfile
from typing import IO

from service.kernel.storage.s3 import FileBody


class MemoryPart:
    """Collects a part in anonymous memory that goes back to the system with it."""

    def __init__(self, target: int) -> None:
        self.target, self.size = target, 0
        self._memory = memoryview(mmap.mmap(-1, target))

    def add(self, view: memoryview) -> None:
        self._memory[self.size : self.size + len(view)] = view
        self.size += len(view)

    def body(self) -> memoryview:
        return self._memory[: self.size]


class DiskPart:
    def __init__(self, target: int) -> None:
        self.target, self.size = target, 0
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the part)
        self._sha256 = hashlib.sha256()

    def add(self, view: memoryview) -> None:
        self._file.write(view)
        self._sha256.update(view)
        self.size += len(view)

    def body(self) -> FileBody:
        self._file.flush()
        return FileBody(self._file, self.size, self._sha256.hexdigest())
