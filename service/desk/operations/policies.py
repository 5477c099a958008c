"""The rules that differ between bureaus, all of them; and changing one: on record, and followed by what depends on
it."""

from typing import Any

from sqlmodel import Session

from schemas.policy import PolicyValue
from service.access import policy as access
from service.desk.operations import acts
from service.finding.linking import policy as linking
from service.footage.announcements import policy as announcements
from service.footage.recordings import policy as recordings
from service.footage.uploads import policy as uploads
from service.kernel import policy as kernel
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.errors import Invalid
from service.kernel.policy import Rule, policy
from service.preservation.backups import policy as backups
from service.registry.clocks import policy as clocks
from service.registry.events import policy as events
from service.registry.importing import policy as importing
from service.registry.people import policy as people
from service.registry.recorders import policy as recorders
from service.supervision.coverage import policy as coverage
from service.supervision.coverage.counted_by import recount_if_changed

DECLARED_IN = (
    kernel,
    access,
    people,
    recorders,
    clocks,
    events,
    importing,
    announcements,
    recordings,
    uploads,
    linking,
    coverage,
    backups,
)
RULES: dict[str, Rule[Any]] = {rule.name: rule for module in DECLARED_IN for rule in module.RULES}
LINKS_DEPEND = frozenset(rule.name for rule in linking.RULES)


def set_policy(session: Session, by: Actor | str, name: str, value: Any) -> bool:
    """`value`: as the rule's declaration says, None for its default. Answers whether the coverage of all events is
    counted again by it."""
    rule = RULES.get(name)
    if rule is None or not rule.by_hand:
        raise Invalid(field="name", problem=name)
    before = policy(session, rule)
    value = rule.default if value is None else value
    if not rule.fits(value):
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
