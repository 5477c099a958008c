"""What a check finds: of which component, how bad, and what to do."""

from dataclasses import dataclass
from enum import StrEnum

from service.kernel.i18n import lazy


class Verdict(StrEnum):
    ok = "ok"
    warning = "warning"  # it works, and somebody should know this
    not_running = "not_running"  # needed, and nobody has started it
    broken = "broken"


SAID = {
    Verdict.ok: lazy("ok"),
    Verdict.warning: lazy("look at it"),
    Verdict.not_running: lazy("not running"),
    Verdict.broken: lazy("broken"),
}


@dataclass(frozen=True)
class Finding:
    """`component` and `verdict` never change their names; `found` and `mend` are in the caller's language.

    `mend` is one sentence on what to do; empty where nothing is to be done.
    """

    component: str
    verdict: Verdict
    found: str
    mend: str = ""


def ok(component: str, found: str) -> Finding:
    return Finding(component, Verdict.ok, found)


def warning(component: str, found: str, mend: str = "") -> Finding:
    return Finding(component, Verdict.warning, found, mend)


def broken(component: str, found: str, mend: str) -> Finding:
    return Finding(component, Verdict.broken, found, mend)


def not_running(component: str, found: str, mend: str) -> Finding:
    return Finding(component, Verdict.not_running, found, mend)
