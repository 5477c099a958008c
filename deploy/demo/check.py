"""Holds what the service made of the recordings against the truth written before the upload. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.demo.truth import Plan
from service.kernel.i18n import gettext as _

STRENGTH = {"confirmed": 3, "automatic": 2, "offered": 1}


@dataclass(frozen=True)
class Seen:
    """What the API says of one recording. `links`: (state, event's external id, case number, reasons)."""

    recording_id: str
    state: str
    reason: str
    tags: frozenset[str]
    links: tuple[tuple[str, str | None, str | None, tuple[str, ...]], ...]
    receipts: int = 1


def misses(plan: Plan, seen: Seen | None, *, own_times: bool = True) -> list[str]:
    """What is not as planned, in words; empty when all is. `own_times` False: borrowed footage has other times."""
    if seen is None:
        return ["not there"]
    found = []
    if own_times and seen.state != plan.wanted_state:
        found.append(f"state {seen.state}, wanted {plan.wanted_state} ({seen.reason})")
    if own_times:
        found += _link_misses(plan, seen)
        found += [f"tag {tag} is missing" for tag in plan.wanted_tags if tag not in seen.tags]
    elif seen.state in ("receiving", "processing"):
        found.append(f"still {seen.state}")
    return found


def _link_misses(plan: Plan, seen: Seen) -> list[str]:
    if plan.wanted_link == "any":
        return []
    decided = [link for link in seen.links if link[0] in ("automatic", "confirmed")]
    offered = [link for link in seen.links if link[0] == "offered"]
    if plan.wanted_link is None:
        return [f"linked to {link[1] or link[2]}, wanted no link" for link in decided]
    if plan.wanted_link == "offered":
        if decided:
            return [f"decided for {decided[0][1] or decided[0][2]}, wanted only an offer"]
        return (
            []
            if any(link[1] == plan.wanted_event for link in offered)
            else ["the right event is not offered"]
        )
    if plan.wanted_event and not any(link[1] == plan.wanted_event for link in decided):
        return [f"not linked to {plan.wanted_event}"]
    wrong = [link[1] for link in decided if plan.wanted_event and link[1] not in (None, plan.wanted_event)]
    if wrong:
        return [f"also linked to {wrong[0]}"]
    if plan.wanted_case and not any(link[2] == plan.wanted_case for link in decided):
        return [f"not in case {plan.wanted_case}"]
    return []


def verdict_row(plan: Plan, seen: Seen | None, faults: list[str]) -> Mapping[str, Any]:
    """One line of the table: recording, verdict, event, case, reasons, and whether it is as planned."""
    best = max(seen.links, key=lambda link: STRENGTH.get(link[0], 0), default=None) if seen else None
    return {
        "recording": plan.name,
        "story": plan.story,
        "state": seen.state if seen else "–",
        "link": best[0] if best else "–",
        "event": (best[1] or "–") if best else "–",
        "case": (best[2] or "–") if best else "–",
        "why": (_("; ").join(best[3]) if best else "") or (seen.reason if seen else ""),
        "faults": "; ".join(faults),
    }
