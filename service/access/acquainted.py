"""Whom and what a squad knows without seeing the whole bureau: its own, and what stands in rows of its own. Of all others
it is told no more than of those that do not exist, whether it asks, writes or only says a number with a file."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import TextClause, text


def knows_officer(squad: str) -> str:
    """SQL over `officers`: of the squad, on duty for it, at one of its events, or holding one of its recorders at any
    time. `squad`: an expression for one id, or an ANY(…) of several."""
    return f"""(
        officers.squad_id = {squad}
        OR EXISTS (SELECT FROM rosters k WHERE k.officer_id = officers.id AND k.squad_id = {squad})
        OR EXISTS (SELECT FROM assignments k JOIN recorders d ON d.id = k.recorder_id
                   WHERE k.officer_id = officers.id AND d.squad_id = {squad})
        OR EXISTS (SELECT FROM event_officers k JOIN enforcement_events e ON e.id = k.event_id
                   WHERE k.officer_id = officers.id AND e.squad_id = {squad}))"""


def knows_recorder(squad: str) -> str:
    """SQL over `recorders`: of the squad, held by one of its officers, or filming for it at any time."""
    return f"""(
        recorders.squad_id = {squad}
        OR EXISTS (SELECT FROM assignments k JOIN officers o ON o.id = k.officer_id
                   WHERE k.recorder_id = recorders.id AND o.squad_id = {squad})
        OR EXISTS (SELECT FROM recordings k WHERE k.recorder_id = recorders.id AND k.squad_id = {squad}))"""


_ANY = "ANY(CAST(:known_to AS uuid[]))"


def officer_known_to(squads: Iterable[UUID]) -> TextClause:
    """For a statement on officers."""
    return text(knows_officer(_ANY)).bindparams(known_to=sorted(squads))


def recorder_known_to(squads: Iterable[UUID]) -> TextClause:
    """For a statement on recorders."""
    return text(knows_recorder(_ANY)).bindparams(known_to=sorted(squads))
