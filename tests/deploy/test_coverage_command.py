"""`zhenglu coverage`, as somebody who never used it would run it."""

import csv
import io
import json
import os
from collections.abc import Iterator

import pytest
import sqlalchemy
import typer
from sqlmodel import Session, select
from typer.testing import CliRunner

from deploy.coverage import register
from schemas.custody import CustodyEntry
from service.kernel import database, i18n
from service.kernel.settings import get_settings
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.rules import VERSION
from tests.service.finding.linking.field import Field
from tests.service.supervision.coverage.random_bureau import draw

JUNE = ("--from", "2024-06-01", "--to", "2024-06-30")
app = typer.Typer()
register(app)


def run(*arguments: str, locale: str = "en") -> tuple[int, str, str]:
    with i18n.speaking(locale):
        done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("ZHENGLU_")]:
        monkeypatch.delenv(name)
    get_settings.cache_clear()
    database.get_engine.cache_clear()
    yield
    get_settings.cache_clear()
    database.get_engine.cache_clear()


@pytest.fixture
def bureau(
    clean_database: str, clean_engine: sqlalchemy.Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sqlalchemy.Engine]:
    with Session(clean_engine, expire_on_commit=False) as session:
        draw(Field(session), 3)
        recount_all(session)
        session.commit()
    monkeypatch.setenv("ZHENGLU_DATABASE_URL", clean_database)
    get_settings.cache_clear()
    yield clean_engine
    database.get_engine().dispose()


def test_the_table_says_share_numbers_exclusions_rule_and_time(bureau: sqlalchemy.Engine) -> None:
    code, said, _ = run("--by", "squad", *JUNE)
    assert code == 0
    for part in (
        "中队 one",
        "中队 two",
        "All together",
        "Events recorded",
        "Left out",
        f"Counting rule {VERSION}",
        "As of",
    ):
        assert part in said
    assert "2024-06-01 – 2024-06-30" in said and "%" in said and " / " in said.replace("\xa0", " ")
    assert "From 2024-06-05 version 1 of the matters list holds" in said


def test_json_and_csv_say_the_same_as_the_api_and_leave_a_custody_row(bureau: sqlalchemy.Engine) -> None:
    code, said, _ = run("--by", "kind", "--basis", "confirmed", *JUNE, "--json")
    told = json.loads(said)
    assert code == 0 and told["basis"] == "confirmed" and told["by"] == ["kind"]
    code, said, _ = run("--by", "kind", "--basis", "confirmed", "--as-of", told["as_of"], *JUNE, "--csv")
    rows = list(csv.DictReader(io.StringIO(said.lstrip("\ufeff"))))
    assert code == 0 and len(rows) == (len(told["rows"]) + 1) * len(told["total"]["figures"])
    assert float(rows[0]["Denominator"]) == told["rows"][0]["figures"]["recorded"]["denominator"]
    with Session(bureau) as session:
        forms = [row.detail["format"] for row in session.scalars(select(CustodyEntry))]
    assert forms == ["json", "csv"]


def test_all_figures_stand_one_under_the_other(bureau: sqlalchemy.Engine) -> None:
    code, said, _ = run("--by", "squad", "--figures", "all", *JUNE)
    assert code == 0 and "Recordings not linked" in said and "Clocks out of step" in said
    code, said, _ = run("--by", "kind", "--figures", "recorded,docked", *JUNE)
    assert code == 0 and "Cannot be had by these groups or filters: Recorders seen by a dock" in said


def test_it_speaks_chinese(bureau: sqlalchemy.Engine) -> None:
    code, said, _ = run("--by", "squad", *JUNE, locale="zh_CN")
    assert code == 0 and "All together" not in said and "合计" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "yesterday"), "write it as 2024-06-03"),
        (("--as-of", "noon"), "is no time"),
        (("--from", "2024-07-01", "--to", "2024-06-01"), "lies after"),
        (("--by", "squat"), "Possible: squad, officer"),
        (("--figures", "all", "--by", "a,b,c"), "Possible: squad, officer"),
        (("--kind", "x"), "Possible: inspection"),
        (("--figures", "x"), "Possible: recorded"),
        (("--squad", "nine"), "nine"),
        (("--json", "--csv"), "not both"),
    ],
)
def test_what_it_does_not_understand_it_says_with_what_it_would(
    bureau: sqlalchemy.Engine, arguments: tuple[str, ...], sentence: str
) -> None:
    code, said, problems = run(*arguments)
    assert code == 2
    assert sentence in " ".join((said + problems).replace("│", " ").split())


@pytest.mark.parametrize("as_of", ["2024/6/30 24:00", "2024年7月1日 0点", "２０２４－０７－０１", "20240701"])
def test_days_and_times_are_read_as_people_write_them(bureau: sqlalchemy.Engine, as_of: str) -> None:
    written = ("--from", "2024年6月1日", "--to", "2024/6/30")
    code, said, _ = run("--json", "--as-of", as_of, *written)
    _, plain, _ = run("--json", "--as-of", "2024-07-01T00:00:00+08:00", *JUNE)
    told, meant = json.loads(said), json.loads(plain)
    assert code == 0 and told["as_of"] == meant["as_of"] and told["total"] == meant["total"]


def test_a_range_without_events_says_so(bureau: sqlalchemy.Engine) -> None:
    code, _, problems = run("--from", "2001-01-01", "--to", "2001-01-31")
    assert code == 0 and "Nothing to count in this range." in problems


def test_without_a_database_it_says_what_is_missing() -> None:
    code, _, problems = run(*JUNE)
    assert code == 2 and "ZHENGLU_DATABASE_URL" in problems
