"""`zhenglu import WHAT FILE`: rows of another system into this one, with a report for each row."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.i18n import gettext as _


class What(StrEnum):
    squads = "squads"
    officers = "officers"
    recorders = "recorders"
    assignments = "assignments"
    campaigns = "campaigns"
    cases = "cases"
    events = "events"


TYPES = {".json": "application/json", ".csv": "text/csv"}


def import_rows(
    what: What,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON or CSV")],
    server: Annotated[str, typer.Option(envvar="ZHENGLU_SERVER")] = "http://127.0.0.1:8000",
    token: Annotated[
        str, typer.Option(envvar="ZHENGLU_TOKEN", help="a token of a supervisor or administrator")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, change nothing")] = False,
) -> None:
    """Import rows; the same file again changes nothing. Exit 1 if a row was refused."""
    import httpx
    from rich.console import Console
    from rich.table import Table

    console = Console()
    try:
        answer = httpx.post(
            f"{server.rstrip('/')}/api/v1/{what}/import",
            params={"dry_run": str(dry_run).lower()},
            content=file.read_bytes(),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": TYPES.get(file.suffix.lower(), "text/csv"),
            },
            timeout=300,
            trust_env=False,
        )
    except httpx.TransportError as error:
        console.print(
            _("{server} does not answer: {problem}").format(server=server, problem=error),
            style="red",
            markup=False,
        )
        raise typer.Exit(1) from None
    told = answer.json()
    if answer.status_code != 200:
        console.print(str(told.get("detail", told)), style="red", markup=False)
        raise typer.Exit(1)
    table = Table(_("Row"), _("Key"), _("Outcome"), _("Why"))
    for row in told["rows"]:
        if row["outcome"] != "unchanged":
            why = row["problem"] or ", ".join(row["changes"])
            table.add_row(str(row["row"]), row["key"], row["outcome"], why)
    console.print(table)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in told["counts"].items()))
    raise typer.Exit(1 if told["counts"]["refused"] else 0)


def register(app: typer.Typer) -> None:
    app.command("import")(import_rows)
