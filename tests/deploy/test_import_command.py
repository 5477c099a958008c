"""`zhenglu import` against a running service, as somebody who never used it would run it."""

# The fixtures of the uploads are taken by their names.
# ruff: noqa: F811

import json
import os
from pathlib import Path

import pytest
import typer
from openpyxl import load_workbook
from typer.testing import CliRunner

from deploy.import_rows import What, register
from deploy.process import free_port
from service.desk.imports.kinds import IMPORTS
from service.kernel.settings import get_settings
from service.registry.importing.rules import read
from tests.service.footage.uploads.conftest import bureau, service  # noqa: F401 (fixtures)
from tests.service.footage.uploads.service import PASSWORD, Service

OFFICERS = "证号,姓名,中队,籍贯\n031,队员 031,一中队,x\n032,队员 032,nine,\n"
app = typer.Typer()
register(app)


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "180", **environment})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, beside no running service."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ZHENGLU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZHENGLU_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()


@pytest.fixture
def signed(service: Service) -> dict[str, str]:
    return {"ZHENGLU_SERVER": service.url, "ZHENGLU_USER": "admin", "ZHENGLU_PASSWORD": PASSWORD}


@pytest.fixture
def officers(tmp_path: Path) -> Path:
    path = tmp_path / "officers.csv"
    path.write_text(OFFICERS, encoding="gbk")
    return path


def test_a_table_is_checked_then_imported_then_nothing_is_left_to_do(
    tmp_path: Path, service: Service, signed: dict[str, str], officers: Path
) -> None:
    code, said = run("officers", str(officers), "--dry-run", **signed)
    assert code == 1  # a row is refused
    assert "nine" in said
    assert "籍贯" in said
    assert service.bureau.sql("SELECT count(*) FROM officers WHERE certificate_no = '031'") == [(0,)]
    assert run("officers", str(officers), **signed)[0] == 1
    assert service.bureau.sql("SELECT count(*) FROM officers WHERE certificate_no = '031'") == [(1,)]
    officers.write_text(OFFICERS.split("032")[0])
    assert run("officers", str(officers), "--report", "told.xlsx", **signed)[0] == 0
    told = list(load_workbook(tmp_path / "told.xlsx").active.iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[2]) for row in told] == [(2, "unchanged")], "as the spreadsheet numbers it"
    assert service.bureau.sql("SELECT count(*) FROM sign_ins") == [(0,)]  # signed out again


WORKS = (
    "import time\nfrom schemas.jobs import JobKind\nfrom tests.fixtures.jobs import run_all_jobs\n"
    "while True:\n    run_all_jobs((JobKind.table,))\n    time.sleep(0.1)"
)


def test_a_large_table_is_waited_for_and_told_like_any_other(
    tmp_path: Path, service: Service, signed: dict[str, str]
) -> None:
    many = tmp_path / "many.csv"
    many.write_text(
        "证号,姓名,中队\n" + "".join(f"08{n},队员 08{n},一中队\n" for n in range(5)) + "089,x,nine\n"
    )
    worker = service.processes.python("-c", WORKS, env=service.environment, name="worker")
    with service.bureau.ruled(import_at_once=3):
        code, said = run("officers", str(many), "--report", "many-told.csv", **signed)
        assert code == 1 and "nine" in said
        assert len((tmp_path / "many-told.csv").read_text().splitlines()) == 7
        assert run("officers", str(many), **signed)[0] == 1
    service.processes.kill(worker)
    [(kept,)] = service.bureau.sql("SELECT count(*) FROM officers WHERE certificate_no LIKE '08%'")
    assert kept == 5


def test_json_and_xlsx_are_taken_as_well(tmp_path: Path, signed: dict[str, str]) -> None:
    rows = [{"serial": "R-1", "squad": "ZD1", "state": "in_use", "battery_percent": 80}]
    (tmp_path / "r.json").write_text(json.dumps(rows))
    assert run("recorders", "r.json", **signed)[0] == 0
    assert run("rosters", "--template", "d.xlsx")[0] == 0
    book = load_workbook(tmp_path / "d.xlsx")
    sheet = book.worksheets[0]
    row = {"执法证号": "041", "日期": "2026-03-02", "开始时间": "20:00", "结束时间": "08:00"}
    sheet.append([row.get(str(cell.value)) for cell in sheet[1]])
    book.save(tmp_path / "d.xlsx")
    (tmp_path / "o.csv").write_text("证号,姓名,中队\n041,队员 041,ZD1\n")
    assert run("officers", "o.csv", **signed)[0] == 0
    code, said = run("rosters", "d.xlsx", **signed)
    assert (code, "041/2026-03-02 20:00" in said) == (0, True)


def test_a_list_of_matters_is_published_from_a_day_on(tmp_path: Path, signed: dict[str, str]) -> None:
    (tmp_path / "m.csv").write_text("执法活动类型,上传时限（小时）\n日常巡查,6\n")
    code, said = run("matters", "m.csv", "--in-force-from", "2026-01-01", "--note", "n", **signed)
    assert (code, "2026-01-01" in said) == (0, True)
    code, said = run("matters", "m.csv", "--in-force-from", "June", **signed)
    assert code == 2


def test_the_command_takes_every_kind_of_table() -> None:
    assert [*What] == [*IMPORTS]  # said twice, for the list itself takes seconds to load


@pytest.mark.parametrize("what", list(IMPORTS))
def test_columns_and_an_empty_table_need_no_server(tmp_path: Path, what: str) -> None:
    code, _said = run(what, "--columns")
    assert code == 0
    for form in ("xlsx", "csv"):
        assert run(what, "--template", f"t.{form}")[0] == 0
        importer = IMPORTS[what]
        names = {**importer.headers, **{name: name for name in importer.model.model_fields}}
        sheet = read((tmp_path / f"t.{form}").read_bytes(), "", names)
        assert (sheet.rows, sheet.ignored) == ([], ())


def test_whatever_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, service: Service, signed: dict[str, str], officers: Path
) -> None:
    wrong = [
        (["officers"], signed),
        (["officers", "nothing.csv"], signed),
        (["officers", str(officers)], {}),  # nobody said who they are
        (["officers", str(officers)], signed | {"ZHENGLU_PASSWORD": "wrong-password-1"}),
        (["officers", str(officers)], signed | {"ZHENGLU_SERVER": f"http://127.0.0.1:{free_port()}"}),
        (["officers", str(officers)], signed | {"ZHENGLU_SERVER": "nonsense"}),
        (["officers", str(officers)], signed | {"ZHENGLU_SERVER": f"{service.url}/elsewhere"}),
        (["officers", str(officers)], signed | {"ZHENGLU_TOKEN": service.bureau.tokens["dock"]}),
        (["officers", str(officers)], signed | {"ZHENGLU_TOKEN": service.bureau.tokens["auditor"]}),
        (["officers", str(officers), "--token-file", "nothing"], signed),
        (["cases", str(officers)], signed),  # its columns are not those of cases
    ]
    for arguments, environment in wrong:
        code, said = run(*arguments, **environment)
        assert (code, bool(said.strip())) == (2, True), (arguments, said)
