"""Runs in the copy, where one of each was added."""

import re
from uuid import UUID

from sqlalchemy import select

from schemas.accounts import Role
from schemas.cases import Campaign
from schemas.custody import CustodyEntry
from schemas.events import EventKind
from schemas.jobs import Job, JobKind, JobState
from schemas.links import Link, LinkState
from service.finding.search.project import index_recordings
from service.footage.tags import TAGS
from service.kernel.custody import act_of, record
from service.kernel.database import get_engine, transaction
from service.kernel.jobs import request_job
from service.registry.cases import acts
from service.registry.matters.table import kind_cell
from service.supervision.coverage.counting import recount_all
from tests.service.access.bureau import Bureau
from tests.service.access.conftest import bureau  # noqa: F401
from workers.runner import run_job
from workers.stages import STAGES

YEAR = "from=2024-01-01&to=2024-12-31"


def page(bureau: Bureau, path: str, role: Role = Role.admin) -> str:  # noqa: F811
    answer = bureau.client.get(
        path, headers={"Authorization": f"Bearer {bureau.secret(role, None)}", "Accept-Language": "en"}
    )
    assert answer.status_code == 200, (path, answer.text[:500])
    return answer.text


def test_a_kind_of_event(bureau: Bureau) -> None:  # noqa: F811
    admin = bureau.secret(Role.admin, None)
    wanted = {
        "kind": "sealing", "title": "Sealed", "arrived_at": "2024-06-03T09:00:00+08:00",
        "departed_at": "2024-06-03T09:30:00+08:00", "squad": "one", "external_id": "E-S",
    }  # fmt: skip
    made = bureau.ask(admin, "POST", "/api/v1/events", wanted)
    assert made.status_code == 201, made.text
    assert kind_cell("查封扣押") == EventKind("sealing")
    here = f"/events/{made.json()['id']}"
    for path in ("/events", here, f"{here}/edit", "/matters", f"/coverage?{YEAR}"):
        assert "Sealing" in page(bureau, path), path
    row = "外部编号,类型,标题,抵达时间,离开时间,中队\nE-I,查封扣押,I,2024-06-03 10:00,2024-06-03 10:20,one\n"
    told = bureau.client.post(
        "/api/v1/events/import",
        content=row.encode(),
        headers={"Authorization": f"Bearer {admin}", "Content-Type": "text/csv"},
    )
    assert told.status_code == 200 and told.json()["counts"]["created"] == 1, told.text
    with transaction(get_engine()) as session:
        recording_id = session.scalars(select(Link.recording_id)).first()
        session.add(
            Link(recording_id=recording_id, event_id=made.json()["id"], state=LinkState.automatic, score=1,
                 rule_version="1")
        )  # fmt: skip
        session.flush()
        index_recordings(session, [recording_id])
    found = bureau.ask(admin, "GET", "/api/v1/recordings?q=查封扣押").json()
    assert [one["id"] for one in found["items"]] == [str(recording_id)]
    assert bureau.ask(admin, "GET", "/api/v1/recordings?kind=sealing").json()["items"]
    told = bureau.ask(admin, "GET", f"/api/v1/coverage?{YEAR}&by=kind").json()
    assert "sealing" in [row["keys"]["kind"]["value"] for row in told["rows"]]
    export = bureau.client.get(
        f"/api/v1/coverage/export?{YEAR}&by=kind&format=csv",
        headers={"Authorization": f"Bearer {admin}", "Accept-Language": "en"},
    )
    assert b"Sealing" in export.content


def test_a_queue_and_a_kind_of_job(bureau: Bureau) -> None:  # noqa: F811
    shown = page(bureau, "/queue")
    assert "Speech to text" in shown
    queues = bureau.ask(bureau.secret(Role.admin, None), "GET", "/api/v1/queues").json()
    assert "speech" in str(queues)
    with transaction(get_engine()) as session:
        job_id = request_job(session, JobKind("transcribe"), UUID(bureau.ids["recording_id"]))
    with transaction(get_engine()) as session:
        assert session.get_one(Job, job_id).queue == "speech"
    assert JobKind("transcribe") in STAGES
    run_job(job_id, "test")
    with transaction(get_engine()) as session:
        assert session.get_one(Job, job_id).state == JobState.done
    assert "Write down what is said" in page(bureau, f"/recordings/{bureau.ids['recording_id']}")


def test_a_kind_of_import(bureau: Bureau) -> None:  # noqa: F811
    assert "Patrols" in page(bureau, "/import")
    headers = {"Authorization": f"Bearer {bureau.secret(Role.admin, None)}", "Accept-Language": "en"}
    file = {"file": ("patrols.csv", b"external_id,name\nP-1,Night\n", "text/csv")}
    checked = bureau.client.post("/import/patrols", files=file, data={"do": "check"}, headers=headers)
    assert checked.status_code == 200, checked.text
    (fingerprint,) = re.findall(r'name="checked" value="([^"]+)"', checked.text)
    sent = {"do": "apply", "checked": fingerprint}
    assert bureau.client.post("/import/patrols", files=file, data=sent, headers=headers).status_code == 200
    with transaction(get_engine()) as session:
        assert session.scalars(select(Campaign).where(Campaign.external_id == "P-1")).one().name == "Night"


def test_a_coverage_figure(bureau: Bureau) -> None:  # noqa: F811
    with transaction(get_engine()) as session:
        for link in session.scalars(select(Link)):
            link.state = LinkState.automatic
        session.flush()
        recount_all(session)
    admin = bureau.secret(Role.admin, None)
    told = bureau.ask(admin, "GET", f"/api/v1/coverage?{YEAR}").json()
    figure = told["total"]["figures"]["twice"]
    assert (figure["numerator"], figure["denominator"]) == (0, 1)
    assert "Shown twice" in page(bureau, f"/coverage?{YEAR}")
    rows = bureau.ask(admin, "GET", f"/api/v1/coverage/rows?{YEAR}&figure=twice&part=rest").json()
    assert len(rows["items"]) == 1
    assert "shown once or never" in page(bureau, f"/coverage/rows?{YEAR}&figure=twice&part=rest")
    export = bureau.client.get(
        f"/api/v1/coverage/export?{YEAR}&format=csv",
        headers={"Authorization": f"Bearer {admin}", "Accept-Language": "en"},
    )
    assert b"Shown twice" in export.content


def test_a_tag(bureau: Bureau) -> None:  # noqa: F811
    recording_id = UUID(bureau.ids["recording_id"])
    with transaction(get_engine()) as session:
        session.add(TAGS["rain"].row(recording_id, start_s=1.0, end_s=2.0))
        session.flush()
        index_recordings(session, [recording_id])
    shown = page(bureau, f"/recordings/{recording_id}")
    assert "Rain" in shown and "measured in the picture" in shown
    found = bureau.ask(bureau.secret(Role.admin, None), "GET", "/api/v1/recordings?tag=rain").json()
    assert [one["id"] for one in found["items"]] == [str(recording_id)]
    assert "Rain" in page(bureau, "/recordings?tag=rain")


def test_an_act_of_custody(bureau: Bureau) -> None:  # noqa: F811
    with transaction(get_engine()) as session:
        record(session, "system", acts.CLOSE_CASE, "case", None)  # type: ignore[attr-defined]  # added to the copy
    told = bureau.ask(bureau.secret(Role.admin, None), "GET", "/api/v1/custody").json()
    assert "close_case" in [one["action"] for one in told["items"]]
    with transaction(get_engine()) as session:
        entry = session.scalars(select(CustodyEntry).where(CustodyEntry.action == "close_case")).one()
        said = act_of(entry)
        assert said is not None and str(said.words) == "closed the case"
