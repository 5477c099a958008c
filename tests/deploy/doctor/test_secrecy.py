"""What the doctor says of secrets."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlmodel import Session

from deploy.doctor import secrecy
from deploy.doctor.findings import Verdict
from deploy.doctor.secrecy import holds_password, secrets
from deploy.process import ProcessId, wait_until
from deploy.running import Running
from schemas.accounts import AccountCreate, Role
from service.access.actions import create_account
from tests.deploy.doctor.asked import told

PASSWORD = "a-long-enough-word"


@contextmanager
def sleeping(more: dict[str, str]) -> Iterator[int]:
    """A process with this in its environment, which the kernel shows only some moments after its start."""
    part = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], **more})
    try:
        assert wait_until(lambda: bool(Path(f"/proc/{part.pid}/environ").read_bytes()), 10)
        yield part.pid
    finally:
        part.kill()
        part.wait()


def test_a_key_that_others_may_read_is_broken_and_named(run_folder: Path) -> None:
    data = run_folder / "data-of-all"
    data.mkdir(mode=0o755)
    secret = data / "secret"
    secret.write_text("x" * 48)
    secret.chmod(0o644)
    found = told(secrets, data_dir=data)
    assert found.verdict is Verdict.broken and str(secret) in found.mend
    data.chmod(0o750)  # nobody else comes as far as the file
    assert told(secrets, data_dir=data).verdict is Verdict.ok
    data.chmod(0o755)
    secret.chmod(0o600)
    assert told(secrets, data_dir=data).verdict is Verdict.ok


def test_a_key_that_can_be_guessed_is_told(tmp_path: Path) -> None:
    assert "openssl" in told(secrets, data_dir=tmp_path, secret_key="short").mend
    assert told(secrets, data_dir=tmp_path, secret_key="x" * 32).verdict is Verdict.ok


def test_the_first_password_is_told_where_it_is_needed_no_more(
    clean_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {
        "database_url": clean_database,
        "data_dir": tmp_path,
        "admin_password": PASSWORD,
    }
    assert told(secrets, **settings).verdict is Verdict.ok  # nobody is there yet
    engine = sqlalchemy.create_engine(clean_database)
    with Session(engine) as session:
        create_account(session, "tests", AccountCreate(username="admin", password=PASSWORD, role=Role.admin))
        session.commit()
    engine.dispose()
    found = told(secrets, **settings)
    assert found.verdict is Verdict.warning and "(here)" in found.found
    settings["admin_password"] = ""
    assert told(secrets, **settings).verdict is Verdict.ok

    kept = tmp_path / "environment"
    monkeypatch.setattr(secrecy, "FOR_SYSTEMD", kept)
    kept.write_text(f"ZHENGLU_TIMEZONE=Asia/Shanghai\nZHENGLU_ADMIN_PASSWORD={PASSWORD}\n")
    kept.chmod(0o600)
    assert str(kept) in told(secrets, **settings).found
    kept.unlink()

    with sleeping({"ZHENGLU_ADMIN_PASSWORD": PASSWORD}) as pid:
        mine, its = ProcessId.of(os.getpid()), ProcessId.of(pid)
        assert mine and its
        Running(supervisor=mine, ready=True, children={"web": its}).write(tmp_path)
        assert "(web)" in told(secrets, **settings).found


@pytest.mark.parametrize(("value", "held"), [(PASSWORD, True), ("", False), (None, False)])
def test_an_empty_password_is_none(value: str | None, held: bool) -> None:
    with sleeping({} if value is None else {"ZHENGLU_ADMIN_PASSWORD": value}) as pid:
        assert holds_password(pid) is held
