"""`zhenglu doctor` on parts that are there, and on parts that are not."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from typer.testing import CliRunner

from deploy.cli import app
from deploy.doctor import media
from deploy.doctor.command import CHECKS, COMPONENTS
from deploy.doctor.findings import Verdict
from service.kernel.settings import Settings, get_settings
from service.kernel.storage.factory import open_store
from tests.deploy.doctor.asked import examined
from tests.fixtures.ceph import CephNode


def test_nothing_that_works_is_called_broken(working: dict[str, Any]) -> None:
    open_store(Settings(**working).store_url)  # as the first start makes it
    findings = examined(**working)
    assert {name for name, finding in findings.items() if finding.verdict is Verdict.broken} <= {"disk"}
    assert findings["migrations"].verdict is Verdict.ok
    assert findings["object lock"].verdict is Verdict.warning  # a directory cannot lock, and says so
    assert findings["worker encode"].verdict is Verdict.warning  # none runs here
    assert set(findings) <= set(COMPONENTS), "a component without words for people"
    assert all(finding.mend for finding in findings.values() if finding.verdict is not Verdict.ok)
    assert len(findings) >= len(CHECKS)


def test_a_database_behind_the_migrations_says_which_command_mends_it(
    working: dict[str, object], clean_database: str
) -> None:
    engine = sqlalchemy.create_engine(clean_database)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DELETE FROM alembic_version"))
    engine.dispose()
    found = examined(**{**working, "database_url": clean_database})["migrations"]
    assert found.verdict is Verdict.broken
    assert "zhenglu migrate" in found.mend


def test_parts_that_do_not_answer_are_broken_and_every_other_check_is_still_made(tmp_path: Path) -> None:
    findings = examined(
        database_url="postgresql+psycopg://zhenglu@127.0.0.1:1/zhenglu",
        redis_url="redis://127.0.0.1:1/0",
        object_store="s3://nowhere?endpoint=http://127.0.0.1:1",
        s3_access_key="a",
        s3_secret_key="b" * 8,
        data_dir=tmp_path,
    )
    for component in ("database", "Redis", "object store"):
        assert findings[component].verdict is Verdict.broken
        assert findings[component].mend
    assert findings["ffmpeg"].verdict is Verdict.ok
    assert findings["sandbox"].verdict is Verdict.ok


def test_a_store_that_really_locks_is_told_from_one_that_does_not(
    working: dict[str, object], ceph: CephNode, s3_url: str
) -> None:
    keys = {"s3_access_key": ceph.access_key, "s3_secret_key": ceph.secret_key}
    found = examined(**{**working, "object_store": s3_url, **keys})
    assert found["object lock"].verdict is Verdict.ok


def test_a_look_before_the_first_start_leaves_no_folder_behind(tmp_path: Path) -> None:
    findings = examined(data_dir=tmp_path / "new")
    assert "first start" in findings["object store"].found
    assert not (tmp_path / "new").exists()


def test_a_missing_filter_is_named(monkeypatch: pytest.MonkeyPatch, working: dict[str, object]) -> None:
    monkeypatch.setitem(media.NEEDED, "filters", ("scale", "a_filter_nobody_wrote"))
    found = examined(**working)["ffmpeg"]
    assert found.verdict is Verdict.broken
    assert "lacks a_filter_nobody_wrote" in found.found


def test_the_exit_code_and_the_json_tell_programs_what_the_table_tells_people(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHENGLU_DATA_DIR", str(tmp_path))  # the command sets it: undone with the rest
    monkeypatch.setenv("ZHENGLU_DATABASE_URL", "")
    monkeypatch.setenv("ZHENGLU_REDIS_URL", "")
    get_settings.cache_clear()
    answer = CliRunner().invoke(app, ["doctor", "--json", "--data", str(tmp_path)])
    get_settings.cache_clear()
    assert answer.exit_code == 1
    told = {finding["component"]: finding["verdict"] for finding in json.loads(answer.stdout)}
    assert told["database"] == "not_running" and told["ffmpeg"] == "ok"


def test_the_table_speaks_chinese_unless_the_locale_says_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHENGLU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("LC_ALL", "LC_MESSAGES", "ZHENGLU_LANG"):
        monkeypatch.delenv(name, raising=False)
    answers = {}
    for lang in ("C.UTF-8", "en_GB.UTF-8"):
        monkeypatch.setenv("LANG", lang)
        answers[lang] = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)]).stdout
    get_settings.cache_clear()
    assert "未运行" in answers["C.UTF-8"] and "not running" in answers["en_GB.UTF-8"]
