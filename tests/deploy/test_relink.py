"""`zhenglu relink` on a database of its own."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from typer.testing import CliRunner

from deploy.cli import app
from schemas.links import Link
from service.kernel.i18n import speaking
from tests.service.access.conftest import own_settings
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def filmed(clean_engine: Engine) -> Engine:
    with Session(clean_engine) as session:
        bureau = Field(session)
        for day in (0, 1):
            bureau.event(at("09:00", day), at("09:30", day), ("012",))
            bureau.recording(at("09:00", day), at("09:30", day), officer="012")
        session.commit()
    return clean_engine


def test_only_the_days_asked_for_are_linked_anew(filmed: Engine, clean_database: str, tmp_path: Path) -> None:
    day = f"{at('09:00', 1):%Y-%m-%d}"
    with own_settings(clean_database, tmp_path), speaking("en"):
        answer = CliRunner().invoke(app, ["relink", "--since", day, "--until", day], env={"LANG": "en"})
    assert answer.exit_code == 0, answer.output
    assert "1 recordings looked at, the links of 1 changed." in answer.output
    with Session(filmed) as session:
        assert [link.part_from for link in session.scalars(select(Link))] == [at("09:00", 1)]


def test_a_day_that_is_none_is_refused(clean_database: str, tmp_path: Path) -> None:
    with own_settings(clean_database, tmp_path):
        answer = CliRunner().invoke(app, ["relink", "--since", "June"])
    assert answer.exit_code == 2
