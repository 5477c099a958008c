"""What is taken from a card, what is left out and said."""

import os
from pathlib import Path

from deploy.card import look_through
from deploy.upload_client import Look, Memory
from service.footage.uploads.left_out import Why


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def said(folder: Path, left_out: list[tuple[Path, Why]]) -> dict[str, Why]:
    return {str(path.relative_to(folder)): why for path, why in left_out}


def test_files_come_in_the_order_of_their_names_and_hidden_ones_only_when_given(tmp_path: Path) -> None:
    made(tmp_path, "b/2.mp4", "a.mp4", ".c.mp4", ".trash/d.mp4", "b/1.mp4")
    card = look_through([tmp_path, tmp_path / ".c.mp4"])
    assert [path.name for path in card.files] == ["a.mp4", "1.mp4", "2.mp4", ".c.mp4"]
    assert said(tmp_path, card.left_out) == {".c.mp4": Why.hidden, ".trash": Why.hidden}


def test_a_folder_left_out_is_said_once_and_not_looked_into(tmp_path: Path) -> None:
    made(
        tmp_path, "$RECYCLE.BIN/S-1-5/$R1.MP4", "FOUND.000/FILE0000.CHK", "DCIM/FOUND.1/x.mp4", "desktop.ini"
    )
    card = look_through([tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in card.files] == ["DCIM/FOUND.1/x.mp4"]
    assert said(tmp_path, card.left_out) == {
        "$RECYCLE.BIN": Why.system, "FOUND.000": Why.system, "desktop.ini": Why.system,
    }  # fmt: skip


def test_what_a_shell_names_is_judged_as_what_is_found(tmp_path: Path) -> None:
    """zhenglu upload card/*"""
    made(tmp_path, "System Volume Information/x", "Thumbs.db", "F1.MP4", "F1.THM", "F2.THM", "F2.LRV")
    card = look_through(sorted(tmp_path.iterdir()))
    assert [path.name for path in card.files] == ["F1.MP4", "F2.LRV"]
    assert said(tmp_path, card.left_out) == {
        "F1.THM": Why.made_beside, "System Volume Information": Why.system, "Thumbs.db": Why.system,
        "F2.THM": Why.small_picture,  # its recording may have been sent and erased before
    }  # fmt: skip


def test_what_was_made_beside_an_erased_recording_is_no_recording_of_its_own(tmp_path: Path) -> None:
    """A later one of the same name is: its recording may have been removed by hand."""
    memory = Memory(tmp_path / "memory")
    card = made(tmp_path / "card", "DCIM/F1.MP4", "DCIM/F1.LRV", "DCIM/F2.LRV", "other/F1.LRV")
    gone = card / "DCIM/F1.MP4"
    memory.keep_erased(gone, Look.at(gone))
    gone.unlink()
    assert said(card, look_through([card], memory.erased_with).left_out) == {"DCIM/F1.LRV": Why.made_beside}
    os.utime(card / "DCIM/F1.LRV", (0, 946_684_808))
    assert not look_through([card], memory.erased_with).left_out


def test_a_file_is_sent_once_however_often_it_is_named(tmp_path: Path) -> None:
    card = made(tmp_path / "card", "1.mp4")
    (tmp_path / "same").symlink_to(card)
    (card / "0.mp4").symlink_to(card / "1.mp4")
    found = look_through([card, card / "1.mp4", tmp_path / "same"])
    assert [path.name for path in found.files] == ["1.mp4"]
    assert (card / "0.mp4", Why.link) in found.left_out


def test_a_file_of_two_names_is_sent_once_and_its_second_name_said(tmp_path: Path) -> None:
    """Two senders of it would see it change as the first one's name is erased."""
    made(tmp_path, "a.mp4", "c.mp4")
    os.link(tmp_path / "a.mp4", tmp_path / "b.mp4")
    card = look_through([tmp_path])
    assert [path.name for path in card.files] == ["a.mp4", "c.mp4"]
    assert said(tmp_path, card.left_out) == {"b.mp4": Why.link}


def test_links_to_folders_and_pipes_are_said_and_a_broken_link_too(tmp_path: Path) -> None:
    far = made(tmp_path / "far", "x.mp4")
    card = made(tmp_path / "card", "1.mp4")
    (card / "folder").symlink_to(far)
    (card / "gone.mp4").symlink_to(far / "nothing.mp4")
    (card / "one.mp4").symlink_to(far / "x.mp4")
    os.mkfifo(card / "pipe")
    found = look_through([card])
    assert [path.name for path in found.files] == ["1.mp4", "one.mp4"]
    assert said(card, found.left_out) == {"folder": Why.link, "gone.mp4": Why.link, "pipe": Why.special}


def test_a_folder_that_is_not_there_any_more_is_told(tmp_path: Path, monkeypatch: object) -> None:
    from deploy.card import Card, _look_into

    card = Card()
    _look_into(card, tmp_path / "gone")
    assert [path.name for path, _problem in card.unreadable] == ["gone"]
