"""`zhenglu import WHAT FILE`: rows of another system into this one, with a report for each row."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from deploy import tokens
from deploy.passwords import OnCommandLine, PasswordFile, password_of
from service.kernel.i18n import gettext as _

if TYPE_CHECKING:
    from httpx import Client

    from deploy.console import Console


class What(StrEnum):
    """In the order in which a new installation needs them."""

    squads = "squads"
    officers = "officers"
    recorders = "recorders"
    assignments = "assignments"
    clocks = "clocks"
    rosters = "rosters"
    cases = "cases"
    campaigns = "campaigns"
    events = "events"
    matters = "matters"


TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
}
ASK_EVERY_S = 0.5
SHOWN = 200  # rows on the screen; --report has them all


def import_rows(
    what: What,
    file: Annotated[
        Path | None,
        typer.Argument(dir_okay=False, help="XLSX or XLS (first sheet), CSV (UTF-8 or GBK) or JSON"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what each row would do, change nothing")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="say which columns such a table has; needs no server")
    ] = False,
    template: Annotated[
        Path | None, typer.Option(help="write an empty table to fill in (.xlsx or .csv); needs no server")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="write what became of every row (.xlsx or .csv)")
    ] = None,
    in_force_from: Annotated[
        str, typer.Option(metavar="DAY", help="matters: from which day on the list holds (today)")
    ] = "",
    note: Annotated[str, typer.Option(help="matters: the decision that the list follows")] = "",
    server: Annotated[
        str, typer.Option(envvar="ZHENGLU_SERVER", help="address of the service (the one that runs here)")
    ] = "",
    user: Annotated[
        str, typer.Option(envvar="ZHENGLU_USER", help="sign in as; a supervisor or administrator")
    ] = "",
    password_file: PasswordFile = "",
    password: OnCommandLine = "",
    token_file: tokens.TokenFile = "",
    token: tokens.OnCommandLine = "",
) -> None:
    """Import a table. The same table again changes nothing. Exit 1 if a row was refused.

    For instance: zhenglu import officers officers.xlsx --dry-run --user admin
    """
    from deploy.console import Console

    console = Console()
    if columns:
        _say_columns(console, what)
        return
    if template is not None:
        _write_template(console, what, template)
        return
    if file is None:
        raise typer.BadParameter(_("which file? Or --columns, or --template FILE"))
    if not file.is_file():
        raise typer.BadParameter(_("there is no file {path}").format(path=file))
    told = _send(
        *(console, what, file, server or _running_here(), dry_run, in_force_from, note),
        *(user, password_file, tokens.token_of(token_file, token)),
    )
    _show(console, told)
    if report is not None:
        _write_report(report, told)
        console.print(_("Report of every row: {path}").format(path=report), markup=False)
    raise typer.Exit(1 if told["counts"]["refused"] else 0)


def _running_here() -> str:
    from deploy.running import Running
    from service.kernel.settings import get_settings

    found = Running.read(get_settings().data_dir)
    return found.address if found and found.alive and found.address else "http://127.0.0.1:8000"


def _send(
    console: "Console",
    what: What,
    file: Path,
    server: str,
    dry_run: bool,
    in_force_from: str,
    note: str,
    user: str,
    password_file: str,
    token: str,
) -> dict[str, Any]:
    import httpx

    from service.kernel import i18n

    language = "zh-CN" if i18n.current() == "zh_CN" else "en"
    query = {"dry_run": str(dry_run).lower()}
    if what is What.matters:
        query |= {"note": note} | ({"in_force_from": in_force_from} if in_force_from else {})
    try:
        with httpx.Client(
            base_url=server.rstrip("/"),
            headers={"Accept-Language": language},
            timeout=600,
            trust_env=False,
        ) as client:
            own = not token
            secret = token or _sign_in(console, client, user, password_file)
            client.headers["Authorization"] = f"Bearer {secret}"
            try:
                answer = client.post(
                    f"/api/v1/{what}/import",
                    params=query,
                    content=file.read_bytes(),
                    headers={"Content-Type": TYPES.get(file.suffix.lower(), "text/csv")},
                )
                if answer.status_code == 202:
                    return _wait_for(console, client, answer.json()["id"])
                return _answer(console, answer)
            finally:
                if own:
                    client.delete("/api/v1/session")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        _fail(console, _("{server} does not answer: {problem}").format(server=server, problem=error))


def _wait_for(console: "Console", client: "Client", import_id: str) -> dict[str, Any]:
    """A large table is imported in the background; whoever stops waiting does not stop it."""
    import time

    from rich.progress import Progress

    with Progress(console=console, transient=True) as bars:
        bar = bars.add_task(_("importing"), total=1.0)
        while True:
            told = _answer(console, client.get(f"/api/v1/imports/{import_id}"))
            bars.update(bar, completed=told["progress"] or 0.0)
            if told["state"] == "done":
                return told
            if told["state"] == "failed":
                _fail(console, told["problem"]["detail"])
            time.sleep(ASK_EVERY_S)


def _sign_in(console: "Console", client: "Client", user: str, password_file: str) -> str:
    import sys

    if not user:
        if not sys.stdin.isatty():
            _fail(
                console, _("Say who you are: --user NAME (and --password-file FILE), or --token-file FILE.")
            )
        user = typer.prompt(_("User name"))
    password = password_of(user, password_file)
    told = _answer(console, client.post("/api/v1/session", json={"username": user, "password": password}))
    return told["token"]


def _answer(console: "Console", answer: Any) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    if answer.status_code == 200 and isinstance(told, dict) and told:
        return told
    said = told.get("detail") if isinstance(told, dict) else None
    _fail(
        console,
        str(said)
        if said
        else _("{address} is no Zhenglu service, or another answers for it (HTTP {status}).").format(
            address=answer.request.url.copy_with(query=None), status=answer.status_code
        ),
    )


def _fail(console: "Console", sentence: str) -> NoReturn:
    console.print(sentence, style="red", markup=False)
    raise typer.Exit(2)


def _show(console: "Console", told: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from service.registry.importing.words import OUTCOMES

    news = [row for row in told["rows"] if row["outcome"] != "unchanged" or row.get("note")]
    news.sort(key=lambda row: (row["outcome"] != "refused", row["row"]))
    if news:
        table = Table(_("Row"), _("Key"), _("Outcome"), _("Why"))
        for row in news[:SHOWN]:
            outcome = str(OUTCOMES[row["outcome"]].label)
            style = "red" if row["outcome"] == "refused" else ""
            table.add_row(str(row["row"]), Text(row["key"]), Text(outcome, style), Text(_why(row)))
        console.print(table)
        if len(news) > SHOWN:
            console.print(
                _("{n} further rows are not shown; --report FILE has them all.").format(n=len(news) - SHOWN)
            )
    for sentence, names in (
        (_("Columns that nobody knows were left out: {names}"), told["ignored_columns"]),
        (_("Only the first sheet was read; left out: {names}"), told.get("unread_sheets", [])),
        (_("Lines of the version before that this list no longer has: {names}"), told.get("removed", [])),
    ):
        if names:
            console.print(sentence.format(names=", ".join(names)), style="yellow", markup=False)
    counts = ", ".join(f"{OUTCOMES[name].label} {count}" for name, count in told["counts"].items())
    console.print(counts, markup=False)
    if told.get("version"):
        console.print(
            _(
                "Version {n} is published, in force from {day}; {events} events are being counted again."
            ).format(n=told["version"], day=told["in_force_from"], events=told["events"]),
            style="green",
        )
    elif told["dry_run"]:
        console.print(_("Checked only; nothing was changed. Without --dry-run it is done."), style="yellow")
    elif not told["applied"]:
        console.print(_("Nothing was changed: such a table is taken as a whole."), style="red")


def _why(row: dict[str, Any]) -> str:
    return "; ".join(part for part in (row["problem"], ", ".join(row["changes"]), row.get("note")) if part)


def _say_columns(console: "Console", what: What) -> None:
    from rich.table import Table

    from service.desk.imports.kinds import import_kind
    from service.registry.importing.columns import columns

    kind = import_kind(what)
    console.print(f"{kind.word.label}: {kind.word.meaning}", markup=False)
    table = Table(_("Column"), _("Needed"), _("What it holds"), _("Other names"))
    for one in columns(kind):
        table.add_row(one.header, _("yes") if one.required else "", one.meaning, "、".join(one.also))
    console.print(table)


def _write_template(console: "Console", what: What, path: Path) -> None:
    from service.desk.imports.kinds import import_kind
    from service.kernel.paper.workbook import write_csv, write_xlsx
    from service.registry.importing.columns import template_table

    title, headers, notes = template_table(import_kind(what))
    content = (
        write_csv(headers, [])
        if path.suffix.lower() == ".csv"
        else write_xlsx(title, headers, [], notes=notes, notes_title=_("Columns"))
    )
    path.write_bytes(content)
    console.print(_("Written: {path}").format(path=path), markup=False)


def _write_report(path: Path, told: dict[str, Any]) -> None:
    from service.kernel.paper.workbook import write_csv, write_xlsx

    headers = [_("Row"), _("Key"), _("Outcome"), _("Why")]
    rows = [[row["row"], row["key"], row["outcome"], _why(row)] for row in told["rows"]]
    content = (
        write_csv(headers, rows) if path.suffix.lower() == ".csv" else write_xlsx(_("Report"), headers, rows)
    )
    path.write_bytes(content)


def register(app: typer.Typer) -> None:
    app.command("import")(import_rows)
