"""The simulated years are what they say, and nobody is given them who installs the service."""

import itertools
import runpy
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from setuptools import find_packages
from typer.core import TyperGroup
from typer.main import get_command

from deploy.demo.simulator.rates import HABITS, REPORT
from deploy.demo.simulator.report import DAYS, Roll, report_year
from deploy.demo.simulator.rounds import rounds_year
from deploy.demo.simulator.rows import STRAY, Camera, Officer, Unfilmed, Year, day_of, seconds
from tests.test_house import FLOORS, ROOT, imports, modules


@pytest.fixture(scope="module")
def report() -> Year:
    return report_year(7, [_roll(number) for number in range(len(HABITS))])


def _roll(number: int) -> Roll:
    squad = UUID(int=number + 1)
    first = 10 * (number + 1)
    return Roll(
        squad,
        f"S{number}",
        tuple(Officer(UUID(int=100 + first + n), f"{first + n:06}", squad) for n in range(6)),
        tuple(Camera(UUID(int=200 + first + n), f"R-{first + n}", squad, shared=True) for n in range(4)),
        HABITS[number],
    )


@pytest.fixture(scope="module", params=["report", "rounds"])
def year(request: pytest.FixtureRequest, report: Year) -> Year:
    return report if request.param == "report" else rounds_year(3, squads=3, crews=2, days=10)


def test_an_event_is_shown_or_it_is_known_why_not(year: Year) -> None:
    shown = {event for file in year.files for event in file.shows}
    happened = {event.id for event in year.events if not (event.cancelled or event.merged_into)}
    assert shown | set(year.unfilmed) == happened
    assert not shown & set(year.unfilmed)


def test_a_camera_films_one_thing_at_a_time(year: Year) -> None:
    spans: dict[UUID, list[tuple[float, float]]] = {}
    for file in year.files:
        if file.recorder:
            start = seconds(file.true_start)
            spans.setdefault(file.recorder, []).append((start, start + file.length_s))
    for mine in spans.values():
        mine.sort()
        assert all(end <= start + 0.2 for (_, end), (start, _) in itertools.pairwise(mine))


def test_the_report_is_kept_to_the_last_act_in_its_own_year(report: Year) -> None:
    done = [event for event in report.events if not (event.cancelled or event.merged_into)]
    assert Counter(event.work for event in done) == {work: work.count for work in REPORT}
    assert {day_of(event.true_start) for event in done} <= set(DAYS)
    assert sum(event.cancelled is not None for event in report.events) > 100


def test_what_is_not_filmed_has_each_of_its_reasons_and_a_file_may_only_be_announced(report: Year) -> None:
    assert set(report.unfilmed.values()) == set(Unfilmed)
    away = {event for event, why in report.unfilmed.items() if why == Unfilmed.no_recorder}
    days = {day_of(event.true_start) for event in report.events if event.id in away}
    assert all(any(first <= day <= last for one in HABITS for first, last in one.repairs) for day in days)
    announced = [file for file in report.files if file.announced]
    assert announced and all(file.shows and STRAY not in file.faults for file in announced)
    assert min(day_of(seconds(file.true_start)) for file in announced) >= date(2024, 12, 24)


# ---- it is not installed with the service ------------------------------------------------------------


def test_a_wheel_leaves_it_out() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    packages = find_packages(str(ROOT), include=found["include"], exclude=found["exclude"])
    assert {"deploy.embedded", *FLOORS} <= set(packages)
    assert not [name for name in packages if name.startswith("deploy.demo")]


def _commands() -> Mapping[str, Any]:
    group = get_command(runpy.run_path(str(ROOT / "deploy" / "cli.py"))["app"])
    assert isinstance(group, TyperGroup)
    return group.commands


def test_the_command_does_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "demo" in _commands()
    monkeypatch.setitem(sys.modules, "deploy.demo", None)
    commands = _commands()
    assert "demo" not in commands and {"up", "doctor", "user"} <= set(commands)


def test_nothing_that_is_installed_imports_it() -> None:
    strangers = [
        str(path)
        for floor in FLOORS
        for path, tree in modules(floor)
        if not str(path).startswith("deploy/demo/")
        and any(name.startswith("deploy.demo") for name in imports(tree))
    ]
    assert not strangers
