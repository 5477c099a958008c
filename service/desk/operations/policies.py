"""Changing a rule that differs between bureaus: on record, and followed by what depends on it."""

from typing import Any

from sqlmodel import Session

from schemas.policy import PolicyValue
from service.desk.operations import acts
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.errors import Invalid
from service.kernel.policy import DEFAULTS, policy
from service.supervision.coverage.counted_by import recount_if_changed

INTERNAL = frozenset({"demo_database"})
LINKS_DEPEND = tuple(name for name in DEFAULTS if name.startswith("link_"))


def set_policy(session: Session, by: Actor | str, name: str, value: Any) -> bool:
    """`value`: of the kind of the default, None for the default itself. Answers whether the coverage of all events is
    counted again by it."""
    if name not in DEFAULTS or name in INTERNAL:
        raise Invalid(field="name", problem=name)
    default, before = DEFAULTS[name], policy(session, name)
    value = default if value is None else value
    if not _alike(default, value):
        raise Invalid(field=name, problem=repr(value))
    row = session.get(PolicyValue, name, with_for_update=True)
    if row is None:
        row = PolicyValue(name=name, value=value)
    row.value, row.changed_at = value, now()
    row.changed_by = by.account_id if isinstance(by, Actor) else None
    session.add(row)
    session.flush()
    changed(session, PolicyValue, [name])
    record(session, by, acts.SET_POLICY, "policy", None, name=name, before=before, after=value)
    return recount_if_changed(session, by)


def _alike(default: Any, value: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and value >= 0
    return isinstance(value, type(default))
