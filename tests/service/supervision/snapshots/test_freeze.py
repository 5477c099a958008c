"""A frozen month: what it holds, that it can be counted again, and that nothing touches it afterwards."""

import json
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from sqlalchemy import func, update
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.coverage import (
    Basis,
    CoverageSnapshot,
    Dispute,
    EventCoverage,
    SnapshotRow,
)
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.links import Link, LinkState
from schemas.recordings import Recording
from service.kernel import database
from service.kernel.clock import now
from service.kernel.errors import NotAllowed
from service.kernel.jobs import request_job
from service.kernel.months import next_month
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.figure_types import Part
from service.supervision.coverage.figures import BY_NAME
from service.supervision.coverage.queries import board
from service.supervision.coverage.rules import VERSION
from service.supervision.coverage.selection import Filters
from service.supervision.snapshots import queries
from service.supervision.snapshots.actions import freeze
from service.supervision.snapshots.errors import (
    FrozenAlready,
    MonthNotOver,
    NotFrozen,
    NothingToFreeze,
    RecountUnderWay,
    StillOpen,
)
from service.supervision.snapshots.kept import Form, kept_file
from service.supervision.snapshots.recount import FIGURES, check, recounted
from service.supervision.snapshots.rules import same
from tests.service.supervision.snapshots.conftest import known, unguarded

JUNE = date(2024, 6, 1)


def frozen(session: Session) -> CoverageSnapshot:
    snapshot = freeze(session, known(session), JUNE, confirmed=True)
    session.commit()
    return snapshot


def test_the_frozen_figures_are_the_live_ones_and_those_of_the_frozen_rows(steady: Session) -> None:
    snapshot = frozen(steady)
    assert same(recounted(steady, snapshot), snapshot.figures)
    for basis in Basis:
        live = board(
            steady,
            known(steady),
            Filters(basis, JUNE, next_month(JUNE)),
            ("squad",),
            snapshot.as_of,
            names=FIGURES,
            percentiles=True,
        )
        held = snapshot.figures[basis]
        assert len(held["squads"]) == len(live.rows) == 2
        for name in FIGURES:
            assert held["total"]["figures"][name]["numerator"] == pytest.approx(
                live.total.figures[name].numerator
            )
            assert held["total"]["figures"][name]["p95_s"] == live.total.figures[name].p95
        assert held["total"]["standings"] == live.total.standings
    assert snapshot.figures["counted"] != snapshot.figures["confirmed"]
    assert snapshot.figures["counted"]["total"]["figures"]["recorded"]["denominator"] > 0
    assert check(steady, snapshot).good


def test_later_changes_in_the_field_do_not_touch_a_frozen_month(steady: Session) -> None:
    snapshot = frozen(steady)
    before = snapshot.figures
    for link in steady.scalars(select(Link)):
        link.state = LinkState.rejected
        steady.add(link)
    for event in steady.scalars(select(EnforcementEvent)):
        event.cancelled_at, event.departed_at = now(), event.arrived_at + timedelta(hours=9)
        steady.add(event)
    for recording in steady.scalars(select(Recording)):
        recording.received_at = now()
        steady.add(recording)
    recount_all(steady)
    steady.commit()
    steady.expire_all()
    live = board(steady, known(steady), Filters(since=JUNE, until=next_month(JUNE)))
    assert live.total.figures["recorded"].denominator == 0
    again = queries.get_snapshot(steady, JUNE)
    assert again.figures == before
    assert check(steady, again).good
    items = queries.rows_behind(steady, known(steady), again, "recorded", limit=None).items
    assert len(items) == before["counted"]["total"]["figures"]["recorded"]["denominator"]


@pytest.mark.parametrize("table", ["coverage_snapshots", "snapshot_rows", "snapshot_files"])
def test_the_database_refuses_to_change_or_remove_what_is_frozen(steady: Session, table: str) -> None:
    kept_file(steady, known(steady), frozen(steady), Form.xlsx)
    column = {
        "coverage_snapshots": "rule_version = '9'", "snapshot_rows": "row = '{}'", "snapshot_files": "form = ''"
    }[table]  # fmt: skip
    for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with (
            pytest.raises(sqlalchemy.exc.DBAPIError, match="never changed or removed"),
            steady.begin_nested(),
        ):
            steady.execute(sqlalchemy.text(statement))


def test_a_month_frozen_by_an_earlier_counting_rule_is_what_its_rows_add_up_to(steady: Session) -> None:
    snapshot = frozen(steady)
    figures = json.dumps(snapshot.figures).replace(f'"rule_version": "{VERSION}"', '"rule_version": "1"')
    older = snapshot.model_copy(update={"rule_version": "1", "figures": json.loads(figures)})
    assert older.figures != snapshot.figures
    assert check(steady, older).good


def test_a_row_that_was_changed_is_found_out(steady: Session) -> None:
    snapshot = frozen(steady)
    unguarded(steady)
    row = steady.scalars(
        select(SnapshotRow).where(SnapshotRow.about == "event", SnapshotRow.basis == "counted")
    ).first()
    steady.execute(
        update(SnapshotRow)
        .where(SnapshotRow.subject_id == row.subject_id, SnapshotRow.basis == "counted")
        .values(row={**row.row, "event": {**row.row["event"], "title": "another"}})
    )
    steady.expire_all()
    found = check(steady, snapshot)
    assert not found.rows and found.figures  # words change no figure, but the fingerprint


def test_a_figure_that_was_changed_is_found_out(steady: Session) -> None:
    snapshot = frozen(steady)
    figures = {**snapshot.figures, "counted": {**snapshot.figures["counted"], "squads": []}}
    unguarded(steady)
    snapshot.figures = figures
    assert not check(steady, snapshot).figures


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("basis", Basis)
def test_every_frozen_figure_opens_into_as_many_rows_as_it_says(
    steady: Session, figure: str, basis: Basis
) -> None:
    snapshot = frozen(steady)
    actor = known(steady, Role.auditor)
    held = snapshot.figures[basis]["total"]["figures"][figure]

    def rows(part: Part, reason: str = "") -> int:
        found = queries.rows_behind(
            steady, actor, snapshot, figure, part, basis=basis, reason=reason, limit=None
        )
        return len(found.items)

    if figure not in ("completeness", "on_time", "explained", "recorders_on_duty"):
        assert rows(Part.denominator) == held["denominator"]
        assert rows(Part.numerator) == held["numerator"]
        assert rows(Part.rest) == held["denominator"] - held["numerator"]
    for reason, n in held["excluded"].items():
        assert rows(Part.excluded, reason) == n
    assert rows(Part.excluded) == sum(held["excluded"].values())


def test_pages_of_rows_hold_each_row_once(steady: Session) -> None:
    snapshot = frozen(steady)
    actor, seen, cursor = known(steady), [], None
    while True:
        found = queries.rows_behind(steady, actor, snapshot, "recorded", cursor=cursor, limit=7)
        seen += [one.row.subject_id for one in found.items]
        cursor = found.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == snapshot.figures["counted"]["total"]["figures"]["recorded"]["n"]


def test_a_squad_sees_its_own_figures_and_rows_and_no_total(steady: Session) -> None:
    snapshot = frozen(steady)
    mine = known(steady, Role.supervisor, "one")
    held = queries.figures_for(snapshot, mine)
    assert held["total"] is None
    assert [one["keys"]["squad"]["value"] for one in held["squads"]] == [str(mine.squad_id)]
    for figure in FIGURES:
        rows = queries.rows_behind(steady, mine, snapshot, figure, limit=None).items
        assert {one.row.squad_id for one in rows} <= {mine.squad_id}
        if BY_NAME[figure].about == "event":
            n = held["squads"][0]["figures"][figure]["n"]
            assert figure == "on_time" or figure == "explained" or len(rows) == n
    other = next(one for one in snapshot.figures["counted"]["squads"] if one != held["squads"][0])
    theirs = other["keys"]["squad"]["value"]
    assert not queries.rows_behind(steady, mine, snapshot, "recorded", squad=UUID(theirs)).items


def test_a_month_is_frozen_once_and_only_when_it_is_over(steady: Session) -> None:
    actor = known(steady)
    frozen(steady)
    with pytest.raises(FrozenAlready):
        freeze(steady, actor, JUNE, confirmed=True)
    with pytest.raises(MonthNotOver):
        here = now() + timedelta(hours=8)  # where it may be the next month already
        freeze(steady, actor, here.date().replace(day=1), confirmed=True)
    with pytest.raises(MonthNotOver):
        freeze(steady, actor, date(2099, 1, 1), confirmed=True)
    with pytest.raises(NothingToFreeze):
        freeze(steady, actor, date(2020, 1, 1), confirmed=True)
    with pytest.raises(NotFrozen):
        queries.get_snapshot(steady, date(2020, 1, 1))


def test_nobody_of_one_squad_and_no_auditor_freezes_a_month(steady: Session) -> None:
    for role, squad in ((Role.auditor, None), (Role.supervisor, "one")):
        with pytest.raises(NotAllowed):
            freeze(steady, known(steady, role, squad), JUNE, confirmed=True)


def test_what_is_not_settled_is_said_before_it_is_frozen(steady: Session) -> None:
    actor = known(steady)
    event = steady.scalars(select(EventCoverage.event_id)).first()
    steady.add(Dispute(event_id=event, statement="s", asked_by=actor.account_id))
    steady.commit()
    said = queries.preview(steady, actor, JUNE)
    assert said.disputes == 1 and said.unsettled and said.ready
    with pytest.raises(StillOpen):
        freeze(steady, actor, JUNE)
    steady.rollback()
    assert freeze(steady, actor, JUNE, confirmed=True).month == JUNE


def test_no_month_is_frozen_while_a_change_of_rules_is_being_counted(steady: Session) -> None:
    request_job(steady, JobKind.recount, uuid4())
    steady.commit()
    with pytest.raises(RecountUnderWay):
        freeze(steady, known(steady), JUNE, confirmed=True)


def test_freezing_stands_in_custody_with_the_fingerprint_of_its_rows(steady: Session) -> None:
    snapshot = frozen(steady)
    entry = steady.scalars(select(CustodyEntry).where(CustodyEntry.action == "freeze_month")).one()
    assert entry.subject_id == snapshot.id
    assert entry.detail["rows_sha256"] == snapshot.rows_sha256
    count = steady.scalars(select(func.count()).select_from(SnapshotRow)).one()
    assert entry.detail["rows"] == count


def test_it_wants_a_transaction_that_sees_one_moment(drawn_engine: sqlalchemy.Engine) -> None:
    with database.transaction(drawn_engine) as session, pytest.raises(ValueError, match="one moment"):
        freeze(session, known(session), JUNE, confirmed=True)


def test_a_month_frozen_by_the_first_counting_rule_still_adds_up(steady: Session) -> None:
    """Its rows do not say which recordings show the event: every received one did, by that rule. Nor do they know of
    archives."""
    snapshot = frozen(steady)
    unguarded(steady)
    rows = steady.scalars(select(SnapshotRow).where(SnapshotRow.about == "event")).all()
    for row in rows:
        kept = {
            name: value for name, value in row.row["coverage"].items() if name not in ("shown", "archived")
        }
        row.row = row.row | {"coverage": kept}
    steady.flush()
    figures = recounted(steady, snapshot)["counted"]["total"]["figures"]
    found = figures["recorded"]
    due = [
        one.row.row["coverage"]
        for one in queries.rows_behind(steady, known(steady), snapshot, "recorded", limit=None).items
    ]
    assert found["numerator"] == sum(one["links"] > 0 for one in due)
    assert found["numerator"] > snapshot.figures["counted"]["total"]["figures"]["recorded"]["numerator"]
    assert figures["on_time"]["denominator"] == sum(one["links"] + one["announced"] for one in due)
    assert "archive" not in figures["on_time"]["excluded"]
