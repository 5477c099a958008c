"""A recording of an old archive was filmed before that archive had it, whenever it came here."""

from datetime import timedelta
from uuid import UUID

import pytest

from schemas.accounts import Role
from schemas.events import EventCreate, EventKind
from schemas.jobs import JobKind
from schemas.links import LinkState
from service.finding.linking.actions import link_recording
from service.kernel.jobs import request_job
from service.registry.events.actions import create_event
from tests.service.finding.linking.field import Field, at
from tests.service.finding.linking.test_order import run_link_jobs

IMPORTED = timedelta(days=900)


def states(bureau: Field, recording_id: UUID) -> list[tuple[UUID | None, LinkState]]:
    return [(one.event_id, one.state) for one in bureau.links(recording_id)]


def test_a_file_without_time_is_offered_what_was_done_before_the_archive_had_it(bureau: Field) -> None:
    bureau.hold("R-07", "012", at("08:00"))
    then = bureau.event(at("10:00"), at("10:30"), ("012",))
    bureau.event(at("10:00") + IMPORTED, at("10:30") + IMPORTED, ("012",))
    told, silent = (
        bureau.recording(
            None,
            None,
            recorder="R-07",
            received_at=at("15:00") + IMPORTED,
            archived=True,
            first_received_at=first,
        )
        for first in (at("15:00"), None)
    )
    for one in (told, silent):
        link_recording(bureau.session, one.id)
    assert states(bureau, told.id) == [(then.id, LinkState.offered)]
    assert states(bureau, silent.id) == []  # that it comes now says nothing of when it was filmed


@pytest.mark.parametrize("told_first", ["event", "recording"])
def test_it_is_linked_anew_when_an_event_of_that_day_becomes_known(bureau: Field, told_first: str) -> None:
    actor = bureau.actor(Role.admin)
    bureau.hold("R-07", "012", at("08:00"))

    def event() -> None:
        wanted = EventCreate(
            title="检查", kind=EventKind.inspection, squad="one", officers=["012"],
            arrived_at=at("10:00"), departed_at=at("11:00"),
        )  # fmt: skip
        create_event(bureau.session, actor, wanted)

    made = bureau.recording(
        None, None, recorder="R-07", received_at=at("15:00") + IMPORTED, archived=True, first_received_at=at("15:00")
    )  # fmt: skip

    def recording() -> None:
        request_job(bureau.session, JobKind.link, made.id)

    for step in [event, recording] if told_first == "event" else [recording, event]:
        step()
        run_link_jobs(bureau)
    assert [state for _, state in states(bureau, made.id)] == [LinkState.offered]
