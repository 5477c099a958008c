import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.base import new_id
from tests.fixtures.ceph import CephNode
from tests.fixtures.processes import Processes
from tests.withstand.installation import House, installed


@pytest.fixture
def place(run_folder: Path) -> Iterator[Path]:
    """Where an installation of this test's own may lie: its user cannot get into pytest's own folder."""
    folder = run_folder / f"w-{new_id().hex[-8:]}"
    folder.mkdir(mode=0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def house(processes: Processes, place: Path) -> Iterator[House]:
    """With originals in its data folder."""
    with installed(processes, place / "data") as house:
        yield house


@pytest.fixture
def house_with_ceph(processes: Processes, place: Path) -> Iterator[House]:
    """With originals in a Ceph of its own, on a disk."""
    with ExitStack() as stack:
        node = CephNode(store="bluestore")
        stack.callback(node.remove)
        node.start()
        (node.home / "owner").write_text(str(os.getpid()))
        yield stack.enter_context(installed(processes, place / "data", node))
