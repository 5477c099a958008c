"""`zhenglu up` with its real parts, as an ordinary user or, when the tests run as root, as the service user."""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
import redis

from deploy.process import Child, ProcessId, free_port, wait_until
from deploy.running import Running
from service.kernel.queues import QUEUES
from tests.fixtures.processes import Processes

PASSWORD = "a-long-enough-word"
FORGED = "/import/x%0A2026-11-28%2023:59:59,000%20INFO%20service.access%20admin%20signed%20in%1B[2K"
PARTS = {"postgresql", "redis", "web", *QUEUES, "schedule"}


@pytest.fixture
def data(run_folder: Path, worker_id: str) -> Path:
    """Not in pytest's own folder: the service user could not get there. Too long a path for a socket inside."""
    return run_folder / f"up-{worker_id}" / ("data-" * 20)


@pytest.fixture
def up(processes: Processes, data: Path) -> Callable[[], tuple[Child, str]]:
    data.parent.mkdir(exist_ok=True)
    data.parent.chmod(0o711)

    def start() -> tuple[Child, str]:
        port = free_port()
        child = processes.start(
            [
                *(sys.executable, "-m", "deploy.cli", "up", "--port", str(port), "--data", str(data)),
                *("--web", "1", "--light", "1"),
            ],
            name="up",
            env={
                "PYTHONUNBUFFERED": "1",
                "ZHENGLU_DATABASE_URL": "",
                "ZHENGLU_REDIS_URL": "",
                "ZHENGLU_ADMIN_PASSWORD": PASSWORD,
                "ZHENGLU_TOKEN": PASSWORD,
            },
            grace_s=60.0,
        )
        processes.wait_for_output("Ctrl-C", child, timeout_s=180.0)
        return child, f"http://127.0.0.1:{port}"

    return start


def state(data: Path) -> Running:
    found = Running.read(data)
    assert found is not None
    return found


def everything_below(pid: int) -> list[int]:
    """Processes started by it, and by those, as far as it goes."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: list[int] = []
    new = {pid}
    while new:
        new = {one for one, parent in parents.items() if parent in new}
        found += new
    return found


def _knows_no_password(pids: list[int], running: Running) -> None:
    assert {process.pid for process in running.children.values()} < set(pids)
    secret = running.environment["ZHENGLU_SECRET_KEY"].encode()
    strangers = {running.children["postgresql"].pid, running.children["redis"].pid}
    looked_at = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
            environ = Path(f"/proc/{pid}/environ").read_bytes()
            cmdline = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert PASSWORD.encode() not in environ + cmdline, cmdline
            assert secret not in cmdline
            if pid in strangers:
                assert b"ZHENGLU_" not in environ.replace(b"ZHENGLU_DATA", b"") and secret not in environ
            looked_at += 1
    assert looked_at > len(PARTS)


def _writes_no_forged_line(address: str, logs: Path) -> None:
    where = urlsplit(address)
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        with socket.create_connection((where.hostname, where.port)) as cut:
            head = f"POST {FORGED} HTTP/1.1\r\nHost: h\r\nCookie: zhenglu_session=x\r\n"
            cut.sendall(f"{head}Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\nhalf".encode())
    for path in ("/api/v1/session", "/sign-in"):
        kind = "application/json" if path.startswith("/api") else "application/x-www-form-urlencoded"
        with socket.create_connection((where.hostname, where.port)) as cut:
            head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
            cut.sendall(f"{head}half".encode())
    web = logs / "web.log"
    assert wait_until(lambda: web.read_text().count("the client went away") >= 2, 20.0), web.read_text()
    told = web.read_text()
    assert not any(line.startswith("2026-11-28 23:59:59") for line in told.splitlines())
    assert "\x1b" not in told and "Traceback" not in told
    assert logs.stat().st_mode & 0o007 == 0
    assert {file.stat().st_mode & 0o007 for file in logs.iterdir()} == {0}
    assert {"web", "postgresql", "redis"} <= {file.stem for file in logs.iterdir()} <= PARTS


@pytest.mark.timeout(600)
def test_everything_runs_survives_a_kill_and_leaves_nothing_behind(
    up: Callable[[], tuple[Child, str]], data: Path, processes: Processes
) -> None:
    first, address = up()
    before = state(data)
    assert set(before.children) == PARTS
    assert httpx.get(f"{address}/readyz", trust_env=False).json() == {"database": "ok", "broker": "ok"}
    for process in before.children.values():
        assert Path(f"/proc/{process.pid}").stat().st_uid != 0
    assert (data / "secret").stat().st_mode & 0o077 == 0

    _knows_no_password([first.pid, *everything_below(first.pid)], before)
    signed = httpx.post(
        f"{address}/api/v1/session", json={"username": "admin", "password": PASSWORD}, trust_env=False
    )
    assert signed.status_code == 200, signed.text
    _writes_no_forged_line(address, data / "logs")

    # A part that crashes comes back.
    before.children["web"].send(signal.SIGKILL, group=True)
    processes.wait_for_output("web          ready again", first, timeout_s=60.0)
    assert httpx.get(f"{address}/readyz", trust_env=False).status_code == 200

    # What was committed and what was queued is still there after kill -9 and a second start.
    url = before.environment["ZHENGLU_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with redis.Redis.from_url(before.environment["ZHENGLU_REDIS_URL"]) as client:
        client.rpush("kept", "one")
    orphans = state(data).children
    os.kill(first.pid, signal.SIGKILL)

    second, address = up()
    assert not any(process.alive for process in orphans.values())
    after = state(data)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    with redis.Redis.from_url(after.environment["ZHENGLU_REDIS_URL"]) as client:
        assert client.lrange("kept", 0, -1) == [b"one"]

    os.kill(second.pid, signal.SIGTERM)
    assert wait_until(lambda: not second.running, 60.0)
    assert not any(process.alive for process in after.children.values())
    assert not (data / "up.json").exists()
    sockets = Path(parse_qs(urlsplit(url).query)["host"][0])
    assert not sockets.is_relative_to(data) and not sockets.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz", trust_env=False)
    assert ProcessId.of(after.supervisor.pid) != after.supervisor
