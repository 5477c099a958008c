"""A new kind of thing is hooked on in one place: to a copy of the program one of each is added, and used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from deploy.database import configuration
from tests.one_place.additions import ONE_OF_EACH, STORED

ROOT = Path(__file__).parents[1]
PARTS = ("schemas", "service", "workers", "deploy", "tests", "pyproject.toml", "babel.cfg")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy in which nothing is changed yet."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in PARTS:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, copy / name)
    return copy


@pytest.mark.timeout(600)
def test_one_of_each_is_hooked_on_in_one_place_and_works_from_end_to_end(tree: Path) -> None:
    newest = ScriptDirectory.from_config(configuration("")).get_current_head()
    for edit in STORED:
        edit._replace(new=edit.new.replace("HEAD", newest or "")).apply(tree)
    for edits in ONE_OF_EACH.values():
        for edit in edits:
            edit.apply(tree)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/one_place/added.py"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
