"""What the doctor says of the store: whether a lock that is there is used, and of the disk of a folder."""

from pathlib import Path
from typing import Any

import pytest

from deploy.doctor.findings import Verdict
from deploy.doctor.store import file_system, object_store, store_disk
from service.kernel.settings import Settings
from tests.deploy.doctor.asked import told
from tests.fixtures.ceph import CephNode

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


@pytest.mark.parametrize(
    ("said", "verdict"),
    [({"lock_mode": "NONE"}, Verdict.warning), ({"lock_days": 30}, Verdict.warning), ({}, Verdict.ok)],
)
def test_a_lock_that_is_there_and_not_used_is_told(
    said: dict[str, Any], verdict: Verdict, ceph: CephNode, s3_url: str
) -> None:
    settings = Settings(
        object_store=s3_url, s3_access_key=ceph.access_key, s3_secret_key=ceph.secret_key, **said
    )
    answers, lock = object_store(settings)
    assert answers.verdict is Verdict.ok and lock.component == "object lock"
    assert lock.verdict is verdict
