"""The recorder's page, the list of clocks, and the API behind them: who may, then what is shown."""

from datetime import timedelta

import pytest

from schemas.accounts import Role
from schemas.clocks import ClockOffset, OffsetSource
from schemas.people import Officer
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording
from service.kernel import database
from service.kernel.clock import now
from tests.security.conftest import House, house  # noqa: F401 - a fixture

SERIAL = "R/07 甲"
PATH = "/recorders/R%2F07%20%E7%94%B2"


@pytest.fixture
def recorder(house: House) -> Recorder:  # noqa: F811
    squad = house.bureau.squad("1")
    house.bureau.squad("2")
    with database.transaction() as session:
        recorder = Recorder(serial=SERIAL, squad_id=squad)
        officer = Officer(certificate_no="012", name="队员 012", squad_id=squad)
        session.add_all([recorder, officer])
        session.flush()
        start = now() - timedelta(days=20)
        session.add(Assignment(recorder_id=recorder.id, officer_id=officer.id, held_from=start))
        for days, offset, source in (
            (9, 2.0, "dock"),
            (6, 3.0, "dock"),
            (4, 28803.0, "hand"),
            (2, 4.0, "dock"),
        ):
            session.add(
                ClockOffset(
                    recorder_id=recorder.id,
                    source=OffsetSource(source),
                    measured_at=now() - timedelta(days=days),
                    offset_s=offset,
                    doubt_s=1.0,
                )
            )
    return recorder


def film(recorder: Recorder) -> Recording:
    with database.transaction() as session:
        start = now() - timedelta(days=3)
        recording = Recording(
            squad_id=recorder.squad_id,
            recorder_id=recorder.id,
            claimed_from=start,
            recorded_from=start,
            recorded_to=start + timedelta(minutes=9),
            received_at=start + timedelta(hours=5),
        )
        session.add(recording)
    return recording


def test_only_those_who_see_recorders_see_theirs(house: House, recorder: Recorder) -> None:  # noqa: F811
    for role in (Role.member, Role.reviewer, Role.legal):
        assert house.ask("GET", PATH, role).status_code == 403
        assert house.ask("GET", "/clocks", role).status_code == 403
    assert house.ask("GET", PATH, Role.supervisor, "2").status_code == 404
    assert house.ask("GET", "/recorders/none", Role.supervisor, "1").status_code == 404
    assert "R/07" not in house.ask("GET", "/clocks", Role.supervisor, "2").text
    for role in (Role.supervisor, Role.auditor, Role.admin):
        page = house.ask("GET", PATH, role)
        assert page.status_code == 200 and "队员 012" in page.text
        assert ('name="device_time"' in page.text) == (role != Role.auditor)


def test_the_page_tells_what_is_believed(house: House, recorder: Recorder) -> None:  # noqa: F811
    page = house.ask("GET", PATH, Role.supervisor, headers={"accept-language": "en"}).text
    assert "Not believed" in page and "8 h 3 s fast" in page and "4 s fast" in page and "In step" in page
    listed = house.ask("GET", "/clocks", Role.supervisor, headers={"accept-language": "en"}).text
    assert PATH in listed


def test_a_form_moves_the_recordings_and_withdrawing_moves_them_back(
    house: House,  # noqa: F811
    recorder: Recorder,
) -> None:
    recording = film(recorder)
    refused = house.ask("POST", f"{PATH}/clock", Role.auditor, data={"offset_s": "9"})
    assert refused.status_code == 403
    wrong = house.ask("POST", f"{PATH}/clock", Role.supervisor, data={"offset_s": "a lot"})
    assert wrong.status_code == 400
    form = {"offset_s": "60", "doubt_s": "1", "measured_at": (now() - timedelta(days=1)).isoformat()}
    assert house.ask("POST", f"{PATH}/clock", Role.supervisor, data=form).status_code == 303
    api = house.ask("GET", f"/api/v1/recorders/{recorder.id}/clock", Role.supervisor).json()
    assert (api["offset_s"], api["source"], api["out_of_step"]) == (60.0, "hand", True)
    assert len(api["measurements"]) == 5 and api["next"] is None
    assert house.bureau.recording(recording.id).clock_offset_s == pytest.approx(3.7, abs=0.7)
    page = house.ask("GET", f"/recordings/{recording.id}", Role.supervisor, headers={"accept-language": "en"})
    assert "s fast" in page.text and PATH in page.text
    assert PATH not in house.ask("GET", f"/recordings/{recording.id}", Role.member).text
    newest = api["measurements"][0]["id"]
    answer = house.ask("POST", f"{PATH}/clock/{newest}/withdraw", Role.supervisor)
    assert answer.status_code == 303
    again = house.ask("GET", f"/api/v1/recorders/{recorder.id}/clock", Role.supervisor).json()
    assert (again["offset_s"], again["out_of_step"]) == (4.0, False)
    assert again["measurements"][0]["withdrawn_at"] is not None


def test_the_figure_opens_into_its_rows(house: House, recorder: Recorder) -> None:  # noqa: F811
    with database.transaction() as session:
        session.add(Recorder(serial="R-08", squad_id=recorder.squad_id))
    told = house.ask("GET", "/api/v1/clocks", Role.supervisor).json()
    assert told["figure"]["denominator"] == 1 and told["figure"]["excluded"] == {"never_measured": 1}
    assert [row["recorder"] for row in told["items"]] == [SERIAL, "R-08"]
    assert house.ask("GET", "/api/v1/clocks?out_of_step=1", Role.supervisor).json()["items"] == []
    assert house.ask("GET", "/api/v1/clocks", Role.supervisor, "2").json()["items"] == []


def test_who_answers_for_the_whole_bureau_says_whether_a_model_records_with_pictures_far_apart(
    house: House,  # noqa: F811
    recorder: Recorder,
) -> None:
    path = f"{PATH}/time-lapse"
    assert (
        house.ask("POST", path, Role.supervisor, None, data={"counts": "yes"}).status_code == 404
    )  # no model
    with database.transaction() as session:
        model = RecorderModel(code="M", conventions={"clock_zone": "UTC"})
        session.add(model)
        session.flush()
        session.get_one(Recorder, recorder.id).model_id = model.id
    assert house.ask("POST", path, Role.auditor, data={"counts": "yes"}).status_code == 403
    assert house.ask("POST", path, Role.supervisor, "1", data={"counts": "yes"}).status_code == 403
    assert path not in house.ask("GET", PATH, Role.supervisor, "1").text
    page = house.ask("GET", PATH, Role.supervisor, None, headers={"accept-language": "en"}).text
    assert path in page and "do not count as recorded" in page
    for said, kept in (({"counts": "yes"}, True), ({}, None)):
        assert house.ask("POST", path, Role.supervisor, None, data=said).status_code == 303
        with database.transaction() as session:
            conventions = session.get_one(RecorderModel, model.id).conventions
        assert conventions == {"clock_zone": "UTC"} | ({"time_lapse": True} if kept else {})
