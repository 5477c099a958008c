"""What follows from a change: once, in order, as long as the change itself holds."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.people import Squad
from schemas.recordings import Recording
from service.kernel import changes
from service.kernel.changes import (
    NEW,
    Changes,
    NoReactions,
    Reaction,
    anything,
    but,
    changed,
    changing,
    install,
    only,
    settle,
)

ONE, TWO, THREE = sorted(uuid4() for _ in range(3))


@dataclass
class Seen:
    """What the reactions were told, in the order in which it happened."""

    told: list[tuple[str, list[UUID]]] = field(default_factory=list)
    before: list[Any] = field(default_factory=list)

    def reaction(self, name: str, thing: type = Recording, matters: Any = anything, **more: Any) -> Reaction:
        def tell(session: Session, what: Changes) -> None:
            self.told.append((name, what.ids(thing)))
            self.before += what.before(thing)

        return Reaction(name, {thing: matters}, tell, **more)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    found = Seen()
    monkeypatch.setattr(changes, "_reactions", ())
    install(found.reaction("links"), found.reaction("words"), found.reaction("figures"))
    return found


def test_what_follows_waits_for_the_commit_and_comes_once_and_in_order(session: Session, seen: Seen) -> None:
    changed(session, Recording, [TWO])
    changed(session, Recording, [ONE, TWO])
    assert seen.told == []
    session.commit()
    assert seen.told == [(name, [ONE, TWO]) for name in ("links", "words", "figures")]
    session.commit()
    assert len(seen.told) == 3


def test_a_settler_is_told_only_of_what_matters_to_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen()
    monkeypatch.setattr(changes, "_reactions", ())
    install(
        seen.reaction("names", matters=only("name")),
        seen.reaction("all but links", matters=but("links")),
        seen.reaction("known ones", matters=but(*NEW)),
        seen.reaction("events", EnforcementEvent),
    )
    changed(session, Recording, [ONE], NEW)
    changed(session, Recording, [TWO], {"links"})
    changed(session, Recording, [THREE], {"name", "links"})
    changed(session, Recording, [THREE], set())
    settle(session)
    assert seen.told == [
        ("names", [THREE]),
        ("all but links", [ONE, THREE]),
        ("known ones", [TWO, THREE]),
    ]
    changed(session, Recording, [ONE])
    settle(session)
    assert [name for name, _ in seen.told[3:]] == ["names", "all but links", "known ones"]


def test_fields_of_several_calls_add_up(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[UUID]] = []

    def tell(session: Session, what: Changes) -> None:
        told.extend([what.ids(Recording, only("name")), what.ids(Recording, but(*NEW))])

    monkeypatch.setattr(changes, "_reactions", ())
    install(Reaction("one", {Recording: anything}, tell))
    changed(session, Recording, [ONE, TWO, THREE], NEW)
    changed(session, Recording, [TWO], {"name"})
    changed(session, Recording, [THREE])
    changed(session, Recording, [THREE], NEW)
    settle(session)
    assert told == [[TWO, THREE], [TWO, THREE]]


def test_nothing_changed_is_nothing_to_do(session: Session, seen: Seen) -> None:
    changed(session, Recording, [])
    changed(session, Recording, [None])
    session.commit()
    assert seen.told == []


def test_what_was_rolled_back_has_no_consequences(session: Session, seen: Seen) -> None:
    session.add(Squad(code="gone", name="gone"))
    session.flush()
    changed(session, Recording, [ONE])
    session.rollback()
    session.commit()
    assert seen.told == []


def test_a_savepoint_that_is_released_settles_nothing_yet(session: Session, seen: Seen) -> None:
    with session.begin_nested():
        changed(session, Recording, [ONE])
    assert seen.told == []
    session.commit()
    assert seen.told[0] == ("links", [ONE])


def test_a_savepoint_taken_back_leaves_what_was_owed_around_it(session: Session, seen: Seen) -> None:
    session.add(Squad(code="kept", name="kept"))
    session.flush()
    changed(session, Recording, [ONE])
    inside = session.begin_nested()
    changed(session, Recording, [TWO])
    inside.rollback()
    session.commit()
    assert ONE in seen.told[0][1]


def test_settled_early_it_is_not_settled_again_and_later_changes_are(session: Session, seen: Seen) -> None:
    changed(session, Recording, [ONE])
    settle(session)
    changed(session, Recording, [TWO])
    session.commit()
    assert [ids for name, ids in seen.told if name == "words"] == [[ONE], [TWO]]


def test_only_the_first_ones_may_be_settled_early(session: Session, seen: Seen) -> None:
    links = changes._reactions[0]
    changed(session, Recording, [ONE])
    settle(session, through=links)
    assert seen.told == [("links", [ONE])]
    session.commit()
    assert [name for name, _ in seen.told] == ["links", "words", "figures"]


def test_how_a_row_was_is_noted_once_and_told_only_if_it_changed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, asked = Seen(), []

    def note(session: Session, ids: Any) -> dict[UUID, str]:
        asked.extend(ids)
        return {one: f"{one} as it was" for one in ids if one != THREE}

    monkeypatch.setattr(changes, "_reactions", ())
    install(seen.reaction("links", notes={Recording: note}), seen.reaction("words"))
    changing(session, Recording, [ONE, TWO, THREE])
    changing(session, Recording, [ONE])
    changed(session, Recording, [ONE, THREE])
    session.commit()
    assert asked == [ONE, TWO, THREE]
    assert seen.before == [f"{ONE} as it was"]
    changed(session, Recording, [TWO])
    session.commit()
    assert len(seen.before) == 1, "what was noted in another transaction is history"


def test_a_settler_may_tell_those_after_it(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    monkeypatch.setattr(changes, "_reactions", ())
    install(
        Reaction(
            "links", {Recording: anything}, lambda session, what: changed(session, EnforcementEvent, [ONE])
        ),
        seen.reaction("figures", EnforcementEvent),
    )
    changed(session, Recording, [TWO])
    session.commit()
    assert seen.told == [("figures", [ONE])]


@pytest.mark.parametrize("thing", [EnforcementEvent, Recording], ids=["one before it", "itself"])
def test_a_settler_never_tells_those_before_it_nor_itself(
    session: Session, monkeypatch: pytest.MonkeyPatch, thing: Any
) -> None:
    seen = Seen()
    monkeypatch.setattr(changes, "_reactions", ())
    install(
        seen.reaction("links", EnforcementEvent),
        Reaction("words", {Recording: anything}, lambda session, what: changed(session, thing, [ONE])),
    )
    changed(session, Recording, [TWO])
    with pytest.raises(RuntimeError, match="words says"):
        session.commit()
    session.rollback()
    session.commit()


def test_a_settler_does_not_settle(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_reactions", ())
    install(Reaction("links", {Recording: anything}, lambda session, what: settle(session)))
    changed(session, Recording, [ONE])
    with pytest.raises(RuntimeError):
        session.commit()


def test_a_process_without_settlers_cannot_say_that_something_changed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_reactions", ())
    with pytest.raises(NoReactions):
        changed(session, Recording, [ONE])
    with pytest.raises(NoReactions):
        changing(session, Recording, [ONE])


def test_reactions_are_listed_once(seen: Seen) -> None:
    with pytest.raises(RuntimeError):
        install(seen.reaction("another"))
