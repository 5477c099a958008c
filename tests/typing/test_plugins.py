"""The plugins type columns and keys, and do not silence them: what can never be true is still found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRELUDE = """
from uuid import UUID
import sqlmodel
from sqlalchemy import Table, func, or_, select, update
from sqlalchemy.orm import aliased
from schemas.recordings import Recording, RecordingState, Tag, TagSource
other, recording = aliased(Recording), Recording(squad_id=UUID(int=1))
"""
RIGHT = [
    "select(Recording).where(Recording.state == RecordingState.ready, Recording.recorded_from.is_not(None))",
    "select(Recording.id).where(Recording.squad_id.in_([UUID(int=1)])).order_by(Recording.received_at.desc())",
    "select(Recording.id).where(Recording.squad_id.in_(select(other.squad_id)), other.id != Recording.id)",
    "select(Tag).where(or_(Tag.recording_id == recording.id, Tag.confidence < func.random()))",
    "sqlmodel.select(Recording).where(Recording.duration_s >= 3, Recording.merged_into == None)",
    "update(Recording).where(Recording.squad_id == recording.squad_id).values(sample=True)",
    "table: Table = Recording.__table__",
    "squad: UUID = recording.squad_id",
    "said: str = recording.claims.get('recorder') or recording.claims['officer']",
    "sized: int | None = recording.claims.get('sidecar', {}).get('size')",
    "recording.clock = {**recording.clock, 'source': 'gps'}",
]
WRONG = [
    "select(Recording).where(Recording.state == 'raedy')",
    "select(Recording).where(Recording.squad_id == 5)",
    "select(Recording).where(other.recorder_id != 'X9')",
    "select(Recording).where(Recording.received_at < 5)",
    "select(Recording).where(Recording.squad_id.in_(['X9']))",
    "select(Recording).where(Recording.state.in_(['raedy']))",
    "select(Recording).where(Recording.sate == RecordingState.ready)",
    "select(Recording).where(recording.squad_id == recording.id)",
    "sqlmodel.select(Recording).where(Recording.state == 'raedy')",
    "sqlmodel.select(Tag).where(Tag.source == RecordingState.ready)",
    "wrong: UUID = Recording.squad_id",
    "wrong: int = recording.squad_id",
    "recording.claims.get('recordr')",
    "recording.claims['recordr']",
    "recording.claims.get('announced', {}).get('fact')",
    "recording.clock.get('sorce', '')",
    "recording.clock = {'sorce': 'gps'}",
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says to each of the lines."""
    sample = tmp_path_factory.mktemp("typing") / "sample.py"
    lines = [*PRELUDE.splitlines(), *RIGHT, *WRONG]
    sample.write_text("\n".join(lines))
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-pretty", str(sample)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )
    said: dict[str, list[str]] = {line: [] for line in (*RIGHT, *WRONG)}
    # by its name alone: what mypy kept of a run before stands under that run's folder
    for number, message in re.findall(rf"{sample.name}:(\d+): error: (.*)", told.stdout):
        said[lines[int(number) - 1]].append(message)
    assert told.returncode == 1, told.stdout + told.stderr
    return said


@pytest.mark.parametrize("line", RIGHT)
def test_a_true_condition_is_no_finding(found: dict[str, list[str]], line: str) -> None:
    assert found[line] == []


@pytest.mark.parametrize("line", WRONG)
def test_a_condition_that_can_never_hold_is_found(found: dict[str, list[str]], line: str) -> None:
    assert found[line]
