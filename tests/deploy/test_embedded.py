"""The private servers of `zhenglu up`, and what a crash leaves of them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from deploy.account import named
from deploy.embedded.postgres import SOCKET_PATH_MAX, Postgres, PostgresError
from deploy.embedded.redis import Redis
from deploy.parts import own_secret
from deploy.process import ProcessId


@pytest.fixture
def folder(run_folder: Path, request: pytest.FixtureRequest, worker_id: str) -> Path:
    """Where the unprivileged account gets through; pytest's own folders are closed to it when root tests."""
    folder = run_folder / f"{worker_id}-{abs(hash(request.node.name)) % 10**6}"
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    return folder


def cluster(folder: Path, **options: Any) -> Postgres:
    return Postgres(folder / "pg", account=named("postgres", "nobody"), **options)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    postgres = cluster(folder)
    postgres.start()
    yield postgres
    postgres.stop()


def rows(postgres: Postgres, statement: str) -> list[tuple]:
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_cluster_that_was_half_made_is_made_anew(folder: Path) -> None:
    half = folder / "pg/data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    postgres = cluster(folder, durable=False)
    postgres.start()
    assert rows(postgres, "SELECT 7") == [(7,)] and not half.exists()
    postgres.stop()


def test_redis_starts_after_a_power_cut_whatever_it_has_left(folder: Path) -> None:
    server = Redis(folder / "redis", account=named("redis", "nobody"))
    server.start()
    password = server.url()
    with redis.Redis.from_url(server.url()) as client:
        client.set("queued", "1")
    server.stop()
    for file in (folder / "redis/appendonlydir").iterdir():
        file.write_bytes(bytes(64))  # a length that has reached the disk, and no bytes
    (folder / "redis/boot").write_text("an earlier start of the machine")
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        assert client.keys() == [] and server.url() == password
    server.stop()


def test_a_password_that_a_power_cut_took_is_made_anew(folder: Path) -> None:
    (folder / "redis").mkdir()
    (folder / "redis/password").write_bytes(bytes(43))
    server = Redis(folder / "redis", account=named("redis", "nobody"))
    server.prepare()
    assert len((folder / "redis/password").read_text().strip("\0")) == 43
    (folder / "secret").write_bytes(b"")
    assert len(own_secret(folder)) == 64 and own_secret(folder) == (folder / "secret").read_text()
    assert (folder / "secret").stat().st_mode & 0o077 == 0


def test_a_killed_postgres_is_ended_and_started_again_with_its_data(server: Postgres, folder: Path) -> None:
    rows(server, "CREATE TABLE kept (number int)")
    rows(server, "INSERT INTO kept VALUES (7)")
    backends = server.orphans()
    assert len(backends) > 1
    os.kill(server.child.pid, signal.SIGKILL)

    again = cluster(folder)
    again.start()
    try:
        assert rows(again, "SELECT number FROM kept") == [(7,)]
        assert not any(process.alive for process in backends)
    finally:
        again.stop()


def test_a_postgres_whose_parent_died_is_not_left_beside_the_next(server: Postgres, folder: Path) -> None:
    """The orphan still runs, and serves: the next start shuts it down first, properly."""
    orphan = ProcessId.of(server.child.pid)
    assert orphan is not None
    again = cluster(folder)
    again.start()
    try:
        assert not orphan.alive
        assert again.ready()
        assert "database system was shut down" in again.child.output()
    finally:
        again.stop()


def test_a_stale_pid_file_with_somebody_elses_number_is_no_obstacle(folder: Path) -> None:
    postgres = cluster(folder)
    postgres.start()
    pid_file = (postgres.data / "postmaster.pid").read_text()
    postgres.stop()
    mine = pid_file.replace(pid_file.split()[0], str(os.getpid()), 1)
    (postgres.data / "postmaster.pid").write_text(mine)

    again = cluster(folder)
    again.start()
    again.stop()
    assert ProcessId.of(os.getpid()).alive  # and nobody shot at it


def test_an_older_folder_is_refused_with_a_sentence_that_says_what_to_install(folder: Path) -> None:
    postgres = cluster(folder)
    postgres.prepare()
    (postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresError, match=r"made by PostgreSQL 9.*install postgresql-9"):
        cluster(folder).start()
    assert not postgres.socket_folder.exists() or postgres.socket_folder.is_relative_to(folder)


def test_a_long_path_still_gets_a_socket_and_leaves_nothing_in_the_temp_folder(folder: Path) -> None:
    deep = folder / ("深" * 30) / "data-folder-with-a-name"
    deep.mkdir(parents=True)
    for parent in (deep, deep.parent):
        parent.chmod(0o711)
    postgres = cluster(deep)
    assert len(os.fsencode(postgres.socket_folder / ".s.PGSQL.5432")) <= SOCKET_PATH_MAX
    postgres.start()
    try:
        assert rows(postgres, "SELECT 1") == [(1,)]
        assert postgres.socket_folder.stat().st_mode & 0o077 == 0
    finally:
        postgres.stop()
    assert not postgres.socket_folder.exists()

    postgres.start()
    os.kill(postgres.child.pid, signal.SIGKILL)
    cluster(deep).stop()  # as a later command finds it, the dead server's socket still there
    postgres.child.kill()
    assert not postgres.socket_folder.exists()
    postgres.socket_folder.mkdir()
    (postgres.socket_folder / "somebody's").touch()
    postgres.stop()
    assert postgres.socket_folder.exists()
    (postgres.socket_folder / "somebody's").unlink()
    postgres.socket_folder.rmdir()


def test_nothing_listens_on_tcp(server: Postgres) -> None:
    assert rows(server, "SHOW listen_addresses") == [("",)]


def test_over_tcp_a_password_is_asked_for(folder: Path) -> None:
    from deploy.process import free_port

    postgres = cluster(folder, tcp_port=free_port())
    postgres.start()
    try:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=postgres.port, user="zhenglu", dbname="postgres")
    finally:
        postgres.stop()


def test_redis_keeps_its_queue_over_a_kill_and_wants_its_password(folder: Path) -> None:
    server = Redis(folder / "redis", account=named("redis", "nobody"))
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        client.rpush("light", "one")
    with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    server.child.kill()

    server.start()
    try:
        with redis.Redis.from_url(server.url()) as client:
            assert client.lrange("light", 0, -1) == [b"one"]
    finally:
        server.stop()
