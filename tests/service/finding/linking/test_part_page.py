"""The form of a link's part on the recording's page, over the running application."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy
from httpx import Response
from sqlmodel import Session

from schemas.accounts import Role
from schemas.links import Link, LinkState
from schemas.recordings import Recording
from tests.service.access.bureau import Bureau, open_bureau
from tests.service.access.conftest import own_settings


@pytest.fixture
def bureau(clean_engine: sqlalchemy.Engine, clean_database: str, tmp_path: Path) -> Iterator[Bureau]:
    bureau = open_bureau(clean_engine)
    with Session(clean_engine) as session:
        link = session.get_one(Link, _id(bureau, "link_id"))
        begun = session.get_one(Recording, link.recording_id).recorded_from
        link.part_from, link.part_to = begun, begun + timedelta(minutes=20)
        session.add(link)
        session.commit()
    with own_settings(clean_database, tmp_path):
        yield bureau


def _id(bureau: Bureau, name: str) -> UUID:
    return UUID(bureau.ids[name])


def _post(bureau: Bureau, secret: str, since: str, until: str) -> Response:
    path = "/recordings/{recording_id}/links/{link_id}/part".format(**bureau.ids)
    headers = {"Authorization": f"Bearer {secret}", "HX-Request": "true", "HX-Target": "links"}
    return bureau.client.post(path, data={"since": since, "until": until}, headers=headers)


def test_the_part_is_shown_chosen_and_kept(bureau: Bureau) -> None:
    member = bureau.secret(Role.member, "one")
    page = bureau.client.get(
        f"/recordings/{bureau.ids['recording_id']}", headers={"Authorization": f"Bearer {member}"}
    )
    assert page.status_code == 200
    assert 'value="0:00"' in page.text and 'value="20:00"' in page.text
    answer = _post(bureau, member, "1:30", "2:00")
    assert answer.status_code == 200
    assert 'value="1:30"' in answer.text
    with Session(bureau.engine) as session:
        link = session.get_one(Link, _id(bureau, "link_id"))
        assert (link.part_start_s, link.part_end_s, link.state) == (90, 120, LinkState.confirmed)


@pytest.mark.parametrize("part", [("2:00", "1:00"), ("x", "1:00"), ("", "1:00")])
def test_what_is_no_part_is_refused_with_a_sentence(bureau: Bureau, part: tuple[str, ...]) -> None:
    answer = _post(bureau, bureau.secret(Role.member, "one"), *part)
    assert answer.status_code == 400


def test_another_squad_finds_nothing(bureau: Bureau) -> None:
    assert _post(bureau, bureau.secret(Role.member, "two"), "0:00", "1:00").status_code == 404
