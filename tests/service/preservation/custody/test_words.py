"""Whatever is recorded can be read: an act without words would be shown as a code."""

import subprocess
import sys
from pathlib import Path

import pytest

import service
from schemas.custody import CustodyEntry
from service.footage.recordings import acts as of_recordings
from service.kernel.custody import act, act_of, record
from service.registry.cases import acts
from service.registry.events import acts as of_events

ROOT = Path(service.__file__).parents[1]


class Session:
    """Of the test: nothing may come so far."""

    def add(self, row: object) -> None:
        raise AssertionError(f"written: {row}")


def test_only_an_act_that_is_declared_for_its_subject_can_be_recorded() -> None:
    with pytest.raises(ValueError, match="not declared for recording"):
        record(Session(), "system", acts.CREATE_CASE, "recording", None)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(AttributeError):
        record(Session(), "system", "create_case", "case", None)  # type: ignore[arg-type]  # that is the point


def test_an_act_is_declared_once_for_a_kind_of_subject_and_means_another_for_another() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        act("create_case", "entered the case again", "case")
    merged, kept = (
        act_of(CustodyEntry(actor="cli", action="merge", subject_kind=kind))
        for kind in ("event", "recording")
    )
    assert (merged, kept) == (of_events.MERGE, of_recordings.MERGE)
    assert act_of(CustodyEntry(actor="cli", action="of_yesterday", subject_kind="case")) is None


def loaded_by(module: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"import {module}, sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stdout.split())


def test_whoever_shows_custody_has_the_words_of_every_capability() -> None:
    declaring = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "service").rglob("acts.py")
    }
    assert len(declaring) > 12
    assert declaring <= loaded_by("service.app")
    # the command line lists what was done to events after their deadline
    assert "service.registry.events.acts" in loaded_by("service.supervision.coverage.lists")
