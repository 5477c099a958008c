"""`zhenglu up` with its real parts, as an ordinary user or, when the tests run as root, as the service user."""

import os
import signal
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
            env={"PYTHONUNBUFFERED": "1", "ZHENGLU_DATABASE_URL": "", "ZHENGLU_REDIS_URL": ""},
            grace_s=60.0,
        )
        processes.wait_for_output("Ctrl-C", child, timeout_s=180.0)
        return child, f"http://127.0.0.1:{port}"

    return start


def state(data: Path) -> Running:
    found = Running.read(data)
    assert found is not None
    return found


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
