"""Files of one recorder that follow each other speak for each other; whoever changes tells the others, once."""

from sqlmodel import select

from schemas.jobs import Job, JobKind
from schemas.links import LinkState
from schemas.recordings import Recording, RecordingState
from service.finding.linking.actions import link_recording
from service.finding.linking.neighbours import tell_neighbours
from tests.service.finding.linking.field import Field, at


def _asked(bureau: Field) -> dict:
    jobs = bureau.session.execute(select(Job.subject_id, Job.requested).where(Job.kind == JobKind.link))
    return {subject: requested for subject, requested in jobs}


def _act(bureau: Field) -> tuple[Recording, Recording]:
    head = bureau.recording(at("09:00"), at("09:10"), recorder="R-07", officer="012")
    rest = bureau.recording(at("09:10:01"), at("09:20"), recorder="R-07")
    return head, rest


def test_a_file_that_names_nobody_is_linked_by_what_its_neighbour_says(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:20"), ("012",))
    _, rest = _act(bureau)
    (link,) = link_recording(bureau.session, rest.id)
    assert (link.event_id, link.state) == (event.id, LinkState.automatic)
    assert link.reasons[0]["code"] == "run_officer"


def test_a_neighbour_s_link_by_a_person_is_no_evidence(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:20"), ("031",))
    head, rest = _act(bureau)
    (link,) = link_recording(bureau.session, head.id)
    from schemas.accounts import Role
    from service.finding.linking.actions import confirm

    before = [one.reasons for one in link_recording(bureau.session, rest.id)]
    confirm(bureau.session, bureau.actor(Role.member, "one"), link.id)
    assert [one.reasons for one in link_recording(bureau.session, rest.id)] == before


def test_a_file_after_a_long_pause_is_another_act(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:40"), ("012",))
    bureau.recording(at("09:00"), at("09:10"), recorder="R-07", officer="012")
    later = bureau.recording(at("09:13"), at("09:20"), recorder="R-07")
    (link,) = link_recording(bureau.session, later.id)
    assert link.state == LinkState.offered


def test_what_changes_is_told_once_and_to_old_and_new_neighbours(bureau: Field) -> None:
    head, rest = _act(bureau)
    far = bureau.recording(at("11:10"), at("11:20"), recorder="R-07")
    for one in (head, rest, far):
        link_recording(bureau.session, one.id)
        tell_neighbours(bureau.session, [one.id])
    asked = _asked(bureau)
    assert set(asked) == {head.id, rest.id}
    assert tell_neighbours(bureau.session, [head.id]) == 0
    head.recorded_from, head.recorded_to = at("11:00"), at("11:09:59")
    bureau.session.flush()
    assert tell_neighbours(bureau.session, [head.id]) == 2
    assert {one for one, times in _asked(bureau).items() if times > asked.get(one, 0)} == {rest.id, far.id}


def test_one_that_is_gone_says_nothing_any_more(bureau: Field) -> None:
    head, rest = _act(bureau)
    tell_neighbours(bureau.session, [head.id])
    asked = _asked(bureau)
    head.state = RecordingState.refused
    bureau.session.flush()
    assert tell_neighbours(bureau.session, [head.id]) == 1
    assert _asked(bureau)[rest.id] == asked[rest.id] + 1


def test_what_else_its_recorder_filmed_within_the_hour_is_told_too(bureau: Field) -> None:
    """That nothing else is of an event speaks for a link; so whatever comes near takes that back."""
    bureau.event(at("09:30"), at("09:50"), ("012",))
    head, rest = _act(bureau)
    near = bureau.recording(at("09:40"), at("09:45"), recorder="R-07")
    far = bureau.recording(at("11:00"), at("11:10"), recorder="R-07", received_at=at("18:00"))
    for one in (head, rest, far):
        tell_neighbours(bureau.session, [one.id])
    asked = _asked(bureau)
    tell_neighbours(bureau.session, [near.id])
    assert {one for one, times in _asked(bureau).items() if times > asked.get(one, 0)} == {head.id, rest.id}


def test_a_file_without_time_is_told_of_those_that_come_with_it(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:20"), ("012",))
    lost = bureau.recording(None, None, recorder="R-07", received_at=at("12:00"))
    tell_neighbours(bureau.session, [lost.id])
    other = bureau.recording(None, None, recorder="R-07", received_at=at("12:10"))
    late = bureau.recording(None, None, recorder="R-07", received_at=at("19:00"))
    tell_neighbours(bureau.session, [late.id])
    assert not _asked(bureau)
    tell_neighbours(bureau.session, [other.id])
    assert set(_asked(bureau)) == {lost.id}
