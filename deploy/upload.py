"""`zhenglu upload PATH…`: the dock's command. Several files at once, resumable across runs, a receipt for each."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as RichConsole
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

from deploy import erasing
from deploy.card import Card, look_through
from deploy.console import Console
from deploy.tokens import OnCommandLine, TokenFile, token_of
from deploy.upload_client import Memory, Outcome, Sender, Sent, Server, name_of
from service.footage.uploads.left_out import SAY as LEFT_OUT
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.kernel.written_times import UnreadableTime, read_time

SAY = {
    Outcome.verified: _n("verified, may be erased"),
    Outcome.received: _n("received, not verified yet: do not erase"),
    Outcome.refused: _n("kept in quarantine, do not erase"),
    Outcome.changed: _n("changed while it was being sent: do not erase"),
    Outcome.failed: _n("not received: do not erase"),
}
STYLE = {Outcome.verified: "green", Outcome.received: "yellow"}


def as_written(said: str) -> datetime:
    """A time as people write it; without a zone it is this machine's."""
    found = as_written_or_day(said)
    if read_time(said).day_only:
        raise typer.BadParameter(_("the time of day is missing"))
    return found


def as_written_or_day(said: str) -> datetime:
    try:
        return read_time(said).at.astimezone()
    except (UnreadableTime, OverflowError) as error:
        problem = str(getattr(error, "problem", "")) or _("a time such as {example} is wanted")
        raise typer.BadParameter(problem.format(example="2026-03-02 08:10")) from None


def upload(
    paths: Annotated[
        list[Path], typer.Argument(help="files, or folders with all that is in them", exists=True)
    ],
    server: Annotated[str, typer.Option(envvar="ZHENGLU_SERVER", help="address of the service")] = (
        "http://127.0.0.1:8000"
    ),
    token_file: TokenFile = "",
    token: OnCommandLine = "",
    parallel: Annotated[int, typer.Option(min=1, max=32, help="files at once")] = 3,
    recorder: Annotated[str, typer.Option(help="serial number of the recorder")] = "",
    officer: Annotated[str, typer.Option(help="certificate number of the officer")] = "",
    event: Annotated[str, typer.Option(help="the event that all files show")] = "",
    case: Annotated[str, typer.Option(help="the case number that all files belong to")] = "",
    squad: Annotated[str, typer.Option(help="code of the squad, for accounts that have none")] = "",
    note: Annotated[str, typer.Option(help="kept with every file")] = "",
    device_time: Annotated[
        datetime | None,
        typer.Option(
            parser=as_written,
            metavar="TIME",
            help="what the recorder's clock shows now: its offset is measured by it",
        ),
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(help="append a JSON line for each file here", dir_okay=False)
    ] = None,
    archive: Annotated[
        bool,
        typer.Option(
            "--archive",
            help="an old archive: not judged by upload deadlines; only by an account that may import",
        ),
    ] = False,
    first_received_at: Annotated[
        datetime | None,
        typer.Option(
            parser=as_written_or_day,
            metavar="TIME",
            help="when an archive's files had first arrived, as far as known",
        ),
    ] = None,
    erase: Annotated[
        bool,
        typer.Option(
            "--erase",
            help="remove from the device each file that this run has verified, after reading it once more",
        ),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="until every recording is processed")] = False,
    verify_for: Annotated[float, typer.Option(min=0, help="seconds to wait for the service's hash")] = 600.0,
    patience: Annotated[float, typer.Option(min=0, help="seconds to try again without any progress")] = 600.0,
) -> None:
    """Send recordings and wait until the service has verified them. Run it again to go on after any interruption.

    Only "verified, may be erased" means that the stored bytes are those of the file: the service hashed what it
    stored, and this command what it read. Every run reads every file; what arrived before is not sent again.

    What no camera makes (Thumbs.db, System Volume Information) and what it makes of a recording (a small picture; a
    small copy beside it, or beside where it was before --erase) is left out and said. With --erase exactly the files
    that were verified in this run are removed, each read and hashed once more just before; there is a line for each,
    the rest stays, and so do all folders.

    Exit codes: 0 every file is verified (and erased, with --erase). 1 at least one was not received, changed
    meanwhile, or a folder could not be read. 2 a wrong call. 3 at least one is kept in quarantine. 4 all were
    received, but at least one is not verified yet. 5 all are verified, but at least one could not be erased.
    """
    console = Console()
    secret = token_of(token_file, token)
    if not secret:
        console.print(_("No token: give --token-file FILE (- for standard input) or set ZHENGLU_TOKEN."))
        raise typer.Exit(2)
    if first_received_at and not archive:
        console.print(_("--first-received-at is said of an archive: give --archive too."))
        raise typer.Exit(2)
    said = {
        "recorder": recorder,
        "officer": officer,
        "event": event,
        "case": case,
        "squad": squad,
        "note": note,
        "archive": "true" if archive else "",
        "first_received_at": first_received_at.isoformat() if first_received_at else "",
    }
    metadata = {key: value for key, value in said.items() if value}
    ahead = device_time - datetime.now(UTC) if device_time else None
    memory, target = Memory.default(), Server(server.rstrip("/"), secret, patience)
    card = look_through(paths, memory.erased_with)
    _say_left_out(console, card)
    if not card.files:
        console.print(_("No files there."))
        raise typer.Exit(1 if card.unreadable else 0)
    book, stopped = _Book(receipts), threading.Event()
    with _bars(console) as progress:

        def one(path: Path) -> Done:
            name = name_of(Path(path.name))
            task = progress.add_task(name[-40:], total=size_of(path) or 1)
            shown = _shows(progress, task, name)
            sender = Sender(target, memory, path, metadata, shown, ahead)
            sent = sender.send(verify_s=verify_for, wait=wait)
            book.write(sent)
            done = Done(sent, *_erase(sender, sent, shown)) if erase and not stopped.is_set() else Done(sent)
            progress.update(task, description=f"{done.words()}  {name[-40:]}")
            if erase:
                _line(progress.console, done.words(), sent.path, "green" if done.erased else "yellow")
            return done

        with ThreadPoolExecutor(parallel) as pool:
            # Each thread speaks the language of this command.
            contexts = [copy_context() for _file in card.files]
            try:
                results = list(pool.map(lambda context, path: context.run(one, path), contexts, card.files))
            except BaseException:  # also Ctrl-C: nothing more is erased by the threads that still run
                stopped.set()
                raise
    console.print(_table(results))
    raise typer.Exit(1 if card.unreadable else exit_code(results, erased=erase))


@dataclass(frozen=True)
class Done:
    """`stays`: why a verified file was not erased, with --erase."""

    sent: Sent
    erased: bool = False
    stays: str = ""

    def words(self) -> str:
        if self.erased:
            return _("verified, erased")
        if self.stays:
            return _("verified, not erased: {why}").format(why=self.stays)
        return _(SAY[self.sent.outcome])


def _erase(sender: Sender, sent: Sent, shown: Callable[[str, int], None]) -> tuple[bool, str]:
    """Whether it was erased; if not though it was verified, why."""
    if sent.outcome is not Outcome.verified or sender.look is None:
        return False, ""
    now = sender.still(sent)
    if now is not Outcome.verified:
        return False, _("the service does not confirm it any more ({words})").format(words=_(SAY[now]))
    try:
        erasing.erase(sender.path, sender.look, sent.sha256, lambda done: shown("erase", done))
    except erasing.NotErased as reason:
        return False, str(reason)
    with suppress(OSError):
        sender.memory.keep_erased(sender.path, sender.look)
    return True, ""


def _say_left_out(console: Console, card: Card) -> None:
    for path, why in card.left_out:
        _line(console, _("left out ({why})").format(why=_(LEFT_OUT[why])), name_of(path))
    for folder, problem in card.unreadable:
        _line(console, _("cannot be read: {problem}").format(problem=problem), name_of(folder), "red")


def _line(console: RichConsole, words: str, path: str, style: str = "") -> None:
    """One line, however long: programs read it."""
    console.print(Text(f"{words}  {path}", style=style), soft_wrap=True)


def size_of(path: Path) -> int:
    """0 for a file that went away meanwhile: its receipt says so, and the others are sent."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def exit_code(results: list[Done], *, erased: bool = False) -> int:
    outcomes = {done.sent.outcome for done in results}
    if outcomes & {Outcome.failed, Outcome.changed}:
        return 1
    if Outcome.refused in outcomes:
        return 3
    if Outcome.received in outcomes:
        return 4
    return 5 if erased and not all(done.erased for done in results) else 0


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
    words = {"hash": _("reading"), "send": _("sending"), "erase": _("reading once more")}

    def show(what: str, done: int) -> None:
        progress.update(task, completed=done, description=f"{words[what]}  {name[-40:]}")

    return show


def _table(results: list[Done]) -> Table:
    table = Table(_("File"), _("Size"), _("Receipt"), _("Recording"))
    for done in results:
        sent = done.sent
        words = done.words() + (f" ({sent.problem})" if sent.problem else "")
        table.add_row(
            Text(sent.path),
            f"{sent.size:,}",
            Text(words, style="yellow" if done.stays else STYLE.get(sent.outcome, "red")),
            sent.recording,
        )
    return table


def register(app: typer.Typer) -> None:
    app.command()(upload)
