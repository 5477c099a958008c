"""The shape of the house: floors import only downward, and each outside part has the one room that knows it."""

import ast
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


@pytest.mark.parametrize("floor", FLOORS)
def test_no_floor_imports_one_above_it(floor: str):
    above = (*FLOORS[FLOORS.index(floor) + 1 :], "tests")
    broken = [
        f"{path} imports {name}"
        for path, tree in modules(floor)
        for name in imports(tree)
        if name.split(".")[0] in above
    ]
    assert not broken


@pytest.mark.parametrize(
    ("package", "room"),
    [
        ("minio", "service/kernel/storage/s3.py"),
        ("ffmpeg", "workers/media/"),
        ("celery", ("workers/", "service/kernel/jobs.py")),
    ],
)
def test_an_outside_part_is_known_in_one_room_only(package: str, room: str | tuple[str, ...]):
    rooms = (room,) if isinstance(room, str) else room
    strangers = [
        str(path)
        for floor in FLOORS
        for path, tree in modules(floor)
        if any(name.split(".")[0] == package for name in imports(tree)) and not str(path).startswith(rooms)
    ]
    assert not strangers


def test_no_module_is_a_drawer_for_odds_and_ends():
    assert not [path for floor in FLOORS for path, _tree in modules(floor) if path.stem in BANNED_NAMES]


def test_the_migrations_make_exactly_the_tables_of_the_schemas(clean_database: str):
    command.check(configuration(clean_database))


def test_every_direct_dependency_says_why_it_is_there():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    bare = [line for line in lines if line.startswith('  "') and ">=" in line and "#" not in line]
    assert not bare
