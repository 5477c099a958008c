"""Events merged and parted again: what persons said holds, and nothing comes back by itself."""

import threading
from uuid import UUID

import pytest
import sqlalchemy
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.coverage import Basis, EventCoverage, ExplanationReason
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventUpdate
from schemas.jobs import Job, JobKind
from schemas.recordings import Recording
from service.finding.linking import actions as linking
from service.finding.linking.errors import (
    MergeAcrossSquads,
    MergeFarApart,
    MergeIntoCancelled,
    MergeWithItself,
    NotMerged,
)
from service.finding.linking.merging import merge_event, unmerge_event
from service.kernel.changes import settle
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.registry.events.actions import cancel_event, restore_event, update_event
from service.registry.events.errors import EventMerged, NotCancelled
from service.registry.events.history import history
from service.registry.events.importers import EventImporter
from service.registry.events.queries import EventFilter, list_events, officers_of
from service.registry.importing.actions import Report, run_import
from service.supervision.coverage.counting import Known, kept_rows, stored_rows
from service.supervision.explanations.actions import ask_exemption
from service.supervision.explanations.approval import EXPLANATION
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing import tables


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


@pytest.fixture
def two(field: Field) -> tuple[EnforcementEvent, EnforcementEvent]:
    """The same act, entered twice; the second knows the case and the party."""
    kept = field.event(at("09:00"), at("09:30"), ("031",), external_id="E-1", title="油烟检查")
    twice = field.event(
        at("09:02"), at("09:28"), ("032",), external_id="E-2", title="油烟检查（重复）",
        case="蓉城管罚〔2024〕5号", party="某餐馆",
    )  # fmt: skip
    return kept, twice


def states(field: Field, recording: Recording) -> dict:
    return {
        link.event_id: (str(link.state), link.decided_by is not None) for link in field.links(recording.id)
    }


def run_links(field: Field) -> None:
    settle(field.session)
    for recording_id in field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all():
        linking.link_recording(field.session, recording_id)


def bring(field: Field, table: str) -> Report:
    return tables.bring(field, EventImporter, table, role=Role.supervisor)


def test_who_may_not_and_what_is_out_of_sight(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    with pytest.raises(NotAllowed):
        merge_event(field.session, field.actor(Role.auditor), twice.id, kept.id)
    with pytest.raises(NotFound):
        merge_event(field.session, field.actor(Role.member, "two"), twice.id, kept.id)
    theirs = field.event(at("09:00"), at("09:30"), squad="two")
    with pytest.raises(NotFound):
        merge_event(field.session, field.actor(Role.member, "one"), twice.id, theirs.id)
    with pytest.raises(MergeAcrossSquads):
        merge_event(field.session, field.actor(Role.admin), twice.id, theirs.id)
    with pytest.raises(MergeWithItself):
        merge_event(field.session, field.actor(Role.admin), kept.id, kept.id)
    with pytest.raises(NotMerged):
        unmerge_event(field.session, field.actor(Role.admin), kept.id)


def test_officers_are_united_what_is_missing_is_filled_and_all_of_it_is_taken_back(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    admin = field.actor(Role.admin)
    survivor = merge_event(field.session, admin, twice.id, kept.id)
    assert survivor.id == kept.id and twice.merged_into == kept.id
    assert merge_event(field.session, admin, twice.id, kept.id).id == kept.id  # again: nothing more
    crews = officers_of(field.session, [kept.id, twice.id])
    assert [one.certificate_no for one in crews[kept.id]] == ["031", "032"]
    assert (kept.case_id, kept.party, kept.title) == (twice.case_id, "某餐馆", "油烟检查")
    assert [one.id for one in list_events(field.session, admin, EventFilter()).items] == [kept.id]
    update_event(field.session, admin, kept.id, EventUpdate(party="另一餐馆"))
    unmerge_event(field.session, admin, twice.id)
    crews = officers_of(field.session, [kept.id, twice.id])
    assert [one.certificate_no for one in crews[kept.id]] == ["031"]
    assert (kept.case_id, kept.party, twice.merged_into) == (None, "另一餐馆", None)


@pytest.mark.parametrize(
    ("own", "theirs", "merged"),
    [
        (None, "某餐馆", "某餐馆"),
        (None, "", ""),
        ("", "某餐馆", ""),
        ("某工地", "某餐馆", "某工地"),
        ("", None, ""),
    ],
)
def test_an_object_is_taken_over_where_nothing_is_said_and_goes_back(
    field: Field,
    two: tuple[EnforcementEvent, EnforcementEvent],
    own: str | None,
    theirs: str | None,
    merged: str,
) -> None:
    kept, twice = two
    kept.object, twice.object = own, theirs
    admin = field.actor(Role.admin)
    merge_event(field.session, admin, twice.id, kept.id)
    assert kept.object == merged
    unmerge_event(field.session, admin, twice.id)
    assert (kept.object, twice.object) == (own, theirs)


def test_an_exemption_is_not_lost_when_its_event_is_merged_and_goes_back_with_it(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    session, boss = field.session, field.actor(Role.supervisor)
    wish = ask_exemption(
        session, field.actor(Role.member, "one"), twice.id, ExplanationReason.device_fault, "记录仪送修"
    )
    EXPLANATION.approve(session, boss, wish.id)
    merge_event(session, boss, twice.id, kept.id)

    def exempt() -> list[str | None]:
        settle(session)
        rows = [session.get_one(EventCoverage, (one.id, Basis.counted)) for one in (kept, twice)]
        for row in rows:
            session.refresh(row)
        return [row.exempt for row in rows]

    assert exempt() == ["device_fault", None]
    unmerge_event(session, boss, twice.id)
    assert exempt() == [None, "device_fault"]


def test_a_merged_event_is_not_changed_and_merges_into_nothing_else(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    admin = field.actor(Role.admin)
    third = field.event(at("09:00"), at("09:30"))
    cancel_event(field.session, admin, third.id, "误报")
    with pytest.raises(MergeIntoCancelled):
        merge_event(field.session, admin, twice.id, third.id)
    merge_event(field.session, admin, twice.id, kept.id)
    for change in (
        lambda: update_event(field.session, admin, twice.id, EventUpdate(title="x")),
        lambda: cancel_event(field.session, admin, twice.id, "x"),
        lambda: merge_event(field.session, admin, twice.id, third.id),
        lambda: merge_event(field.session, admin, kept.id, twice.id),
    ):
        with pytest.raises(EventMerged):
            change()


def test_what_persons_said_of_links_is_carried_over_and_carried_back(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    member = field.actor(Role.member, "one")
    confirmed = field.recording(at("09:03"), at("09:20"))
    rejected = field.recording(at("09:04"), at("09:21"))
    both = field.recording(at("09:05"), at("09:22"))
    automatic = field.recording(at("09:05"), at("09:22"), officer="032")
    linking.declare_event(field.session, member, confirmed.id, twice.id)
    for recording in (rejected, both):
        linking.link_recording(field.session, recording.id)
        mine = next(link for link in field.links(recording.id) if link.event_id == twice.id)
        linking.reject(field.session, member, mine.id)
    linking.declare_event(field.session, member, both.id, kept.id)
    linking.link_recording(field.session, automatic.id)
    assert states(field, automatic)[twice.id] == ("automatic", False)
    before = {one.id: states(field, one) for one in (confirmed, rejected, both, automatic)}

    merge_event(field.session, member, twice.id, kept.id)
    run_links(field)
    assert states(field, confirmed) == {kept.id: ("confirmed", True)}
    assert states(field, rejected) == {kept.id: ("rejected", True)}
    assert states(field, both) == {kept.id: ("confirmed", True)}  # said of the survivor already: it stands
    assert states(field, automatic) == {kept.id: ("automatic", False)}
    carried = next(link for link in field.links(confirmed.id))
    assert [reason["code"] for reason in carried.reasons][-1] == "merged"

    unmerge_event(field.session, member, twice.id)
    run_links(field)
    assert {one.id: states(field, one) for one in (confirmed, rejected, both, automatic)} == before
    told = field.session.scalars(
        select(CustodyEntry.action).where(CustodyEntry.subject_id == confirmed.id).order_by(CustodyEntry.id)
    ).all()
    assert [one for one in told if one.startswith("carry")] == ["carry", "carry_back"]


def test_a_declaration_of_the_merged_event_is_undone_like_any_other(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    member = field.actor(Role.member, "one")
    recording = field.recording(at("12:00"), at("12:10"))  # nothing else would link it
    linking.declare_event(field.session, member, recording.id, twice.id)
    merge_event(field.session, member, twice.id, kept.id)
    (link,) = field.links(recording.id)
    assert linking.undo(field.session, member, link.id) is None
    assert field.links(recording.id) == []
    unmerge_event(field.session, member, twice.id)
    run_links(field)
    assert field.links(recording.id) == []  # what a person took back stays taken back


@pytest.mark.parametrize("said", ["E-2", "id"])
def test_a_claim_that_names_the_merged_event_means_the_survivor(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent], said: str
) -> None:
    kept, twice = two
    merge_event(field.session, field.actor(Role.admin), twice.id, kept.id)
    name = str(twice.id) if said == "id" else said
    recording = field.recording(at("09:03"), at("09:20"), claims={"event": name})
    linking.link_recording(field.session, recording.id)
    assert states(field, recording) == {kept.id: ("automatic", False)}
    member = field.actor(Role.member, "one")
    linking.declare_event(field.session, member, recording.id, twice.id)
    assert states(field, recording) == {kept.id: ("confirmed", True)}


def test_merging_asks_for_what_names_any_of_them_to_be_linked_anew(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    admin = field.actor(Role.admin)
    merge_event(field.session, admin, twice.id, kept.id)
    far = field.recording(at("09:00", 5), at("09:10", 5), claims={"event": "E-2"})
    settle(field.session)
    field.session.execute(delete(Job))
    update_event(field.session, admin, kept.id, EventUpdate(departed_at=at("09:40")))
    settle(field.session)
    assert far.id in field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all()


def test_coverage_says_merged_and_counts_the_survivor(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    admin = field.actor(Role.admin)
    merge_event(field.session, admin, twice.id, kept.id)

    def excluded(event: EnforcementEvent) -> set[str | None]:
        settle(field.session)
        rows = select(EventCoverage.excluded).where(EventCoverage.event_id == event.id)
        return set(field.session.scalars(rows))

    assert excluded(twice) == {"merged"} and excluded(kept) == {None}
    unmerge_event(field.session, admin, twice.id)
    assert excluded(twice) == {None}
    cancel_event(field.session, admin, twice.id, "重复")
    assert excluded(twice) == {"cancelled"}


def test_a_missed_event_does_not_vanish_in_one_of_another_week(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, _twice = two
    missed = field.event(at("09:00", 7), at("09:30", 7))
    with pytest.raises(MergeFarApart):
        merge_event(field.session, field.actor(Role.admin), missed.id, kept.id)


def test_a_change_that_cancels_says_why_like_any_cancellation(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, _twice = two
    with pytest.raises(Invalid):
        update_event(field.session, field.actor(Role.admin), kept.id, EventUpdate(cancelled=True))


def test_cancelling_needs_a_reason_and_is_restored_with_one(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, _twice = two
    admin = field.actor(Role.admin)
    with pytest.raises(Invalid):
        cancel_event(field.session, admin, kept.id, "  ")
    with pytest.raises(NotCancelled):
        restore_event(field.session, admin, kept.id, "x")
    cancel_event(field.session, admin, kept.id, "误报")
    restore_event(field.session, admin, kept.id, "查实")
    assert kept.cancelled_at is None
    told = [(one.action, one.reason) for one in history(field.session, admin, kept.id).items]
    assert told == [("restore", "查实"), ("cancel", "误报")]


HEAD = "事件编号,标题,类别,抵达时间,离开时间,中队,执法人员"
ROW = "{id},{title},巡查,2024-06-03 09:00,2024-06-03 09:30,one,031"


def test_a_row_of_a_merged_event_keeps_it_merged_and_says_so(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    merge_event(field.session, field.actor(Role.admin), twice.id, kept.id)
    report = bring(field, f"{HEAD}\n{ROW.format(id='E-2', title='又一次')}\n")
    assert twice.merged_into == kept.id and kept.title == "油烟检查"
    assert "merged" in report.rows[0].note or "并入" in report.rows[0].note
    entry = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "import_event")).one()
    assert (
        entry.detail["before"]["title"] == "油烟检查（重复）" and entry.detail["after"]["title"] == "又一次"
    )


def test_a_row_of_a_cancelled_event_does_not_bring_it_back(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, _twice = two
    admin = field.actor(Role.admin)
    cancel_event(field.session, admin, kept.id, "误报")
    for table in (
        f"{HEAD}\n{ROW.format(id='E-1', title='油烟检查')}\n",
        f"{HEAD},已取消\n{ROW.format(id='E-1', title='油烟检查')},否\n",
    ):
        report = bring(field, table)
        assert kept.cancelled_at is not None and report.rows[0].note
    assert report.rows[0].outcome == "unchanged"


def test_what_an_import_cancelled_an_import_restores(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, _twice = two
    bring(field, f"{HEAD},已取消\n{ROW.format(id='E-1', title='油烟检查')},是\n")
    assert kept.cancelled_at is not None
    report = bring(field, f"{HEAD},已取消\n{ROW.format(id='E-1', title='油烟检查')},否\n")
    assert kept.cancelled_at is None and report.rows[0].changes == ["cancelled_at"]


def test_the_history_tells_edits_imports_and_links_to_those_in_scope_only(
    field: Field, two: tuple[EnforcementEvent, EnforcementEvent]
) -> None:
    kept, twice = two
    admin, member = field.actor(Role.admin), field.actor(Role.member, "one")
    update_event(field.session, admin, kept.id, EventUpdate(subject="餐饮油烟", officers=["031", "032"]))
    recording = field.recording(at("09:03"), at("09:20"))
    linking.declare_event(field.session, member, recording.id, kept.id)
    merge_event(field.session, admin, twice.id, kept.id)
    told = history(field.session, member, kept.id)
    assert [one.action for one in told.items] == ["absorb", "confirm", "declare_event", "edit"]
    edit = told.items[-1]
    assert {change.field: change.after for change in edit.changes}["officers"] in ("031, 032", "031、032")
    assert kept.subject == "restaurant_fumes"
    assert told.items[1].recording[0] == recording.id
    with pytest.raises(NotFound):
        history(field.session, field.actor(Role.member, "two"), kept.id)


def test_two_merges_at_one_moment_never_make_a_circle(clean_engine: sqlalchemy.Engine) -> None:
    with Session(clean_engine, expire_on_commit=False) as session:
        field = Field(session)
        ids = [field.event(at("09:00"), at("09:30"), title=f"第{n}次").id for n in range(3)]
        admin = field.actor(Role.admin)
        session.commit()
    start, outcomes = threading.Barrier(6), []

    def merge(gone: UUID, into: UUID) -> None:
        with Session(clean_engine) as session:
            start.wait()
            try:
                merge_event(session, admin, gone, into)
                session.commit()
                outcomes.append("merged")
            except EventMerged:
                outcomes.append("refused")

    pairs = [(a, b) for a in ids for b in ids if a != b]
    threads = [threading.Thread(target=merge, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 6
    with Session(clean_engine) as session:
        into = dict(session.execute(select(EnforcementEvent.id, EnforcementEvent.merged_into)).all())
    roots = [one for one, survivor in into.items() if survivor is None]
    assert len(roots) == 1
    for one in into:
        seen = set()
        while into[one] is not None:
            assert one not in seen
            seen.add(one)
            one = into[one]


def test_links_made_while_events_merge_and_part_wait_for_nobody_in_a_circle(
    clean_engine: sqlalchemy.Engine,
) -> None:
    """Link jobs hold what a merge wants and the other way round: whoever waits, nobody is thrown out."""
    with Session(clean_engine, expire_on_commit=False) as session:
        field = Field(session)
        kept = field.event(at("09:00"), at("09:30"), ("031",)).id
        twice = field.event(at("09:02"), at("09:28"), ("032",)).id
        recordings = [field.recording(at("09:03"), at("09:20"), officer="032").id for _ in range(4)]
        admin = field.actor(Role.admin)
        for recording in recordings[:2]:
            linking.declare_event(session, admin, recording, twice)
        session.commit()
    troubles, done = [], threading.Event()

    def link(recording_id: UUID) -> None:
        while not done.is_set():
            with Session(clean_engine) as session:
                try:
                    linking.link_recording(session, recording_id)
                    session.commit()
                except OperationalError as error:
                    troubles.append(error)
                    return

    threads = [threading.Thread(target=link, args=(one,)) for one in recordings]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6):
            for change in (
                lambda s: merge_event(s, admin, twice, kept),
                lambda s: update_event(s, admin, kept, EventUpdate(departed_at=at("09:31"))),
                lambda s: unmerge_event(s, admin, twice),
                lambda s: cancel_event(s, admin, kept, "x"),
                lambda s: restore_event(s, admin, kept, "y"),
            ):
                with Session(clean_engine) as session:
                    change(session)
                    session.commit()
    finally:
        done.set()
        for thread in threads:
            thread.join(60)
    assert troubles == []
    with Session(clean_engine) as session:
        field = Field(session)
        for recording in recordings:
            linking.link_recording(session, recording)
        assert states(field, session.get(Recording, recordings[0]))[twice] == ("confirmed", True)
        settle(session)
        held = stored_rows(session, [kept, twice])
        assert held == kept_rows(session, Known.read(session), [kept, twice])


def test_an_import_and_a_change_of_one_event_wait_for_each_other(clean_engine: sqlalchemy.Engine) -> None:
    """Unlocked, two tables crossed each other's crews: a deadlock, or one officer entered twice."""
    with Session(clean_engine) as first, Session(clean_engine) as second:
        mine = Field(first)
        event = mine.event(at("09:00"), at("09:30"), ("031",), external_id="E-1")
        mine.officer("032")
        admin = mine.actor(Role.admin)
        first.commit()
        update_event(first, admin, event.id, EventUpdate(officers=["031", "032"]))
        second.execute(text("SET lock_timeout = '200ms'"))
        table = f"{HEAD}\nE-1,检查,巡查,2024-06-03 09:00,2024-06-03 09:30,one,031、032\n"

        def take() -> Report:
            return run_import(EventImporter(second, admin), table.encode(), "text/csv", dry_run=False)

        with pytest.raises(OperationalError):
            take()
        second.rollback()
        first.commit()
        assert "officers" not in take().rows[0].changes
