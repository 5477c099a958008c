"""Nothing is removed but the very bytes that were verified."""

import hashlib
import os
from pathlib import Path

import pytest

from deploy.erasing import NotErased, erase
from deploy.upload_client import Look

SAID = hashlib.sha256(b"verified").hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "v.mp4"
    path.write_bytes(b"verified")
    return path


def test_the_file_is_erased_and_its_folder_stays(file: Path) -> None:
    seen: list[int] = []
    erase(file, Look.at(file), SAID, seen.append)
    assert not file.exists() and file.parent.exists() and seen == [8]


def test_other_bytes_stay_though_all_else_is_the_same(file: Path) -> None:
    file.write_bytes(b"VERIFIED")
    with pytest.raises(NotErased):
        erase(file, Look.at(file), SAID)
    assert file.read_bytes() == b"VERIFIED"


def test_what_was_touched_since_stays(file: Path) -> None:
    look = Look.at(file)
    os.utime(file, (1, 1))
    with pytest.raises(NotErased):
        erase(file, look, SAID)
    assert file.exists()


def test_a_file_that_takes_the_name_while_it_is_read_stays(file: Path) -> None:
    other = file.with_name("new.mp4")
    other.write_bytes(b"verified")  # even with the same bytes: it was not this one that was read
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))

    def takes_the_name(_done: int) -> None:
        other.replace(file)

    with pytest.raises(NotErased):
        erase(file, Look.at(file), SAID, takes_the_name)
    assert file.read_bytes() == b"verified"


def test_what_is_written_while_it_is_read_stays(file: Path) -> None:
    def more(_done: int) -> None:
        with file.open("ab") as end:
            end.write(b"more")

    with pytest.raises(NotErased):
        erase(file, Look.at(file), SAID, more)
    assert file.read_bytes().startswith(b"verifiedmore")


def test_a_link_and_what_it_leads_to_stay(file: Path) -> None:
    link = file.with_name("link.mp4")
    link.symlink_to(file)
    with pytest.raises(NotErased):
        erase(link, Look.at(link), SAID)
    assert link.is_symlink() and file.exists()


def test_a_folder_or_a_pipe_under_the_name_stays(file: Path) -> None:
    look = Look.at(file)
    file.unlink()
    with pytest.raises(NotErased):
        erase(file, look, SAID)
    file.mkdir()
    with pytest.raises(NotErased):
        erase(file, look, SAID)
    file.rmdir()
    os.mkfifo(file)
    with pytest.raises(NotErased):
        erase(file, look, SAID)
    assert file.exists()


def test_what_cannot_be_read_any_more_stays() -> None:
    """A regular file whose first byte the system really fails to read, as of a worn card: a process's own memory."""
    unreadable = Path(f"/proc/{os.getpid()}/mem")
    with pytest.raises(NotErased, match="Input/output error"):
        erase(unreadable, Look.at(unreadable), SAID)
    assert unreadable.exists()
