"""`zhenglu up`: everything on this machine, as children of one command."""

import os
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_PORT = 8000


def up(
    port: Annotated[int, typer.Option(help="of the pages and the API")] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for all")] = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="data folder (default: ZHENGLU_DATA_DIR)")] = None,
    web: Annotated[
        int,
        typer.Option(help="processes that answer browsers and docks", envvar="ZHENGLU_WEB_PROCESSES", min=1),
    ] = 2,
    light: Annotated[
        int,
        typer.Option(help="jobs of hashing, tags and links at once", envvar="ZHENGLU_LIGHT_PROCESSES", min=1),
    ] = 2,
    encode: Annotated[
        int, typer.Option(help="videos encoded at once", envvar="ZHENGLU_ENCODE_PROCESSES", min=1)
    ] = 1,
) -> None:
    """Start everything on this machine: PostgreSQL, Redis, the service, its workers. Ctrl-C stops it."""
    from rich.console import Console

    from deploy.embedded.postgres import PostgresError
    from deploy.embedded.redis import RedisError
    from deploy.parts import Installation, Size
    from deploy.running import AlreadyRunning
    from deploy.service_user import CannotBecome, become
    from deploy.supervisor import StartFailed, Supervisor
    from service.kernel.settings import get_settings

    console = Console(highlight=False)
    try:
        if data is not None:
            os.environ["ZHENGLU_DATA_DIR"] = str(data.absolute())
        folder = get_settings().data_dir.absolute()
        counts = ["--web", str(web), "--light", str(light), "--encode", str(encode)]
        become(folder, ["up", "--port", str(port), "--host", host, "--data", str(folder), *counts])

        size = Size(web=web, light=light, encode=encode)
        installation = Installation(get_settings(), host=host, port=port, size=size)
        supervisor = Supervisor(
            folder,
            installation.stages(),
            address=installation.address,
            environment=installation.environment,
            console=console,
        )
        console.print(f"证录 Zhenglu  数据 data: {folder}")
        supervisor.run(
            when_ready=lambda: console.print(f"[bold]{installation.address}[/]  Ctrl-C 停止 stops it")
        )
    except (StartFailed, AlreadyRunning, CannotBecome, PostgresError, RedisError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def register(app: typer.Typer) -> None:
    app.command()(up)
