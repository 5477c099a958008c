"""Why a recording is linked to no event is said by what is known of it."""

from dataclasses import replace
from typing import Any

import pytest

from service.kernel.i18n import speaking
from service.web.recordings.views import Job
from tests.browser import samples


def said(job: Job | None = None, **card: Any) -> str:
    made = samples.recording()
    made.card = replace(made.card, **{"officers": ["队员 001"], "recorder": "R-07", **card})
    made.jobs = [job] if job else []
    with speaking("en"):
        return made.why_unlinked


def test_that_none_overlaps_is_said_only_where_its_time_is_known() -> None:
    assert "overlaps its time" in said()
    unknown = said(recorded_from=None, recorded_to=None)
    assert "when this was recorded is not known" in unknown and "overlaps" not in unknown


def test_that_none_of_its_officers_fits_is_said_only_where_one_is_known() -> None:
    assert "neither its officer nor its recorder is known" in said(officers=[], recorder=None)
    assert "overlaps its time" in said(officers=[])
    assert "overlaps its time" in said(recorder=None)


@pytest.mark.parametrize("kind", ["intake", "tags", "link"])
@pytest.mark.parametrize("state", ["waiting", "running", "done", "failed"])
def test_while_it_is_looked_at_nothing_is_said_of_what_was_found(kind: str, state: str) -> None:
    looked_at = "still being looked at" in said(Job("j", kind, state))
    assert looked_at is (state in ("waiting", "running"))


def test_the_encode_finds_no_event_and_what_is_no_recording_never_will() -> None:
    assert "overlaps its time" in said(Job("j", "renditions", "running"))
    assert "no recording" in said(state="refused")
