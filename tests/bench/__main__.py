"""`python -m tests.bench [NAMES…] [--quick]`: runs the measures and writes build/bench/report.json."""

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console

import service.reactions  # noqa: F401  what follows from each change
from tests.bench.report import Row, machine, table, write
from tests.bench.scale import FULL, QUICK, Scale

MEASURES = {
    "upload-directory": "upload_directory",
    "upload-s3": "upload_s3",
    "upload-memory": "upload_memory",
    "encoding": "encoding",
    "playable": "playable",
    "search": "search",
    "linking": "linking",
    "link-one": "link_one",
    "relink-year": "relink_year",
    "board": "coverage_board",
    "recount": "coverage_recount",
    "recount-equal": "coverage_equal",
    "no-op": "no_op",
    "crowded": "crowded",
    "film-hour": "film_hour",
    "day": "day",
}
ONLY_FULL = ("search",)
"""A million recordings or nothing: left out of a quick run unless asked for by name."""

console = Console()


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"some of: {', '.join(MEASURES)}")] = None,
    quick: Annotated[
        bool,
        typer.Option(help="small sizes, one round, into quick.json: shows that it works, measures nothing"),
    ] = os.environ.get("ZHENGLU_BENCH_SCALE") == "quick",
) -> None:
    """Measures this program against references run beside it. Ends with 1 only if a measure could not be taken."""
    scale = QUICK if quick else FULL
    chosen = names or [name for name in MEASURES if not (quick and name in ONLY_FULL)]
    if unknown := [name for name in chosen if name not in MEASURES]:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(MEASURES)}")
    # The installations of the measures are their own: no setting of the caller may reach them.
    for setting in [name for name in os.environ if name.startswith("ZHENGLU_")]:
        del os.environ[setting]
    # Asked to end, it ends by an exception, so that what it started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows: list[dict[str, Any]] = []
    for name in chosen:
        console.print(f"[bold]{name}[/bold] …")
        facts, begun = machine(), time.monotonic()
        found = _rows(name, scale)
        took = round(time.monotonic() - begun, 1)
        rows += [{**row, "measure": name, "took_s": took, "machine": facts} for row in found]
        written = write(rows, chosen, scale)
        for row in found:
            console.print(
                f"  {row['name']}: {row['value']} {row['unit']}, ratio {row['ratio']}", markup=False
            )
        console.print(f"  [dim]{took} s")
    console.print(table(rows))
    console.print(f"written to {written}", markup=False)
    raise typer.Exit(1 if any("error" in row for row in rows) else 0)


def _rows(name: str, scale: Scale) -> list[dict[str, Any]]:
    """What the measure found; a measure that breaks must not take the others with it."""
    try:
        module = import_module(f"tests.bench.{MEASURES[name]}")
        run: Callable[..., list[Row]] = module.run
        found = run() if name in ONLY_FULL else run(scale)
    except Exception as error:  # whatever broke stands in the report, and the other figures are still taken
        console.print(traceback.format_exc(), markup=False, style="red")
        found = [Row(name, None, "", detail={"error": f"{type(error).__name__}: {error}"[:2000]})]
    return [row.as_json() for row in found]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        typer.run(main)
