"""A small file that is there whole or not at all, whatever ends the writer: a kill, a full disk, a power cut."""

import os
from pathlib import Path

from service.kernel.storage.directory import sync_folder


def write_whole(target: Path, text: str, mode: int = 0o600) -> None:
    unfinished = target.with_name(f"{target.name}.new")
    unfinished.unlink(missing_ok=True)  # what an earlier one left, perhaps with another mode
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:  # noqa: PTH123
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target)
    sync_folder(target.parent)
