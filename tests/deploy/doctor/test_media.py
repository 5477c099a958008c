"""The doctor tries what bounds those that read strangers' bytes."""

from deploy.doctor import media
from deploy.doctor.findings import Verdict
from deploy.doctor.media import readers
from tests.deploy.doctor.asked import told


def test_bounds_that_hold_are_called_so() -> None:
    assert told(readers).verdict is Verdict.ok


def test_bounds_that_do_not_hold_are_broken() -> None:
    """As on a kernel that lets a child take what it likes: here it takes less than it may."""
    within = 2**20
    before, media.TAKEN_BYTES = media.TAKEN_BYTES, within
    try:
        found = told(readers)
    finally:
        media.TAKEN_BYTES = before
    assert found.verdict is Verdict.broken and "tracks" in found.found
