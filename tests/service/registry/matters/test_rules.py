"""Exactly one rule holds for an event, and what it asks for is an interval that makes sense."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from schemas.events import EventKind
from schemas.matters import Duty, Moment, Step
from service.registry.matters.rules import DEFAULTS, Book, Edition, Rule, compare

DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))
KINDS = st.sampled_from(EventKind)
SUBJECTS = st.sampled_from(["", "餐饮油烟", "工地扬尘", "vendor", "Ｖｅｎｄｏｒ", "never listed"])
MOMENT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


KEYS = st.tuples(KINDS, st.sampled_from(["", "餐饮油烟", "工地扬尘", "vendor"]))


def listed(made: Any) -> list[Edition]:
    return [
        Edition(
            version,
            day,
            tuple(Rule(version, kind, subject, upload_hours=version) for kind, subject in sorted(keys)),
        )
        for version, (day, keys) in enumerate(made, 1)
    ]


def editions(least: int = 0) -> SearchStrategy[list[Edition]]:
    return st.lists(st.tuples(DAYS, st.sets(KEYS, max_size=6)), min_size=least, max_size=4).map(listed)


def named(subject: str) -> str:
    return subject.replace("Ｖｅｎｄｏｒ", "vendor")


@given(editions(), DAYS, KINDS, SUBJECTS)
def test_every_day_kind_and_subject_has_exactly_one_rule(
    made: Any, day: date, kind: EventKind, subject: str
) -> None:
    rule = Book(made).find(day, kind, subject)
    assert rule.kind == kind
    assert rule.subject in ("", named(subject))
    in_force = [one for one in made if one.in_force_from <= day]
    newest = max(in_force, key=lambda one: (one.in_force_from, one.version), default=None)
    listed = {(line.kind, line.subject): line for line in newest.rules} if newest else {}
    assert rule == listed.get((kind, named(subject)), listed.get((kind, ""), DEFAULTS[kind, ""]))


@given(editions(), DAYS, KINDS, SUBJECTS, st.randoms())
def test_the_order_in_which_versions_are_read_makes_no_difference(
    made: Any, day: date, kind: EventKind, subject: str, random: Random
) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    assert Book(made).find(day, kind, subject) == Book(shuffled).find(day, kind, subject)


@given(editions(least=1), DAYS, DAYS, KINDS, SUBJECTS)
def test_a_later_list_holds_from_its_day_on_and_changes_no_day_before(
    made: Any, starts: date, day: date, kind: EventKind, subject: str
) -> None:
    newest = len(made) + 1
    later = Edition(newest, starts, (Rule(newest, kind, ""), Rule(newest, kind, named(subject))))
    before, after = Book(made).find(day, kind, subject), Book([*made, later]).find(day, kind, subject)
    if day < starts:
        assert after == before
    elif all(one.in_force_from <= starts or one.in_force_from > day for one in made):
        assert after.version == newest


@given(DAYS, KINDS)
def test_the_line_of_a_subject_beats_the_line_of_its_kind(day: date, kind: EventKind) -> None:
    rules = (Rule(1, kind, "", upload_hours=24), Rule(1, kind, "工地扬尘", upload_hours=2))
    found = Book([Edition(1, date.min, rules)])
    assert found.find(day, kind, "工地扬尘").upload_hours == 2
    assert found.find(day, kind, " 工地扬尘 ").upload_hours == 2
    assert found.find(day, kind, "餐饮油烟").upload_hours == 24
    assert found.find(day, kind, "").upload_hours == 24


SPANS = st.tuples(
    st.sampled_from(Moment), st.integers(-7200, 7200), st.sampled_from(Moment), st.integers(-7200, 7200)
)


@given(SPANS, st.none() | st.integers(0, 86_400))
def test_what_must_be_recorded_never_ends_before_it_begins(
    span: tuple[Moment, int, Moment, int], lasted: int | None
) -> None:
    from_moment, from_offset, to_moment, to_offset = span
    rule = Rule(1, EventKind.coercion, "", Duty.must, from_moment, from_offset, to_moment, to_offset)
    departed = None if lasted is None else MOMENT + timedelta(seconds=lasted)
    start, end = rule.required(MOMENT, departed)
    assert start.tzinfo is not None
    if end is not None:
        assert end >= start
    assert (end is None) == (departed is None and to_moment is Moment.departure)


def test_the_defaults_ask_for_arrival_to_departure_within_a_day_and_name_the_lawful_steps() -> None:
    assert {kind for kind, subject in DEFAULTS if subject == ""} == set(EventKind)
    for rule in DEFAULTS.values():
        assert rule.version == 0
        departed = MOMENT + timedelta(minutes=20)
        assert rule.required(MOMENT, departed) == (MOMENT, departed)
        assert rule.due_at(departed) == departed + timedelta(hours=24)
        assert rule.filing_due_on(date(2026, 3, 2)) == date(2026, 4, 1)
        assert Step.show_identification in rule.steps
    coercion = DEFAULTS[EventKind.coercion, ""]
    assert {Step.state_rights, Step.statement_and_defence, Step.listing, Step.signature} <= set(
        coercion.steps
    )
    assert coercion.retention_days is None
    assert DEFAULTS[EventKind.inspection, ""].retention_days == 730


def test_a_comparison_names_added_dropped_and_changed_lines_and_nothing_else() -> None:
    same = Rule(1, EventKind.inspection, "")
    before = [same, Rule(1, EventKind.coercion, "", upload_hours=24), Rule(1, EventKind.coercion, "招牌")]
    after = [
        Rule(2, EventKind.inspection, ""),
        Rule(2, EventKind.coercion, "", upload_hours=12),
        Rule(2, EventKind.inspection, "噪声"),
    ]
    changes = compare(before, after)
    assert [(one.kind, one.subject, one.fields) for one in changes] == [
        (EventKind.inspection, "噪声", ()),
        (EventKind.coercion, "", ("upload_hours",)),
        (EventKind.coercion, "招牌", ()),
    ]
    assert changes[0].before is None
    assert changes[2].after is None
