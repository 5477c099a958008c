"""`zhenglu up`: everything on this machine, as children of one command."""

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from service.kernel.queues import QUEUES

DEFAULT_PORT = 8000


def up(
    port: Annotated[int, typer.Option(help="of the pages and the API")] = DEFAULT_PORT,
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for all")] = "127.0.0.1",
    data: Annotated[Path | None, typer.Option(help="data folder (default: ZHENGLU_DATA_DIR)")] = None,
    web: Annotated[
        int,
        typer.Option(help="processes that answer browsers and docks", envvar="ZHENGLU_WEB_PROCESSES", min=1),
    ] = 2,
    **queues: int,
) -> None:
    """Start everything on this machine: PostgreSQL, Redis, the service, its workers. Ctrl-C stops it."""
    from deploy import first_admin
    from deploy.console import Console
    from deploy.embedded.postgres import PostgresError
    from deploy.embedded.redis import RedisError
    from deploy.parts import Installation, Size
    from deploy.process import allow_open_files
    from deploy.running import AlreadyRunning
    from deploy.service_user import CannotBecome, become
    from deploy.supervisor import StartFailed, Supervisor
    from service.kernel.settings import get_settings

    console = Console(highlight=False)
    try:
        first_admin.out_of_sight()
        if data is not None:
            os.environ["ZHENGLU_DATA_DIR"] = str(data.absolute())
        folder = get_settings().data_dir.absolute()
        counts = [word for name, n in {"web": web, **queues}.items() for word in (f"--{name}", str(n))]
        become(folder, ["up", "--port", str(port), "--host", host, "--data", str(folder), *counts])

        allow_open_files()
        size = Size(web=web, queues=queues)
        installation = Installation(
            get_settings(), host=host, port=port, size=size, admin_password=first_admin.received()
        )
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
    except (
        StartFailed,
        AlreadyRunning,
        CannotBecome,
        PostgresError,
        RedisError,
        first_admin.CannotRead,
    ) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def with_queues(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with an option for each queue where it takes `**queues`; typer reads them from the signature."""
    own = inspect.signature(command)
    options = [
        inspect.Parameter(
            queue.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=queue.processes,
            annotation=Annotated[
                int,
                typer.Option(help=queue.at_once, envvar=f"ZHENGLU_{queue.name.upper()}_PROCESSES", min=1),
            ],
        )
        for queue in QUEUES.values()
    ]
    plain = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]

    @functools.wraps(command)
    def complete(**given: Any) -> None:
        command(**given)

    complete.__signature__ = own.replace(parameters=[*plain, *options])  # type: ignore[attr-defined]  # inspect reads it of any function
    complete.__annotations__ = {one.name: one.annotation for one in (*plain, *options)}
    return complete


def register(app: typer.Typer) -> None:
    app.command()(with_queues(up))
