"""Room on this machine's disks: said once for all who write there, and in time."""

from pathlib import Path

import pytest

from service.kernel.disks import Disk, disks
from service.kernel.settings import Settings

GB = 10**9


@pytest.mark.parametrize(
    ("free", "total", "full", "low"),
    [
        (0, 4_000 * GB, True, True),
        (GB, 4_000 * GB, True, True),
        (2 * GB, 4_000 * GB, False, True),
        (30 * GB, 4_000 * GB, False, False),
        (GB // 10, GB, False, True),  # a small one is not full from its first day on
        (GB // 100, GB, True, True),
    ],
)
def test_when_it_is_called_full(free: int, total: int, full: bool, low: bool) -> None:
    disk = Disk(("database", "objects"), Path("/"), free, total)
    assert (disk.full, disk.low) == (full, low)
    assert (disk.alarm is not None) == full


def test_one_file_system_is_one_disk_whatever_writes_there(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    settings = Settings(data_dir=tmp_path, object_store=f"file://{tmp_path}/not/there/yet?reserve=0")
    [disk] = disks(settings)
    assert disk.parts == ("data", "database", "objects", "scratch") and disk.total > disk.free > 0
    elsewhere = Settings(data_dir=tmp_path, object_store="s3://bucket", scratch_dir=Path("/dev/shm/scratch"))
    assert [disk.parts for disk in disks(elsewhere)] == [("data", "database"), ("scratch",)]
