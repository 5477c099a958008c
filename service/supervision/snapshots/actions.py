"""Freezing a month 月报: once, in one transaction that sees one moment of the whole database."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import Depends
from sqlmodel import Session, select

from schemas.base import new_id
from schemas.coverage import Basis, CoverageSnapshot
from service.access.actions import require_bureau
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import DatabaseSession, transaction
from service.kernel.months import next_month
from service.kernel.policy import policy
from service.supervision.coverage.answers import definitions, row_json
from service.supervision.coverage.policy import SMALL_DENOMINATOR
from service.supervision.coverage.queries import board
from service.supervision.coverage.rules import VERSION
from service.supervision.coverage.selection import Filters
from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS, STATUSES
from service.supervision.snapshots import acts
from service.supervision.snapshots.errors import (
    FrozenAlready,
    MonthNotOver,
    NothingToFreeze,
    NotReproducible,
    RecountUnderWay,
    StillOpen,
)
from service.supervision.snapshots.frozen import rows_of_month
from service.supervision.snapshots.queries import matters_of, preview, wants_recount
from service.supervision.snapshots.recount import FIGURES, figures_of_rows
from service.supervision.snapshots.rules import fingerprint, name_of, same
from service.supervision.snapshots.words import DEPENDED_ON

STEADY = "REPEATABLE READ"


def steady_session(session: DatabaseSession) -> Iterator[Session]:
    """All that is read in it is of one moment. A second connection: the request's own has read already."""
    with transaction(session.get_bind().execution_options(isolation_level=STEADY)) as steady:
        yield steady


SteadySession = Annotated[Session, Depends(steady_session, scope="function")]


def may_freeze(actor: Actor) -> None:
    """The month is the whole bureau's."""
    require_bureau(actor, "freeze_months")


def freeze(session: Session, actor: Actor, month: date, *, confirmed: bool = False) -> CoverageSnapshot:
    """`session` is a steady one. `confirmed`: though something is not settled yet.

    Figures are those of the live board at this moment; unless the frozen rows add up to exactly these, nothing is
    frozen.
    """
    may_freeze(actor)
    if session.connection().get_isolation_level() != STEADY:
        raise ValueError("a month is frozen in a session that sees one moment: see steady_session")
    as_of, name = now(), name_of(month)
    if session.scalars(select(CoverageSnapshot.id).where(CoverageSnapshot.month == month)).first():
        raise FrozenAlready(month=name)
    state = preview(session, actor, month, as_of)
    if not state.over:
        raise MonthNotOver(month=name)
    if not state.events:
        raise NothingToFreeze(month=name)
    if wants_recount(session):
        raise RecountUnderWay
    if state.unsettled and not confirmed:
        raise StillOpen(
            month=name, not_due=state.not_due, disputes=state.disputes, explanations=state.explanations
        )
    filters = Filters(since=month, until=next_month(month))
    snapshot_id = new_id()
    rows = list(rows_of_month(session, actor, snapshot_id, month, next_month(month), as_of))
    figures = {basis.value: _figures(session, actor, filters, basis, as_of) for basis in Basis}
    snapshot = CoverageSnapshot(
        id=snapshot_id,
        month=month,
        as_of=as_of,
        rule_version=VERSION,
        definitions=_definitions(session, filters),
        figures=figures,
        rows_sha256=fingerprint(rows),
        taken_at=as_of,
        taken_by=actor.account_id,
    )
    session.add(snapshot)
    session.flush()
    session.add_all(rows)
    session.flush()
    names = {
        one["keys"]["squad"]["value"]: one["keys"]["squad"]["label"]
        for basis in figures.values()
        for one in basis["squads"]
    }
    again = figures_of_rows(session, snapshot.id, as_of, names, policy(session, SMALL_DENOMINATOR))
    if not same(again, figures):
        raise NotReproducible(month=name)
    record(
        session, actor, acts.FREEZE_MONTH, "snapshot", snapshot.id,
        month=name, rows=len(rows), rows_sha256=snapshot.rows_sha256, not_due=state.not_due,
        disputes=state.disputes, explanations=state.explanations,
    )  # fmt: skip
    return snapshot


def _figures(session: Session, actor: Actor, filters: Filters, basis: Basis, as_of: Any) -> dict[str, Any]:
    wanted = Filters(basis=basis, since=filters.since, until=filters.until)
    found = board(session, actor, wanted, ("squad",), as_of, names=FIGURES, percentiles=True)
    return {"total": row_json(found.total), "squads": [row_json(row) for row in found.rows]}


def _definitions(session: Session, filters: Filters) -> dict[str, Any]:
    """The words in every language, and the values that the rules had. `matters`: versions in force in the month."""
    words = {}
    for locale in i18n.LOCALES:
        with i18n.speaking(locale):
            words[locale] = {
                "figures": definitions(),
                "statuses": {name: [str(word.label), str(word.meaning)] for name, word in STATUSES.items()},
                "exclusions": {name: str(word) for name, word in EXCLUSIONS.items()},
                "exemptions": {name: str(word) for name, word in EXEMPTIONS.items()},
            }
    return {
        "words": words,
        "policy": {rule.name: policy(session, rule) for rule in DEPENDED_ON},
        "matters": matters_of(session, filters),
    }
