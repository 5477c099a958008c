"""FOOTAGE=dir: any folder will do, whatever its files are called."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from deploy.demo.bureau import make_bureau
from deploy.demo.footage import FootageFailed, borrow_footage
from deploy.demo.truth import make_plan

PLANS = make_plan(make_bureau(date(2026, 1, 5)))


def test_files_come_from_folders_too_and_need_no_ending(tmp_path: Path) -> None:
    lent = tmp_path / "lent"
    (lent / "DCIM" / ".trash").mkdir(parents=True)
    (lent / "DCIM" / "a.mp4").write_bytes(b"a")
    (lent / "DCIM" / ".trash" / "old.mp4").write_bytes(b"old")
    (lent / "LICENSE").write_bytes(b"words")
    borrowed = borrow_footage(PLANS, tmp_path / "demo", lent)
    given = Counter((plan.squad, borrowed[plan.name].read_bytes()) for plan in PLANS if plan.name in borrowed)
    # the same bytes twice from one squad would be one recording, shown under two names
    assert given == {(plan.squad, data): 1 for plan in PLANS for data in (b"a", b"words")}


def test_a_large_folder_serves_every_plan(tmp_path: Path) -> None:
    (tmp_path / "lent").mkdir()
    for n in range(len(PLANS)):
        (tmp_path / "lent" / f"{n}.mp4").write_bytes(bytes([n]))
    assert set(borrow_footage(PLANS, tmp_path / "demo", tmp_path / "lent")) == {plan.name for plan in PLANS}


def test_another_folder_takes_the_place_of_the_first(tmp_path: Path) -> None:
    for name, suffix in (("first", ".mp4"), ("second", ".ts")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"a{suffix}").write_bytes(name.encode())
        borrowed = borrow_footage(PLANS, tmp_path / "demo", tmp_path / name)
    assert {path.read_bytes() for path in borrowed.values()} == {b"second"}


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "lent").mkdir()
    with pytest.raises(FootageFailed):
        borrow_footage(PLANS, tmp_path / "demo", tmp_path / "lent")
