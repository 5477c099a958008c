"""Which names are surely no recording: a file too many is kept apart by the service, one too few would be lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.footage.uploads.left_out import Why, file_left_out, folder_left_out


@pytest.mark.parametrize(
    "name",
    [
        "Thumbs.db", "THUMBS.DB", "ehthumbs_vista.db", "desktop.ini", ".DS_Store", "._F1.MP4", "WPSettings.dat",
        "IndexerVolumeGuid", "autorun.inf",
    ],
)  # fmt: skip
def test_what_a_computer_writes_is_left_out(name: str) -> None:
    assert file_left_out(name, [name]) is Why.system


@pytest.mark.parametrize(
    "name",
    [
        "System Volume Information", "$RECYCLE.BIN", "RECYCLER", ".Trashes", ".Trash-1000", ".Spotlight-V100",
        ".fseventsd", "FOUND.000", "found.012", "LOST.DIR", "lost+found", "__MACOSX",
    ],
)  # fmt: skip
def test_folders_of_a_computer_are_left_out(name: str) -> None:
    assert folder_left_out(name) is Why.system


@pytest.mark.parametrize("name", ["DCIM", "100MEDIA", "FOUND", "FOUND.MP4", "Recycle", "系统", "PRIVATE"])
def test_other_folders_are_looked_into(name: str) -> None:
    assert folder_left_out(name) is None


@pytest.mark.parametrize(
    ("name", "beside", "why"),
    [
        ("F1.THM", "F1.MP4", Why.made_beside), ("f1.thm", "F1.mov", Why.made_beside), ("F1.THM", "F2.MP4", Why.small_picture), ("a.thm.mp4", "", None),
        ("F1.LRV", "F1.MP4", Why.made_beside), ("F1.LRV", "F1.THM", None), ("F1.LRV", "", None),
        ("GL010001.LRV", "GX010001.MP4", Why.made_beside), ("GL010001.LRV", "GX010002.MP4", None),
        ("DJI_0001.LRF", "DJI_0001.MP4", Why.made_beside), ("M0100.CTG", "", Why.catalogue),
        ("F1.MP4", "F1.MP4", None), ("F1.JPG", "F1.MP4", None), ("F1.SRT", "F1.MP4", None), ("F1.WAV", "", None),
        ("thumbs.db.mp4", "", None), ("desktop.ini.ts", "", None), ("现场.mp4", "", None), (".x.mp4", "", Why.hidden),
    ],
)  # fmt: skip
def test_small_copies_are_left_out_beside_their_recording_alone(
    name: str, beside: str, why: Why | None
) -> None:
    assert file_left_out(name, [name, beside]) is why


@given(
    st.text(min_size=1, max_size=12).filter(lambda stem: not stem.startswith(".")),
    st.lists(st.text(max_size=8)),
)
def test_no_recording_is_ever_left_out(stem: str, beside: list[str]) -> None:
    for ending in ("mp4", "MOV", "ts", "avi", "wav", "mp3", "jpg", "heic", "json", "csv", "dav"):
        assert file_left_out(f"{stem}.{ending}", beside) is None
