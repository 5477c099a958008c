"""Passwords stand in no child's environment and on no command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from sqlmodel import Session, select
from typer.testing import CliRunner

from deploy.cli import app
from deploy.process import Child, free_port, wait_until
from schemas.accounts import Account
from service.kernel.environment import PASSING
from tests.fixtures.processes import Processes

PASSWORD = "a-long-enough-word"
REPOSITORY = Path(__file__).parents[2]


def test_a_child_is_told_no_password_and_anothers_program_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*PASSING, "ZHENGLU_SECRET_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, PASSWORD)
    for ours, most in ((True, {"ZHENGLU_SECRET_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"}), (False, set())):
        log = tmp_path / f"{ours}.log"
        child = Child(
            "child",
            [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"],
            log,
            ours=ours,
        )
        child.start()
        assert wait_until(lambda child=child: not child.running, 20.0)  # type: ignore[misc]  # bound at once
        child.kill()
        told = json.loads(child.output())
        assert {name for name, value in told.items() if value == PASSWORD} == most
        assert told["PATH"] == os.environ["PATH"]


@pytest.fixture
def command(clean_database: str, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ, "ZHENGLU_DATABASE_URL": clean_database, "ZHENGLU_DATA_DIR": str(tmp_path),
            "ZHENGLU_LANG": "en", **env,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments],
            env=environment, input=given, capture_output=True, text=True, cwd=REPOSITORY,
        )  # fmt: skip

    return run


def names(url: str) -> set[str]:
    engine = sqlalchemy.create_engine(url)
    with Session(engine) as session:
        found = set(session.scalars(select(Account.username)))
    engine.dispose()
    return found


def test_a_password_comes_from_a_file_or_from_standard_input(
    command: Callable[..., subprocess.CompletedProcess[str]], clean_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\nnot this line\n")
    by_file = command("user", "add", "one", "--role", "admin", "--password-file", str(file))
    by_input = command(
        "user", "add", "two", "--role", "admin", "--password-file", "-", given=f"{PASSWORD}\r\n"
    )
    assert (by_file.returncode, by_input.returncode) == (0, 0), by_file.stderr + by_input.stderr
    assert names(clean_database) == {"one", "two"}


@pytest.mark.parametrize(
    "words",
    [
        ["user", "add", "chief", "--role", "admin", "--password", PASSWORD],
        ["user", "password", "chief", f"--password={PASSWORD}"],
        ["import", "squads", "squads.csv", "--user", "chief", "--password", PASSWORD],
    ],
)
def test_a_password_on_the_command_line_is_refused_with_the_way_to_give_it(words: list[str]) -> None:
    done = CliRunner().invoke(app, words, env={"ZHENGLU_LANG": "en", "COLUMNS": "300", "TERM": "dumb"})
    assert done.exit_code == 2
    assert "--password-file" in done.output and PASSWORD not in done.output
    helped = CliRunner().invoke(app, [*words[:2], "--help"], env={"ZHENGLU_LANG": "en", "COLUMNS": "300"})
    assert "--password " not in helped.output


def test_serve_makes_the_first_administrator_and_forgets_the_password(
    command: Callable[..., subprocess.CompletedProcess[str]],
    clean_database: str,
    processes: Processes,
    tmp_path: Path,
) -> None:
    weak = command("serve", "--port", "1", ZHENGLU_ADMIN_PASSWORD="s3cret")
    assert weak.returncode == 1 and "ZHENGLU_ADMIN_PASSWORD" in weak.stderr and "s3cret" not in weak.stderr
    file, port = tmp_path / "first", free_port()
    file.write_text(PASSWORD + "\n")
    env = {
        "ZHENGLU_DATABASE_URL": clean_database,
        "ZHENGLU_DATA_DIR": str(tmp_path),
        "ZHENGLU_ADMIN_PASSWORD_FILE": str(file),
        "ZHENGLU_TOKEN": PASSWORD,
        "ZHENGLU_ADMIN_PASSWORD": "",
    }
    web = processes.python(
        "-m", "deploy.cli", "serve", "--port", str(port), "--workers", "1", env=env, name="serve"
    )
    processes.wait_for_http(f"http://127.0.0.1:{port}/healthz", web)
    assert names(clean_database) == {"admin"}
    told = Path(f"/proc/{web.pid}/environ").read_bytes() + Path(f"/proc/{web.pid}/cmdline").read_bytes()
    assert PASSWORD.encode() not in told and b"uvicorn" in told
