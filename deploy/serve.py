"""`zhenglu serve`, `worker`, `beat`, `migrate`: one part each, for installations run by systemd or containers.

All settings come from ZHENGLU_* variables; each command becomes the program that it names.
"""

import os
import sys
from typing import Annotated

import typer

from deploy.process import allow_open_files
from service.kernel.environment import for_ours
from service.kernel.queues import QUEUES


def web_server(host: str, port: int, workers: int = 1, app: str = "service.app:serve") -> list[str]:
    """The web server as a Python module with its words."""
    return [
        *(
            "uvicorn",
            "--factory",
            app,
            "--http",
            "service.kernel.wire:Protocol",
            "--loop",
            "uvloop",
            "--ws",
            "none",
        ),
        *(
            "--host",
            host,
            "--port",
            str(port),
            "--workers",
            str(workers),
            "--timeout-worker-healthcheck",
            "60",
        ),
        # Who is behind a proxy is service.access's to know; a proxy keeps its connections for a minute.
        *("--no-proxy-headers", "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "5"),
        *("--no-access-log", "--no-server-header"),
    ]


def queue_worker(queue: str, concurrency: int) -> list[str]:
    """The worker of a queue as a Python module with its words."""
    return [
        *("celery", "-A", "workers.app", "worker", "-Q", queue, "-n", f"{queue}@%h", "-l", "INFO"),
        *("--concurrency", str(concurrency), "--prefetch-multiplier", "1"),
        *("--without-gossip", "--without-mingle"),
    ]


def _become(*module: str) -> None:
    allow_open_files()
    os.execve(sys.executable, [sys.executable, "-m", *module], for_ours())


def _make_first_admin() -> None:
    """Here, so that the web server and all that it starts need not know the password."""
    from deploy import first_admin

    try:
        password = first_admin.received()
    except first_admin.CannotRead as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if not password:
        return
    from sqlalchemy.exc import SQLAlchemyError

    from service.access.actions import ensure_first_admin
    from service.access.errors import WeakPassword
    from service.kernel.database import transaction

    try:
        with transaction() as session:
            ensure_first_admin(session, password)
    except (WeakPassword, SQLAlchemyError) as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        typer.echo(f"{first_admin.PASSWORD}: {told}", err=True)
        raise typer.Exit(1) from None


def serve(
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[int, typer.Option(help="processes", min=1)] = 2,
) -> None:
    """Run the pages and the API."""
    _make_first_admin()
    _become(*web_server(host, port, workers))


def worker(
    queue: Annotated[str, typer.Argument(metavar="|".join(QUEUES))],
    concurrency: Annotated[int, typer.Option(help="jobs at once", min=1)] = 1,
) -> None:
    """Run a worker of one queue."""
    if queue not in QUEUES:
        raise typer.BadParameter(f"one of {', '.join(QUEUES)}")
    _become(*queue_worker(queue, concurrency))


def beat() -> None:
    """Run the workers' clock: it re-publishes jobs that nobody holds. One is enough, two do no harm."""
    _become("workers.schedule")


def migrate() -> None:
    """Bring the database to the newest schema."""
    from deploy.database import revisions, upgrade
    from service.kernel.settings import get_settings

    url = get_settings().database_url
    if not url:
        typer.echo("ZHENGLU_DATABASE_URL is not set, and no `zhenglu up` runs on the data folder.", err=True)
        raise typer.Exit(1)
    upgrade(url)
    typer.echo(f"The database is at {revisions(url)[0]}.")


def register(app: typer.Typer) -> None:
    for command in (serve, worker, beat, migrate):
        app.command()(command)
