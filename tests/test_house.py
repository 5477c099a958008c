"""The shape of the house: floors import only downward, and each outside part has the one room that knows it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from deploy.database import configuration

ROOT = Path(__file__).parents[1]
FLOORS = ("schemas", "service", "workers", "deploy")
BANNED_NAMES = ("utils", "util", "helpers", "helper", "manager", "misc", "common")


def modules(floor: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / floor).rglob("*.py")):
        yield path.relative_to(ROOT), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_imports_go_one_way_and_in_no_circle() -> None:
    """The contracts stand in pyproject.toml, and know no exception."""
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text()
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("floor", FLOORS)
def test_the_program_never_imports_its_tests(floor: str) -> None:
    assert not [
        f"{path} imports {name}"
        for path, tree in modules(floor)
        for name in imports(tree)
        if name.split(".")[0] == "tests"
    ]


@pytest.mark.parametrize(
    ("package", "room"),
    [
        ("minio", "service/kernel/storage/s3.py"),
        ("ffmpeg", "workers/media/"),
        ("celery", ("workers/", "service/kernel/jobs.py")),
    ],
)
def test_an_outside_part_is_known_in_one_room_only(package: str, room: str | tuple[str, ...]) -> None:
    rooms = (room,) if isinstance(room, str) else room
    strangers = [
        str(path)
        for floor in FLOORS
        for path, tree in modules(floor)
        if any(name.split(".")[0] == package for name in imports(tree)) and not str(path).startswith(rooms)
    ]
    assert not strangers


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert not [path for floor in FLOORS for path, _tree in modules(floor) if path.stem in BANNED_NAMES]


def test_the_migrations_make_exactly_the_tables_of_the_schemas(clean_database: str) -> None:
    command.check(configuration(clean_database))


def test_every_direct_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    bare = [line for line in lines if line.startswith('  "') and ">=" in line and "#" not in line]
    assert not bare
