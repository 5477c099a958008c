"""Figures agree with a second count by plain Python, and open into exactly the rows that they count."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from schemas.accounts import Role
from schemas.coverage import Basis, EventCoverage
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.people import Roster
from schemas.recordings import Media, Recording
from service.kernel.actor import Actor
from service.kernel.errors import Invalid
from service.registry.events.queries import EventFilter, list_events
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.figure_types import Dimension, Part
from service.supervision.coverage.figures import BOARD, BY_NAME, SPECS
from service.supervision.coverage.lists import LISTS, list_counts, list_rows
from service.supervision.coverage.queries import board, boards
from service.supervision.coverage.rows import Rows, rows_behind
from service.supervision.coverage.selection import Filters, spans, subjects_seen
from service.supervision.coverage.status import status
from tests.service.finding.linking.field import Field, at
from tests.service.supervision.coverage.random_bureau import AS_OF, draw, figures_of, judge, status_of

SEEDS = (1, 2, 3)


@pytest.fixture(params=SEEDS)
def drawn(bureau: Field, request: pytest.FixtureRequest) -> Field:
    draw(bureau, request.param)
    recount_all(bureau.session)
    return bureau


def all_rows(
    bureau: Field,
    actor: Actor | None,
    figure: str,
    filters: Filters,
    group: Any = None,
    part: str = "denominator",
    reason: str = "",
) -> list:
    items, cursor = list[Any](), None
    while True:
        found: Rows = rows_behind(
            bureau.session,
            actor,
            figure,
            filters,
            group,
            part,
            reason=reason,
            as_of=AS_OF,
            cursor=cursor,
            limit=17,
        )
        items += found.items
        cursor = found.next
        if cursor is None:
            return items


def agree(figure: Any, counted: Any) -> None:
    assert figure.numerator == pytest.approx(counted["numerator"])
    assert figure.denominator == pytest.approx(counted["denominator"])
    assert figure.excluded == {name: n for name, n in counted["excluded"].items() if n}
    assert figure.offered == counted.get("offered")


@pytest.mark.parametrize("basis", Basis)
def test_figures_are_those_counted_by_hand(drawn: Field, basis: Basis) -> None:
    actor = drawn.actor(Role.auditor)
    judged = judge(drawn.session, confirmed=basis is Basis.confirmed)
    for as_of in (AS_OF, AS_OF - timedelta(days=6)):
        found = board(drawn.session, actor, Filters(basis=basis), (), as_of)
        by_hand = figures_of(judged, as_of)
        for name in BOARD:
            agree(found.total.figures[name], by_hand[name])


GROUPS = {
    Dimension.squad: lambda one: [str(one.event.squad_id)],
    Dimension.kind: lambda one: [str(one.event.kind)],
    Dimension.subject: lambda one: [one.event.subject],
    Dimension.campaign: lambda one: [str(one.event.campaign_id or "")],
    Dimension.officer: lambda one: [str(officer) for officer in one.officers] or [""],
    Dimension.day: lambda one: [one.day.isoformat()],
    Dimension.month: lambda one: [one.day.isoformat()[:7]],
    Dimension.year: lambda one: [one.day.isoformat()[:4]],
}


@pytest.mark.parametrize("dimension", Dimension)
def test_each_group_is_counted_for_itself(drawn: Field, dimension: Dimension) -> None:
    actor = drawn.actor(Role.auditor)
    groups = defaultdict(list)
    for one in judge(drawn.session):
        for value in GROUPS[dimension](one):
            groups[value].append(one)
    found = board(drawn.session, actor, Filters(), (dimension,), AS_OF)
    assert {row.keys[0].value for row in found.rows} == set(groups)
    for row in found.rows:
        by_hand = figures_of(groups[row.keys[0].value], AS_OF)
        for name in BOARD:
            agree(row.figures[name], by_hand[name])
    whole = figures_of(judge(drawn.session), AS_OF)
    for name in BOARD:
        agree(found.total.figures[name], whole[name])


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (date(2024, 6, 5), date(2024, 6, 9)),
        (date(2023, 11, 30), date(2024, 6, 10)),
        (date(1, 1, 1), date.max),
        (date(2024, 6, 9), date(2024, 6, 5)),
    ],
)
def test_a_range_of_days_holds_its_events_and_no_others(bureau: Field, since: date, until: date) -> None:
    draw(bureau, SEEDS[0])
    recount_all(bureau.session)
    actor, filters = bureau.actor(Role.auditor), Filters(since=since, until=until)
    judged = [one for one in judge(bureau.session) if since <= one.day < until]
    for by in ((), ("month",), ("squad", "month"), ("year", "kind"), ("month", "day"), ("year", "month")):
        groups = defaultdict(list)
        for one in judged:
            groups[tuple(GROUPS[Dimension(name)](one)[0] for name in by)].append(one)
        found = board(bureau.session, actor, filters, by, AS_OF)
        assert {tuple(key.value for key in row.keys) for row in found.rows} == (set(groups) if by else set())
        for row in (*found.rows, found.total):
            some = groups[tuple(key.value for key in row.keys)] if row.keys else judged
            by_hand = figures_of(some, AS_OF)
            for name in BOARD:
                agree(row.figures[name], by_hand[name])


@given(st.dates(date(2019, 1, 1)), st.integers(0, 800), st.sampled_from([Dimension.month, Dimension.year]))
def test_every_day_of_a_range_lies_in_one_stretch_of_its_month_or_year(
    since: date, days: int, dimension: Dimension
) -> None:
    days = min(days, (date.max - since).days)
    found = spans(dimension, since, since + timedelta(days=days))
    place = 7 if dimension is Dimension.month else 4
    for day in (since + timedelta(days=n) for n in range(days)):
        (stretch,) = [one for one in found if one[0] <= day < one[1]]
        assert day.isoformat()[:place] == stretch[0].isoformat()[:place]


@pytest.mark.parametrize("dimension", (Dimension.squad, Dimension.officer))
def test_boards_of_one_reading_are_those_counted_one_by_one(bureau: Field, dimension: Dimension) -> None:
    draw(bureau, SEEDS[0])
    recount_all(bureau.session)
    asked = (bureau.session, bureau.actor(Role.auditor), Filters())
    names = [spec.name for spec in SPECS if spec.counted]
    several = ((dimension, Dimension.month), (dimension,), (Dimension.month,), ())
    for found in boards(*asked, several, AS_OF, names=names, percentiles=True):
        alone = board(*asked, found.by, AS_OF, names=names, percentiles=True)
        assert found.absent == alone.absent
        assert [row.keys for row in found.rows] == [row.keys for row in alone.rows]
        for one, other in zip([found.total, *found.rows], [alone.total, *alone.rows], strict=True):
            assert one.standings == other.standings
            for name, figure in one.figures.items():
                assert (
                    figure == other.figures[name]
                )  # to the last digit, in whatever order seconds are added up


def test_events_that_name_nobody_stand_on_the_board_by_officer_and_open_into_their_rows(drawn: Field) -> None:
    actor = drawn.actor(Role.auditor)
    found = board(drawn.session, actor, Filters(), ("officer",), AS_OF)
    (nobody,) = [row for row in found.rows if row.keys[0].value == ""]
    rows = all_rows(drawn, actor, "recorded", Filters(), {Dimension.officer: ""}, Part.denominator)
    named = set(drawn.session.scalars(select(EventOfficer.event_id)))
    assert rows and not {one.event.id for one in rows} & named
    assert len(rows) == nobody.figures["recorded"].denominator


def test_every_event_has_the_status_that_its_facts_say(drawn: Field) -> None:
    session = drawn.session
    for as_of in (AS_OF, AS_OF - timedelta(days=5)):
        by_sql = dict(
            session.execute(
                select(EventCoverage.event_id, status(as_of)).where(EventCoverage.basis == Basis.counted)
            ).all()
        )
        assert by_sql == {one.event.id: status_of(one, as_of) for one in judge(session)}


def test_every_figure_opens_into_the_rows_that_it_counts(drawn: Field) -> None:
    actor = drawn.actor(Role.auditor)
    found = board(drawn.session, actor, Filters(), ("squad", "kind"), AS_OF)
    for row in [found.total, *found.rows]:
        group = {key.dimension: key.value for key in row.keys}
        for name in BOARD:
            figure = row.figures[name]
            kept = {
                part: [one.coverage for one in all_rows(drawn, actor, name, Filters(), group, part)]
                for part in Part
            }
            sums = {
                "recorded": (lambda one: one.shown > 0, lambda one: 1),
                "completeness": (lambda one: one.recorded_s, lambda one: one.required_s),
                "on_time": (lambda one: one.in_time, lambda one: one.links + one.announced - one.archived),
                "exempt": (lambda one: one.exempt is not None, lambda one: 1),
                "explained": (lambda one: one.gap_explained, lambda one: one.gap_count),
            }[name]
            assert sum(map(sums[0], kept[Part.numerator])) == pytest.approx(figure.numerator)
            assert sum(map(sums[0], kept[Part.denominator])) == pytest.approx(figure.numerator)
            assert sum(map(sums[1], kept[Part.denominator])) == pytest.approx(figure.denominator)
            assert all(sums[0](one) < sums[1](one) for one in kept[Part.rest])
            assert len(kept[Part.excluded]) == sum(figure.excluded.values())
            for reason, n in figure.excluded.items():
                assert len(all_rows(drawn, actor, name, Filters(), group, Part.excluded, reason)) == n
            for reason, n in figure.reasons.items():
                assert len(all_rows(drawn, actor, name, Filters(), group, Part.numerator, reason)) == n
            offered = all_rows(drawn, actor, name, Filters(), group, Part.rest, "offered")
            assert len(offered) == (figure.offered or 0)
            assert all(one.coverage.offered and not one.coverage.shown for one in offered)


def test_the_list_of_events_calls_recorded_what_the_board_does_whoever_asks(drawn: Field) -> None:
    judged = judge(drawn.session)
    one = drawn.squad("one").id
    for actor, seen in (
        (drawn.actor(Role.auditor), judged),
        (drawn.actor(Role.member, "one"), [each for each in judged if each.event.squad_id == one]),
    ):
        for recorded in (True, False):
            wanted = EventFilter(recorded=recorded, merged=None)
            found = list_events(drawn.session, actor, wanted, limit=200).items
            assert {event.id for event in found} == {
                each.event.id for each in seen if (each.shown > 0) is recorded
            }


def test_figures_of_recordings_and_links_are_those_counted_by_hand(drawn: Field) -> None:
    session, actor = drawn.session, drawn.actor(Role.auditor)
    found = board(session, actor, Filters(), (), AS_OF, names=["unlinked", "linked_alone", "put_right"]).total
    links = list(session.scalars(select(Link)))
    counts = [link for link in links if link.state in ("automatic", "confirmed")]
    machine = [link for link in links if "automatic" in (link.state, link.previous_state)]
    assert (found.figures["linked_alone"].numerator, found.figures["linked_alone"].denominator) == (
        sum(link in machine for link in counts),
        len(counts),
    )
    rejected = [link for link in machine if link.state == "rejected"]
    assert found.figures["put_right"].numerator == len(rejected)
    assert found.figures["put_right"].denominator == len([x for x in machine if x.state != "offered"])
    shown = {link.recording_id for link in counts}
    arrived = [
        one
        for one in session.scalars(select(Recording))
        if one.state not in ("refused", "announced") and one.received_at <= AS_OF - timedelta(hours=24)
    ]
    assert found.figures["unlinked"].denominator == len(arrived)
    assert found.figures["unlinked"].numerator == len([one for one in arrived if one.id not in shown])
    for name in ("unlinked", "linked_alone", "put_right"):
        figure = found.figures[name]
        for part, n in (("numerator", figure.numerator), ("denominator", figure.denominator)):
            assert len(all_rows(drawn, actor, name, Filters(), None, part)) == n
    assert len(all_rows(drawn, actor, "unlinked", Filters(), None, "excluded")) == sum(
        found.figures["unlinked"].excluded.values()
    )


def test_a_photo_counts_as_a_recording_to_be_linked_and_as_the_use_of_a_recorder_and_as_no_footage(
    bureau: Field,
) -> None:
    """It shows presence at one moment: that its recorder was there, and not what was done."""
    session, actor = bureau.session, bureau.actor(Role.auditor)
    event = bureau.event(at("09:00"), at("09:30"))
    officer = bureau.officer("012")
    duty = Roster(
        officer_id=officer.id, squad_id=officer.squad_id, starts_at=at("08:00"), ends_at=at("18:00")
    )
    session.add(duty)
    names = [spec.name for spec in SPECS if spec.counted]

    def figures() -> dict[str, tuple[float, float]]:
        recount_all(session)
        found = board(session, actor, Filters(), (), AS_OF, names=names).total.figures
        return {name: (one.numerator, one.denominator) for name, one in found.items()}

    before = figures()
    photo = bureau.recording(at("09:10"), at("09:10"), recorder="R-07", media=Media.photo, file_name="a.jpg")
    now = figures()
    assert {name for name in now if now[name] != before[name]} == {"unlinked", "recorders_on_duty", "docked"}
    assert (before["unlinked"], now["unlinked"]) == ((0, 0), (1, 1))
    assert (before["recorders_on_duty"], now["recorders_on_duty"]) == ((0, 1), (1, 1))
    session.add(
        Link(recording_id=photo.id, event_id=event.id, state=LinkState.automatic, score=0.9, rule_version="1")
    )
    linked = figures()
    assert linked["unlinked"] == (0, 1) and linked["linked_alone"] == (1, 1)
    for name in BOARD:
        assert linked[name] == before[name]


def test_a_squad_is_shown_its_own_and_nothing_else(drawn: Field) -> None:
    session = drawn.session
    own = drawn.actor(Role.supervisor, "one")
    bureau = drawn.actor(Role.auditor)
    squad = drawn.squad("one").id
    mine = board(session, own, Filters(), ("squad",), AS_OF)
    assert [row.keys[0].value for row in mine.rows] == [str(squad)]
    narrowed = board(session, bureau, Filters(squad=squad), (), AS_OF)
    assert mine.total.figures == narrowed.total.figures
    other = drawn.squad("two").id
    assert board(session, own, Filters(squad=other), (), AS_OF).total.figures["recorded"].denominator == 0
    for one in LISTS:
        for item in list_rows(session, own, one.name, as_of=AS_OF, limit=200).items:
            holder = getattr(item, "event", None) or getattr(item, "recorder", None) or item
            assert holder.squad_id == squad
    for name in BOARD:
        assert all(one.event.squad_id == squad for one in all_rows(drawn, own, name, Filters()))


def test_a_squad_chooses_among_its_own_subjects(drawn: Field) -> None:
    session = drawn.session
    drawn.event(at("09:00"), at("09:10"), squad="two", subject="secret")
    session.flush()
    events = session.exec(select(EnforcementEvent)).all()
    for actor in (drawn.actor(Role.auditor), drawn.actor(Role.supervisor, "one")):
        own = {one.subject for one in events if actor.squad_id in (None, one.squad_id)}
        assert subjects_seen(session, actor, 300) == own
    assert subjects_seen(session, drawn.actor(Role.auditor), 2) < {one.subject for one in events}


def test_lists_hold_what_their_names_say_and_as_many_as_they_count(drawn: Field) -> None:
    session, actor = drawn.session, drawn.actor(Role.auditor)
    judged = judge(session)
    counts = list_counts(session, actor, as_of=AS_OF)
    wanted = {
        "missing": {one.event.id for one in judged if status_of(one, AS_OF) == "missing"},
        "partly": {one.event.id for one in judged if status_of(one, AS_OF) == "partly"},
        "due": {one.event.id for one in judged if status_of(one, AS_OF) == "pending"},
        "gaps": {
            one.event.id for one in judged if not one.out and not one.exempt and len(one.gaps) > one.explained
        },
    }
    for name, ids in wanted.items():
        rows = list_rows(session, actor, name, as_of=AS_OF, limit=200).items
        assert {row.event.id for row in rows} == ids
        assert counts[name].n == len(ids)
        order = [(bool(row.coverage.shown or not row.coverage.offered), row.coverage.due_at) for row in rows]
        assert order == sorted(order), "what a key press may make recorded comes first"
        read, cursor = list[Any](), None
        while cursor is not None or not read:
            some = list_rows(session, actor, name, as_of=AS_OF, cursor=cursor, limit=3)
            read, cursor = [*read, *some.items], some.next
            if cursor is None:
                break
        assert [row.event.id for row in read] == [row.event.id for row in rows]
    for row in list_rows(session, actor, "due", as_of=AS_OF, limit=200).items:
        assert row.due_in_s == pytest.approx((row.coverage.due_at - AS_OF).total_seconds())
        assert row.due_in_s > 0
    assert all(row.late for row in list_rows(session, actor, "late", as_of=AS_OF, limit=200).items)


def test_a_figure_on_few_rows_is_marked_and_names_its_lists(drawn: Field) -> None:
    actor = drawn.actor(Role.auditor)
    found = board(drawn.session, actor, Filters(), ("squad", "day"), AS_OF)
    assert any(row.figures["recorded"].small for row in found.rows)
    assert not found.total.figures["exempt"].small
    assert set(found.total.figures["exempt"].matter_versions) <= {0, 1, 2}
    assert len(found.total.figures["exempt"].matter_versions) > 1
    assert [one.version for one in found.rule_changes] == [1, 2]


def test_what_cannot_be_had_by_a_dimension_is_said_to_be_absent(bureau: Field) -> None:
    actor = bureau.actor(Role.auditor)
    found = board(
        bureau.session, actor, Filters(), ("kind",), AS_OF, names=["recorded", "unlinked", "docked"]
    )
    assert found.absent == ("unlinked", "docked")
    for bad in (("kind", "kind"), ("squad", "kind", "day"), ("nothing",)):
        with pytest.raises(Invalid):
            board(bureau.session, actor, Filters(), bad, AS_OF)
    with pytest.raises(Invalid):
        board(bureau.session, actor, Filters(), (), AS_OF, names=["steps"])
    assert not BY_NAME["steps"].counted
