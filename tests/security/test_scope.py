"""What another squad, another dock or a narrower role could learn or change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from schemas.accounts import Role
from schemas.base import new_id
from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.jobs import Job, JobKind, JobState
from schemas.links import Link, LinkState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState, RemovalRequest
from schemas.uploads import Upload, UploadState
from service.finding.search.project import index_recordings
from service.kernel import database
from service.kernel.clock import now
from service.kernel.storage import get_store
from service.supervision.coverage.counting import recount
from service.web.cases.pages import case_views
from tests.security.conftest import House

TUS = {"Tus-Resumable": "1.0.0"}


def job_of(recording: UUID, state: JobState = JobState.failed) -> UUID:
    with database.transaction() as session:
        job = session.scalars(select(Job).where(Job.subject_id == recording)).one()
        job.state, job.finished_at = state, now()
        session.add(job)
        return job.id


def test_a_retry_reaches_only_jobs_of_the_own_squad(house: House) -> None:
    job = job_of(house.bureau.receive(b"bytes"))
    path = f"/api/v1/jobs/{job}/retry"
    assert house.ask("POST", path, Role.supervisor, "2").status_code == 404
    assert house.ask("POST", f"/jobs/{job}/retry", Role.supervisor, "2").status_code == 404
    assert house.ask("POST", path, Role.supervisor, "1").json() == {"state": "queued"}
    assert [row.squad_id for row in house.custody("retry_job")] == [house.bureau.squad("1")]


def test_a_job_that_did_not_fail_is_not_made_to_run_again(house: House) -> None:
    job = job_of(house.bureau.receive(b"bytes"), JobState.done)
    assert house.ask("POST", f"/api/v1/jobs/{job}/retry", Role.supervisor).json() == {"state": "done"}
    with house.bureau.session() as session:
        assert session.get_one(Job, job).requested == 1


def test_failures_of_other_squads_do_not_push_the_own_ones_off_the_page(house: House) -> None:
    job_of(house.bureau.receive(b"mine", name="mine.mp4"))
    for number in range(41):
        job_of(house.bureau.receive(f"theirs {number}".encode(), squad="2", name=f"theirs-{number}.mp4"))
    page = house.ask("GET", "/queue", Role.supervisor).text
    assert "mine.mp4" in page and "theirs-" not in page


def test_a_link_tells_nothing_of_an_event_of_another_squad(house: House) -> None:
    recording, event = house.bureau.receive(b"bytes"), house.event("2")
    link = house.link(recording, event)
    for query in ("", f"?recording={recording}", f"?event={event}"):
        assert house.ask("GET", f"/api/v1/links{query}", Role.member).json()["items"] == []
    assert house.ask("POST", f"/api/v1/links/{link}/confirm", Role.member).status_code == 404
    assert house.ask("GET", "/api/v1/links", Role.reviewer, None).json()["items"][0]["id"] == str(link)


def test_a_link_is_decided_under_its_own_recording_only(house: House) -> None:
    recording, other, event = house.bureau.receive(b"a"), house.bureau.receive(b"b"), house.event("1")
    link = house.link(recording, event)
    path = "/recordings/{}/links/{}/confirm"
    assert house.ask("POST", path.format(other, link), Role.member).status_code == 404
    assert house.ask("POST", path.format(recording, link), Role.member).status_code == 303


def test_a_filter_names_no_other_squad(house: House) -> None:
    with database.transaction() as session:
        session.execute(update(Squad).where(Squad.id == house.bureau.squad("2")).values(name="隐名中队"))
    path = f"/recordings?squad={house.bureau.squad('2')}"
    assert "隐名中队" not in house.ask("GET", path, Role.member).text
    assert "隐名中队" in house.ask("GET", path, Role.reviewer, None).text


def test_a_squad_is_found_by_its_id_and_by_its_code(house: House) -> None:
    mine = house.bureau.receive(b"mine", squad="1")
    house.bureau.receive(b"theirs", squad="2")
    for squad in (house.bureau.squad("1"), "1"):
        for role, own in ((Role.member, "1"), (Role.reviewer, None)):
            found = house.ask("GET", f"/api/v1/recordings?squad={squad}", role, own).json()["items"]
            assert [item["id"] for item in found] == [str(mine)], (squad, role)


def test_a_filter_that_names_nobody_is_refused_in_every_list_and_another_squads_as_if_it_were_nobodys(
    house: House,
) -> None:
    """An empty list would say that nothing was filmed."""
    case = a_case(house, "2", "乙7")
    event = house.event("2", external_id="E-77")
    with database.transaction() as session:
        session.add(Recorder(serial="R-02", squad_id=house.bureau.squad("2")))
    theirs = {
        "squad": ("2", house.bureau.squad("2")), "case": ("乙7", case), "event": ("E-77", event),
        "recorder": ("R-02",),
    }  # fmt: skip
    nobodys = {name: ("nowhere", str(new_id())) for name in (*theirs, "officer", "kind", "state", "media")}
    takes = {
        "/api/v1/recordings": nobodys.keys(), "/api/v1/recordings/facets": nobodys.keys(), "/recordings": nobodys.keys(),
        "/api/v1/events": ("squad", "case", "officer", "kind"), "/api/v1/cases": ("squad",),
    }  # fmt: skip
    for path, names in takes.items():
        for name in names:
            for value in nobodys[name]:
                assert house.ask("GET", f"{path}?{name}={value}", Role.reviewer, None).status_code == 400
            for said in theirs.get(name, ()):
                mine = house.ask("GET", f"{path}?{name}={said}", Role.member)
                assert mine.status_code == 400, (path, name, said)
                assert house.ask("GET", f"{path}?{name}={said}", Role.reviewer, None).status_code == 200
    with database.transaction() as session:
        session.add(Officer(certificate_no="000099", name="某人", squad_id=house.bureau.squad("1")))
    assert house.ask("GET", "/api/v1/recordings?officer=０００099", Role.member).json()["items"] == []
    both = "/api/v1/recordings?officer=000099&officer=nowhere"
    assert house.ask("GET", both, Role.member).status_code == 400


def test_a_cursor_of_another_squad_says_nothing_about_its_age(house: House) -> None:
    """A cursor is a place in the order and names no row: an id in its stead is unreadable, whosever it is."""
    theirs = house.bureau.receive(b"theirs", squad="2")
    mine = house.bureau.receive(b"mine", name="later.mp4")
    for path in ("/my-uploads?cursor={}", "/attention?what=waiting&cursor={}"):
        asked = [path.format(one) for one in (theirs, mine, new_id())]
        assert [house.ask("GET", one, Role.supervisor).status_code for one in asked] == [400, 400, 400]
    page = house.ask("GET", "/attention?what=waiting", Role.supervisor).text
    assert "later.mp4" in page and str(theirs) not in page


def test_a_dock_reaches_only_the_uploads_that_it_began(house: House) -> None:
    docks = [
        house.ask("POST", "/api/v1/tokens", Role.member, json={"name": name}).json()["token"] for name in "ab"
    ]
    headers = TUS | {"Authorization": f"Bearer {docks[0]}", "Upload-Length": "5"}
    mine = house.client.post("/api/v1/uploads", headers=headers).headers["location"]
    other = TUS | {"Authorization": f"Bearer {docks[1]}"}
    assert house.client.head(mine, headers=other).status_code == 404
    assert house.client.delete(mine, headers=other).status_code == 404
    assert house.client.head(mine, headers=headers).status_code == 200
    assert house.ask("HEAD", mine, Role.member, headers=TUS).status_code == 200


def test_what_was_received_in_full_is_not_forgotten(house: House) -> None:
    located = house.ask("POST", "/api/v1/uploads", Role.member, headers=TUS | {"Upload-Length": "5"}).headers[
        "location"
    ]
    upload = located.rsplit("/", 1)[1]
    with database.transaction() as session:  # the service was killed before it made the recording
        session.execute(update(Upload).where(Upload.id == UUID(upload)).values(upload_offset=5))
    path = f"/my-uploads/unfinished/{upload}/forget"
    assert house.ask("POST", path, Role.member).status_code == 409
    with house.bureau.session() as session:
        assert session.get_one(Upload, UUID(upload)).state == UploadState.open


def test_asking_twice_for_a_removal_leaves_one_wish(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    for _ in range(2):
        asked = house.ask("POST", f"/my-uploads/{recording}/removal", Role.member, data={"reason": "误传"})
        assert asked.status_code == 303
    with house.bureau.session() as session:
        assert len(session.scalars(select(RemovalRequest)).all()) == 1


def test_a_second_squad_does_not_see_that_its_bytes_were_known(house: House) -> None:
    """Work on an original that another squad sent long before bears no date before the own arrival."""
    house.bureau.receive(b"same")
    second = house.bureau.receive(b"same", squad="2")
    long_ago = datetime(2020, 1, 2, tzinfo=UTC)
    with database.transaction() as session:
        original = Original(sha256="0" * 64, size=4, store_key="originals/x", media={})
        session.add(original)
        session.flush()
        session.execute(update(Recording).values(original_id=original.id))
        session.add(
            Job(
                kind=JobKind.renditions,
                subject_id=original.id,
                queue="encode",
                state=JobState.done,
                requested_at=long_ago,
                finished_at=long_ago,
            )
        )
        session.add(
            Rendition(
                original_id=original.id,
                kind=RenditionKind.video,
                position=0,
                store_key="r",
                content_type="video/mp4",
                size=1,
                attempt=1,
                created_at=long_ago,
            )
        )
    page = house.ask("GET", f"/recordings/{second}", Role.member, "2")
    assert page.status_code == 200 and "2020-01-0" not in page.text
    told = house.ask("GET", f"/api/v1/recordings/{second}", Role.member, "2")
    assert told.json()["renditions"] and len(told.json()["stages"]) == 2
    assert "2020-01-0" not in told.text


def a_case(house: House, squad: str, number: str, **more: Any) -> UUID:
    with database.transaction() as session:
        made = Case(
            **{"number": number, "number_folded": number, "title": "案由"} | more,
            squad_id=house.bureau.squad(squad),
        )
        session.add(made)
    return made.id


def test_an_import_opens_no_case_of_another_squad(house: House) -> None:
    house.bureau.squad("1")
    case = a_case(house, "2", "乙7")
    event = {"title": "一次检查", "kind": "inspection", "squad": "1", "arrived_at": "2024-06-03T08:00:00"}
    row = event | {"external_id": "E-1", "case": "乙7"}
    refused = house.ask("POST", "/api/v1/events/import", Role.supervisor, json=[row]).json()["rows"][0]
    unknown = house.ask("POST", "/api/v1/events/import", Role.supervisor, json=[row | {"case": "乙8"}])
    assert refused["outcome"] == "refused"
    assert unknown.json()["rows"][0]["problem"] == refused["problem"].replace("乙7", "乙8")
    made = house.ask("POST", "/api/v1/events/import", Role.supervisor, json=[event | {"external_id": "E-1"}])
    assert made.json()["rows"][0]["outcome"] == "created"
    again = house.ask("POST", "/api/v1/events/import", Role.supervisor, json=[row]).json()["rows"][0]
    assert again["outcome"] == "refused"
    assert house.ask("POST", "/api/v1/events", Role.member, json=event | {"case": "乙7"}).status_code == 400
    with house.bureau.session() as session:
        own = session.scalars(select(EnforcementEvent.id)).one()
    assert house.ask("PATCH", f"/api/v1/events/{own}", Role.member, json={"case": "乙7"}).status_code == 400
    assert house.ask("GET", f"/api/v1/cases/{case}", Role.supervisor).status_code == 404


def test_an_event_made_from_a_recording_tells_nothing_of_the_claimed_case(house: House) -> None:
    a_case(house, "2", "乙7")
    answers = []
    for number in ("乙7", "乙8"):
        recording = house.bureau.receive(number.encode(), case=number)
        wanted = {"arrived_at": "2024-06-03T08:00:00"}
        path = f"/api/v1/recordings/{recording}/new-event"
        answers.append(house.ask("POST", path, Role.member, json=wanted).status_code)
    assert answers == [201, 201]


def test_a_squad_edits_only_its_own_cases(house: House) -> None:
    case, own = a_case(house, "2", "乙7"), a_case(house, "1", "甲7")
    house.event("1", case_id=case)
    assert house.ask("GET", f"/api/v1/cases/{case}", Role.supervisor).status_code == 200
    for change in ({"title": "改"}, {"squad": "1"}):
        assert house.ask("PATCH", f"/api/v1/cases/{case}", Role.supervisor, json=change).status_code == 403
    moved = house.ask("PATCH", f"/api/v1/cases/{own}", Role.supervisor, json={"squad": "2"})
    assert moved.status_code == 400
    assert (
        house.ask("PATCH", f"/api/v1/cases/{own}", Role.supervisor, json={"title": "改"}).status_code == 200
    )
    assert (
        house.ask("PATCH", f"/api/v1/cases/{case}", Role.legal, None, json={"title": "改"}).status_code == 200
    )


def test_search_finds_no_recording_by_what_another_squad_wrote(house: House) -> None:
    case = a_case(house, "2", "乙7", party="某某饭店")
    event = house.event("2", title="油烟检查", place="和平路九号", case_id=case, external_id="E-77")
    recording = house.bureau.receive(b"bytes")
    with database.transaction() as session:
        session.add(
            Link(recording_id=recording, event_id=event, state=LinkState.confirmed, score=1, rule_version="1")
        )
        index_recordings(session, [recording])

    def found(query: str, role: Role = Role.member, squad: str | None = "1") -> bool:
        answer = house.ask("GET", f"/api/v1/recordings?{query}", role, squad)
        return answer.status_code == 200 and bool(answer.json()["items"])

    probes = ["q=油烟检查", "q=某某饭店", "q=和平路九号", "case=乙7", "event=E-77", f"event={event}"]
    probes += ["kind=inspection"]
    assert not [query for query in probes if found(query)]
    assert found("linked=true")
    own = house.event("1", case_id=None)
    assert (
        house.ask("PATCH", f"/api/v1/events/{own}", Role.reviewer, "1", json={"case": "乙7"}).status_code
        == 400
    )
    moved = house.ask("PATCH", f"/api/v1/events/{own}", Role.reviewer, None, json={"case": "乙7"})
    assert moved.status_code == 200  # now the squad sees the case, though not that event
    with database.transaction() as session:
        index_recordings(session, [recording])
    assert found("case=乙7") and found("q=某某饭店") and not found("q=油烟检查")


def test_a_case_gained_or_lost_is_found_or_not_at_once(house: House) -> None:
    case = a_case(house, "2", "乙7")
    recording, event = house.bureau.receive(b"bytes"), house.event("1")
    with database.transaction() as session:
        session.add(
            Link(recording_id=recording, case_id=case, state=LinkState.confirmed, score=1, rule_version="1")
        )
        index_recordings(session, [recording])
    for number, count in ((None, 0), ("乙7", 1), (None, 0)):
        path = f"/api/v1/events/{event}"
        assert house.ask("PATCH", path, Role.reviewer, None, json={"case": number}).status_code == 200
        shown = house.ask("GET", "/api/v1/recordings?case=乙7", Role.member)
        assert shown.status_code == (200 if count else 400), number  # one that it may not see is nobody's
        assert len(shown.json().get("items", [])) == count, number


def test_an_event_shown_only_by_another_squad_is_recorded_for_everyone_and_names_no_recording(
    house: House,
) -> None:
    """Whether an event of one's own was recorded is a fact of the event: no page may contradict the board. The
    recording stays out of sight."""
    case = a_case(house, "1", "甲7")
    began = datetime(2024, 6, 3, 8, tzinfo=UTC)
    event = house.event(
        "1", title="无人见的检查", case_id=case, arrived_at=began, departed_at=began + timedelta(minutes=10)
    )
    recording = house.bureau.receive(b"theirs", squad="2")
    with database.transaction() as session:
        held = session.get_one(Recording, recording)
        held.state = RecordingState.ready
        held.recorded_from, held.recorded_to = began, began + timedelta(minutes=10)
        session.add(held)
        session.add(
            Link(recording_id=recording, event_id=event, state=LinkState.confirmed, score=1, rule_version="1")
        )
        session.flush()
        recount(session, [event])

    def listed(path: str, role: Role, squad: str | None) -> bool:
        return "无人见的检查" in house.ask("GET", path, role, squad).text

    for path in ("/events?recorded={}", "/api/v1/events?recorded={}"):
        for role, squad in ((Role.member, "1"), (Role.reviewer, None)):
            assert listed(path.format("yes"), role, squad) and not listed(path.format("no"), role, squad)
    with house.bureau.session() as session:
        known = session.get_one(Case, case)
        for scope in (house.bureau.squad("1"), None):
            actor = replace(house.bureau.actor("1"), role=Role.reviewer, squad_id=scope)
            assert [view.without_recording for view in case_views(session, actor, [known])] == [0]
    told = house.ask("GET", f"/api/v1/events/{event}", Role.member, "1").text
    page = house.ask("GET", f"/events/{event}", Role.member, "1").text
    assert str(recording) not in told + page


def test_stills_are_noted_as_a_view(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    picture = house.bureau.folder / "still.jpg"
    picture.write_bytes(b"still")
    with database.transaction() as session:
        original = Original(sha256="0" * 64, size=5, store_key="originals/x", media={})
        session.add(original)
        session.flush()
        row = session.get_one(Recording, recording)
        row.original_id = original.id
        session.add(
            Rendition(
                original_id=original.id,
                kind=RenditionKind.still,
                position=0,
                store_key=get_store().objects.put_file("renditions/x", picture).key,
                content_type="image/jpeg",
                size=5,
                attempt=1,
            )
        )
    for _ in range(2):
        assert house.ask("GET", f"/api/v1/recordings/{recording}/stills/0", Role.member).status_code == 200
    assert [row.subject_id for row in house.custody("view")] == [recording]


@pytest.mark.parametrize(
    ("role", "status"), [(Role.auditor, 200), (Role.supervisor, 200), (Role.member, 403)]
)
def test_an_auditor_reads_the_lists_that_the_menu_offers(house: House, role: Role, status: int) -> None:
    for path in ("/people", "/recorders"):
        assert house.ask("GET", path, role, "1" if role == Role.member else None).status_code == status


def test_figures_of_the_service_are_for_collectors_and_those_who_may_see_the_queue(house: House) -> None:
    assert house.client.get("/metrics").status_code == 401
    assert house.ask("GET", "/metrics", Role.member).status_code == 403
    assert house.ask("GET", "/metrics", Role.supervisor).status_code == 200


# ---- denials ---------------------------------------------------------------------------------------


def test_who_was_refused_stands_in_the_custody_of_what_was_asked_for(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    for path in (f"/api/v1/recordings/{recording}", f"/api/v1/recordings/{recording}/original"):
        assert house.ask("GET", path, Role.member, "2").status_code == 404
    denials = house.custody("deny")
    assert [(row.actor, row.subject_id, row.squad_id) for row in denials] == [
        ("member-2", recording, house.bureau.squad("1"))
    ] * 2
    assert denials[1].detail["asked"].endswith("/original")
    shown = house.ask("GET", f"/api/v1/custody?subject={recording}", Role.supervisor, "1").json()["items"]
    assert [row["action"] for row in shown][:2] == ["deny", "deny"]
    hidden = house.ask("GET", f"/api/v1/custody?subject={recording}", Role.supervisor, "2").json()["items"]
    assert hidden == []


def test_out_of_scope_and_absent_are_answered_alike(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    answers = [
        house.ask("GET", f"/api/v1/recordings/{one}", Role.member, "2") for one in (recording, uuid4())
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[0].headers.keys() == answers[1].headers.keys()
    assert len(house.custody("deny")) == 1


def test_a_link_of_another_squad_stands_in_custody_when_it_is_asked_for(house: House) -> None:
    recording, event = house.bureau.receive(b"bytes"), house.event("1")
    theirs = house.link(recording, event)
    mixed = house.link(house.bureau.receive(b"mine", squad="2"), event)
    for link in (theirs, mixed, uuid4()):
        assert house.ask("POST", f"/api/v1/links/{link}/reject", Role.member, "2").status_code == 404
    told = [(row.subject_kind, row.subject_id, row.squad_id) for row in house.custody("deny")]
    squad = house.bureau.squad("1")
    assert told == [("recording", recording, squad), ("event", event, squad)]


def test_a_refused_role_and_a_missing_csrf_token_stand_in_custody(house: House) -> None:
    assert house.ask("GET", "/api/v1/accounts", Role.member).status_code == 403
    client = house.client
    client.cookies.set("zhenglu_session", house.secret(Role.member))
    assert client.post("/api/v1/tokens", json={"name": "d"}).status_code == 403
    assert client.post("/api/v1/uploads", headers=TUS | {"Upload-Length": "1"}).status_code == 403
    client.cookies.clear()
    assert [row.detail["because"] for row in house.custody("deny")] == ["not-allowed", "csrf", "csrf"]
