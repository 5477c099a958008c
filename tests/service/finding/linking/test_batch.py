"""Many recordings linked together have the links that each alone would have."""

import pytest
import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session, select

from deploy.demo.simulator.rounds import rounds_year
from deploy.demo.simulator.rows import Year
from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.links import Link, LinkState
from schemas.policy import PolicyValue
from service.finding.linking import batch
from service.finding.linking.actions import confirm, link_recording
from service.finding.linking.batch import relink_all
from tests.bench.year_index import load
from tests.service.finding.linking.field import Field


def _links(session: Session) -> set[tuple]:
    rows = session.scalars(select(Link).execution_options(populate_existing=True))
    return {
        (one.recording_id, one.event_id, one.state, one.score, str(one.reasons), one.part_from, one.part_to)
        for one in rows
    }


@pytest.fixture
def year(clean_engine: sqlalchemy.Engine) -> Year:
    year = rounds_year(7, squads=2, crews=2, days=2)
    load(clean_engine, year)
    return year


@pytest.mark.timeout(300)
def test_a_chunk_of_many_and_chunks_of_one_make_the_same_links(
    clean_engine: sqlalchemy.Engine, year: Year, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "CHUNK", 37)
    assert relink_all(clean_engine).recordings == len(year.files)
    with Session(clean_engine) as session:
        together = _links(session)
        assert len(together) > len(year.files) // 2
        for file in year.files[::7]:
            link_recording(session, file.id)
        assert _links(session) == together
        noted = session.scalars(select(func.count()).select_from(CustodyEntry)).one()
        session.commit()
    assert relink_all(clean_engine).changed == 0
    with Session(clean_engine) as session:
        assert session.scalars(select(func.count()).select_from(CustodyEntry)).one() == noted


def test_a_raised_threshold_takes_the_machine_s_links_back_on_record_and_no_person_s(
    clean_engine: sqlalchemy.Engine, year: Year
) -> None:
    relink_all(clean_engine)
    with Session(clean_engine) as session:
        automatic = select(Link).where(Link.state == LinkState.automatic).order_by(Link.score, Link.id)
        weakest, next_one = session.scalars(automatic.limit(2))
        bureau = Field(session)
        confirm(session, bureau.actor(Role.admin), weakest.id)
        session.add(PolicyValue(name="link_automatic_from", value=1.0))
        session.commit()
        kept, taken, recording = weakest.id, next_one.id, next_one.recording_id
    assert relink_all(clean_engine).changed > 0
    with Session(clean_engine) as session:
        assert session.get_one(Link, kept).state == LinkState.confirmed
        assert session.get_one(Link, taken).state == LinkState.offered
        told = session.scalars(
            select(CustodyEntry)
            .where(CustodyEntry.subject_id == recording, CustodyEntry.actor == "linking")
            .order_by(CustodyEntry.id.desc())
        ).first()
        assert told is not None
        assert (told.detail["before"], told.detail["state"]) == ("automatic", "offered")
