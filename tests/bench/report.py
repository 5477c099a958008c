"""The rows of build/bench/report.json, and the table on the terminal."""

import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psutil
from rich.table import Table

from tests.bench.scale import Scale

BUILD = Path(__file__).parents[2] / "build" / "bench"


@dataclass(frozen=True)
class Row:
    """One figure. `ratio` is value over reference; `met` None where no aim was set for it. `detail`: further keys
    of the row in the report, such as the single rounds."""

    name: str
    value: float | None
    unit: str
    reference: float | None = None
    reference_command: str | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        plain = asdict(self)
        return plain | plain.pop("detail")


def against(
    name: str,
    unit: str,
    value: float,
    reference: float | None,
    command: str | None,
    *,
    digits: int = 2,
    aim: str = "",
    met: bool | None = None,
    **detail: Any,
) -> Row:
    """One number beside another, or beside none."""
    return Row(
        name=name,
        value=round(value, digits),
        unit=unit,
        reference=None if reference is None else round(reference, digits),
        reference_command=None if reference is None else command,
        ratio=round(value / reference, 3) if reference else None,
        aim=aim,
        met=met,
        detail=detail,
    )


def quantile(values: Iterable[float], share: float = 0.95) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def milliseconds(act: Callable[[], object]) -> float:
    started = perf_counter()
    act()
    return (perf_counter() - started) * 1000


def compared(
    name: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    command: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    **detail: Any,
) -> Row:
    """Medians over the rounds, and their ratio against its bound."""
    value, reference = median(ours), median(theirs)
    ratio = value / reference
    met = ratio >= at_least if at_least is not None else ratio <= at_most if at_most is not None else None
    return Row(
        name=name,
        value=round(value, 3),
        unit=unit,
        reference=round(reference, 3),
        reference_command=command,
        ratio=round(ratio, 3),
        aim=f"≥ {at_least} ×" if at_least is not None else f"≤ {at_most} ×",
        met=met,
        detail={
            "rounds": [round(one, 3) for one in ours],
            "reference_rounds": [round(one, 3) for one in theirs],
            **detail,
        },
    )


def machine() -> dict[str, Any]:
    """What the figures were measured on. Stands in each row, because rows of several runs may come together."""
    temporary = Path(tempfile.gettempdir())
    mounts = [
        part for part in psutil.disk_partitions(all=True) if temporary.is_relative_to(Path(part.mountpoint))
    ]
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "file_system": max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "node": _first_line(node(), "--version"),
        "ffmpeg": _first_line("ffmpeg", "-version"),
        "commit": _first_line("git", "-C", str(BUILD.parents[1]), "rev-parse", "HEAD"),
        "load_before": round(os.getloadavg()[0], 2),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def node() -> str:
    """The Node that set-up installed where the machine has none that is new enough, else the machine's."""
    own = BUILD.parents[1] / "build/node/bin/node"
    return str(own) if own.exists() else shutil.which("node") or "node"


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(*command: str) -> str:
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return told.partition("\n")[0].strip()


def write(rows: list[dict[str, Any]], measures: Sequence[str], scale: Scale) -> Path:
    """Rows of measures that were not run now stay as they were. A quick run has a file of its own: its figures
    prove nothing."""
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / ("report.json" if scale.name == "full" else f"{scale.name}.json")
    earlier = json.loads(path.read_text()) if path.exists() else []
    kept = [row for row in earlier if row.get("measure") not in measures]
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps([*kept, *rows], ensure_ascii=False, indent=1) + "\n")
    unfinished.replace(path)
    return path


def table(rows: list[dict[str, Any]]) -> Table:
    shown = Table(title="make bench", show_lines=False)
    for title in ("figure", "value", "reference", "ratio", "aim", "met"):
        shown.add_column(title, justify="left" if title in ("figure", "aim") else "right", overflow="fold")
    for row in rows:
        met = {True: "[green]yes", False: "[red]no", None: "–"}[row["met"]]
        shown.add_row(
            row["name"],
            _number(row["value"], row["unit"]),
            _number(row["reference"], row["unit"]),
            _number(row["ratio"], "×"),
            row["aim"],
            "[red]error" if row.get("error") else met,
        )
    return shown


def _number(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.4g} {unit}" if abs(value) < 1000 else f"{value:.0f} {unit}"
