"""What `zhenglu up` runs on a data folder, written down for its next start and for the other commands."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from deploy.process import ProcessId
from deploy.whole_file import write_whole

STATE_FILE = "up.json"
LOCK_FILE = "up.lock"


class AlreadyRunning(RuntimeError):
    def __init__(self, folder: Path, state: "Running | None") -> None:
        where = f" (process {state.supervisor.pid}, {state.address})" if state else ""
        super().__init__(f"zhenglu already runs on {folder}{where}: stop it first, or choose another --data.")


@dataclass(frozen=True)
class Running:
    """`environment` are the ZHENGLU_* settings that the started parts were given (URLs, secret)."""

    supervisor: ProcessId
    address: str = ""
    ready: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[str, ProcessId] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        write_whole(folder / STATE_FILE, json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> "Running | None":
        """The last state written there, whether or not it still runs; None also where it cannot be read."""
        try:
            told = json.loads((folder / STATE_FILE).read_text())
            return cls(
                supervisor=ProcessId(**told["supervisor"]),
                address=told["address"],
                ready=told["ready"],
                environment=told["environment"],
                children={name: ProcessId(**child) for name, child in told["children"].items()},
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return None
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):  # as another version wrote it, or half of it
            return None

    @property
    def alive(self) -> bool:
        return self.supervisor.alive


def lock(folder: Path) -> IO[str]:
    """Holds the data folder until the file is closed or the process ends; raises AlreadyRunning."""
    file = (folder / LOCK_FILE).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(folder, Running.read(folder)) from None
    return file


def use(folder: Path) -> Running | None:
    """Lets this process use what `zhenglu up` runs on `folder`; settings given by hand win."""
    state = Running.read(folder)
    if state is None or not state.alive:
        return None
    for name, value in state.environment.items():
        os.environ.setdefault(name, value)
    return state
