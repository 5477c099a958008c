"""`zhenglu upload PATH…`: the dock's command. Several files at once, resumable across runs, a receipt for each.

Exit codes: 0 every file is verified, 1 at least one was not received or changed meanwhile, 3 at least one is kept in
quarantine, 4 all were received but at least one is not verified yet. 2 is a wrong call.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from deploy.upload_client import Memory, Outcome, Sender, Sent, Server, name_of
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n

SAY = {
    Outcome.verified: _n("verified, may be erased"),
    Outcome.received: _n("received, not verified yet: do not erase"),
    Outcome.refused: _n("kept in quarantine, do not erase"),
    Outcome.changed: _n("changed while it was being sent: do not erase"),
    Outcome.failed: _n("not received: do not erase"),
}
STYLE = {Outcome.verified: "green", Outcome.received: "yellow"}


def upload(
    paths: Annotated[
        list[Path], typer.Argument(help="files, or folders with all that is in them", exists=True)
    ],
    server: Annotated[str, typer.Option(envvar="ZHENGLU_SERVER", help="address of the service")] = (
        "http://127.0.0.1:8000"
    ),
    token: Annotated[str, typer.Option(envvar="ZHENGLU_TOKEN", help="a dock's API token")] = "",
    parallel: Annotated[int, typer.Option(min=1, max=32, help="files at once")] = 3,
    recorder: Annotated[str, typer.Option(help="serial number of the recorder")] = "",
    officer: Annotated[str, typer.Option(help="certificate number of the officer")] = "",
    event: Annotated[str, typer.Option(help="the event that all files show")] = "",
    case: Annotated[str, typer.Option(help="the case number that all files belong to")] = "",
    squad: Annotated[str, typer.Option(help="code of the squad, for accounts that have none")] = "",
    note: Annotated[str, typer.Option(help="kept with every file")] = "",
    device_time: Annotated[
        datetime | None,
        typer.Option(help="what the recorder's clock shows now: its offset is measured by it"),
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="append a JSON line for each file here", dir_okay=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="until every recording is processed")] = False,
    verify_for: Annotated[float, typer.Option(min=0, help="seconds to wait for the service's hash")] = 600.0,
    patience: Annotated[float, typer.Option(min=0, help="seconds to try again without any progress")] = 600.0,
) -> None:
    """Send recordings and wait until the service has verified them. Run it again to go on after any interruption.

    Only "verified, may be erased" means that the stored bytes are those of the file: the service hashed what it
    stored, and this command what it read.
    """
    console = Console()
    if not token:
        console.print(_("No token: set ZHENGLU_TOKEN or give --token."))
        raise typer.Exit(2)
    said = {
        "recorder": recorder,
        "officer": officer,
        "event": event,
        "case": case,
        "squad": squad,
        "note": note,
    }
    metadata = {key: value for key, value in said.items() if value}
    ahead = device_time.astimezone() - datetime.now(UTC) if device_time else None
    files = list(files_in(paths))
    if not files:
        console.print(_("No files there."))
        return
    memory, target = Memory.default(), Server(server.rstrip("/"), token, patience)
    book = _Book(receipts)
    with _bars(console) as progress:

        def one(path: Path) -> Sent:
            name = name_of(Path(path.name))
            task = progress.add_task(name[-40:], total=size_of(path) or 1)
            sender = Sender(target, memory, path, metadata, _shows(progress, task, name), ahead)
            sent = sender.send(verify_s=verify_for, wait=wait)
            book.write(sent)
            progress.update(task, description=f"{_(SAY[sent.outcome])}  {name[-40:]}")
            return sent

        with ThreadPoolExecutor(parallel) as pool:
            results = list(pool.map(one, files))
    console.print(_table(results))
    raise typer.Exit(exit_code(results))


def files_in(paths: list[Path]) -> Iterator[Path]:
    """Files as given; of folders everything in them but hidden files, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                found
                for found in path.rglob("*")
                if found.is_file() and not any(p.startswith(".") for p in found.relative_to(path).parts)
            )
        else:
            yield path


def size_of(path: Path) -> int:
    """0 for a file that went away meanwhile: its receipt says so, and the others are sent."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def exit_code(results: list[Sent]) -> int:
    outcomes = {sent.outcome for sent in results}
    if outcomes & {Outcome.failed, Outcome.changed}:
        return 1
    return 3 if Outcome.refused in outcomes else 4 if Outcome.received in outcomes else 0


class _Book:
    """The receipts, written as they come: a cut leaves those that were there."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()

    def write(self, sent: Sent) -> None:
        if self._path:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(sent.as_json() + "\n")


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _shows(progress: Progress, task: TaskID, name: str) -> Callable[[str, int], None]:
    words = {"hash": _("reading"), "send": _("sending")}

    def show(what: str, done: int) -> None:
        progress.update(task, completed=done, description=f"{words[what]}  {name[-40:]}")

    return show


def _table(results: list[Sent]) -> Table:
    table = Table(_("File"), _("Size"), _("Receipt"), _("Recording"))
    for sent in results:
        words = _(SAY[sent.outcome]) + (f" ({sent.problem})" if sent.problem else "")
        table.add_row(
            Text(sent.path),
            f"{sent.size:,}",
            Text(words, style=STYLE.get(sent.outcome, "red")),
            sent.recording,
        )
    return table


def register(app: typer.Typer) -> None:
    app.command()(upload)
