"""Where a recording really has samples, from its original to the API and the pages of recording and event."""

from typing import Any
from uuid import UUID

from sqlmodel import Session

from schemas.accounts import Role
from schemas.links import Link, LinkState
from schemas.originals import MediaState, Original
from schemas.recordings import Recording
from service.kernel.changes import changed
from tests.service.access.bureau import Bureau
from tests.service.access.conftest import bureau  # noqa: F401


def ask(bureau: Bureau, path: str) -> Any:  # noqa: F811
    return bureau.ask(bureau.secret(Role.member, "one"), "GET", path).json()


def test_what_is_recorded_is_shown_by_its_stretches_and_what_is_dark_beside_it(bureau: Bureau) -> None:  # noqa: F811
    event, recording_id = bureau.ids["event_id"], UUID(bureau.ids["recording_id"])
    with Session(bureau.engine) as session:
        link = session.get_one(Link, UUID(bureau.ids["link_id"]))
        link.state = LinkState.automatic
        session.add(link)
        recording = session.get_one(Recording, recording_id)
        original = Original(
            sha256="f" * 64,
            size=1,
            store_key="holed",
            stretches=[[0, 300], [900, 1800]],
            recorded_s=1200,
            media_state=MediaState.ready,
            measurements={"black": [[100, 200], [850, 910]], "silent": [[0, 1800]], "dark": [[0, 9]]},
        )
        session.add(original)
        session.flush()
        recording.original_id = original.id
        session.add(recording)
        changed(session, Recording, [recording_id], {"original_id"})
        session.commit()
    found = ask(bureau, f"/api/v1/events/{event}/coverage")
    assert (found["counted"]["status"], found["counted"]["coverage"]["recorded_s"]) == ("partly", 1200.0)
    assert [gap[2] for gap in found["counted"]["coverage"]["gaps"]] == ["middle"]
    [strip] = found["recordings"]
    assert [one["start"][11:16] for one in strip["stretches"]] == ["01:00", "01:15"]
    assert (strip["measured"], strip["sparse"], strip["counts"]) == (True, False, True)
    assert found["beside"] == {"black": 110.0, "silent": 1200.0}
    told = ask(bureau, f"/api/v1/recordings/{recording_id}")
    assert told["stretches"] == [{"start_s": 0, "end_s": 300}, {"start_s": 900, "end_s": 1800}]
    assert (told["recorded_s"], told["measured"], told["sparse"]) == (1200, True, False)
    secret = bureau.secret(Role.member, "one")
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}
    page = bureau.client.get(f"/events/{event}", headers=headers).text
    assert "20 min recorded in 2 stretches" in page and "of which: Black picture 1 min 50 s" in page
    page = bureau.client.get(f"/recordings/{recording_id}", headers=headers).text
    assert "Nothing recorded for 10 min" in page and "20 min in 2 stretches" in page
