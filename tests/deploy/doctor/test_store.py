"""What the doctor says of the disk of a directory store."""

from pathlib import Path

from deploy.doctor.findings import Verdict
from deploy.doctor.store import file_system, store_disk
from tests.deploy.doctor.asked import told

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:40 / /srv rw,relatime shared:9 master:1 - nfs4 server:/export rw
31 30 0:41 / /srv/of\040ours rw - xfs /dev/vdb rw
32 22 0:42 / /srv2 rw - cifs //server/share rw
"""


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    for path, kind in {
        "/var/lib": "ext4",
        "/srv": "nfs4",
        "/srv/zhenglu": "nfs4",
        "/srv/of ours/objects": "xfs",
        "/srv2/a": "cifs",
        "/srv3": "ext4",
    }.items():
        assert file_system(Path(path), MOUNTS) == kind, path


def test_a_folder_of_this_machine_is_good_and_one_that_may_be_filled_is_told(tmp_path: Path) -> None:
    assert told(store_disk, object_store=f"file://{tmp_path}").verdict is Verdict.ok
    found = told(store_disk, object_store=f"file://{tmp_path}?reserve=0")
    assert found.verdict is Verdict.warning and "reserve=" in found.mend
    assert not list(tmp_path.iterdir()), "a look leaves nothing behind"
