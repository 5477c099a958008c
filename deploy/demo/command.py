"""`zhenglu demo`: the sample bureau on this machine."""

import os
import shutil
import sys
import threading
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deploy.console import Console
    from deploy.parts import Installation


def demo(
    once: Annotated[bool, typer.Option(help="end after the table; exit 0 only if all is as planned")] = False,
    footage: Annotated[
        Path | None, typer.Option(help="a folder of recordings to use instead of made ones")
    ] = None,
    port: Annotated[int, typer.Option(help="of the pages and the API")] = 8000,
    data: Annotated[Path | None, typer.Option(help="data folder of the demo")] = None,
    year: Annotated[
        bool, typer.Option(help="add the year 2024 in the counts of the bureau's report")
    ] = False,
) -> None:
    """Show everything with a sample bureau: upload, workers, links, pages. Ctrl-C stops it."""
    from deploy.console import Console
    from deploy.demo.bureau import ZONE
    from deploy.service_user import CannotBecome, become
    from service.kernel.settings import DEMO_SECRET, default_data_dir, get_settings

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 180)
    folder = (data or default_data_dir().with_name("zhenglu-demo")).absolute()
    if footage is not None and not footage.is_dir():
        console.print(f"{footage} is not a folder.", style="red")
        raise typer.Exit(2)
    os.environ |= {
        "ZHENGLU_DEMO": "1",
        "ZHENGLU_SECRET_KEY": DEMO_SECRET,
        "ZHENGLU_DATA_DIR": str(folder),
        "ZHENGLU_TIMEZONE": ZONE.key,
    }
    try:
        lent = _lend(footage, folder) if footage else None
        arguments = ["demo", "--port", str(port), "--data", str(folder)]
        arguments += ["--once"] if once else []
        arguments += ["--year"] if year else []
        arguments += ["--footage", str(lent)] if lent else []
        become(folder, arguments)
    except CannotBecome as error:
        console.print(str(error), style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    get_settings.cache_clear()
    raise typer.Exit(_supervise(console, folder, port, lent, once=once, year=year))


def _lend(footage: Path, folder: Path) -> Path:
    """As root the demo runs as a user who may not be able to read the folder: it gets a copy."""
    if os.geteuid() != 0:
        return footage.absolute()
    copy = folder.with_name(folder.name + "-footage")
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(footage, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def _supervise(
    console: "Console", folder: Path, port: int, lent: Path | None, *, once: bool, year: bool
) -> int:
    from deploy.embedded.postgres import PostgresError
    from deploy.embedded.redis import RedisError
    from deploy.parts import Installation, Size
    from deploy.running import AlreadyRunning
    from deploy.supervisor import StartFailed, Supervisor
    from service.kernel.settings import get_settings

    installation = Installation(get_settings(), host="127.0.0.1", port=port, size=Size())
    supervisor = Supervisor(
        folder,
        installation.stages(),
        address=installation.address,
        environment=installation.environment,
        console=console,
    )
    result = {"code": 1}

    def show() -> None:
        try:
            result["code"] = _show(console, folder, installation, lent, year=year)
        finally:  # whatever went wrong in this thread, nothing else would end the demo
            if once or result["code"]:
                supervisor.stopping.set()
        if not supervisor.stopping.is_set():
            console.print(f"[bold]{installation.address}[/]  Ctrl-C 停止 stops it")

    console.print(f"证录 Zhenglu 演示 demo  数据 data: {folder}")
    # with this thread's context, that is, its language
    thread = threading.Thread(target=copy_context().run, args=(show,), name="demo", daemon=True)
    try:
        supervisor.run(when_ready=thread.start)
    except (StartFailed, AlreadyRunning, PostgresError, RedisError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1
    return result["code"]


def _show(
    console: "Console", folder: Path, installation: "Installation", lent: Path | None, *, year: bool
) -> int:
    import httpx

    from deploy.demo.footage import FootageFailed
    from deploy.demo.load import LoadFailed
    from deploy.demo.run import Demo, DemoFailed
    from deploy.demo.start import make_demo_database

    os.environ |= installation.environment()
    try:
        make_demo_database(folder / "demo")
        demo = Demo(folder / "demo", installation.address, console, lent=lent, year=year)
        return 0 if demo.run() else 1
    except (DemoFailed, FootageFailed, LoadFailed, httpx.HTTPError) as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        return 1


def register(app: typer.Typer) -> None:
    app.command()(demo)
