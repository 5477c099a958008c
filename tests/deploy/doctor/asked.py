"""What the checks say, in English."""

from collections.abc import Callable, Iterator
from typing import Any

from deploy.doctor.command import examine
from deploy.doctor.findings import Finding
from service.kernel import i18n
from service.kernel.settings import Settings


def examined(**settings: Any) -> dict[str, Finding]:
    """By component, of all checks."""
    with i18n.speaking("en"):
        return {finding.component: finding for finding in examine(Settings(**settings))}


def told(check: Callable[[Settings], Iterator[Finding]], **settings: Any) -> Finding:
    """The one finding of one check."""
    with i18n.speaking("en"):
        (finding,) = check(Settings(**settings))
    return finding
