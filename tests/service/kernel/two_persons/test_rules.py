"""Asked by one, answered by another: whatever is tried, in whatever order, by whomever."""

from dataclasses import dataclass
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from schemas.approvals import ApprovalState
from service.kernel.two_persons.rules import ANSWERS, FROM, TO, Refusal, Standing, Step, refusal

LATER = [step for step in Step if step is not Step.ask]
EVERYBODY = [Standing(*flags) for flags in product([True, False], repeat=4)]


@dataclass(frozen=True)
class Account:
    person: int
    number: int
    answers: bool


ACCOUNTS = st.builds(Account, st.integers(0, 2), st.integers(0, 1), st.booleans())


def seen(actor: Account, asker: Account, concerned: frozenset[int]) -> Standing:
    return Standing(
        asked=(actor.person, actor.number) == (asker.person, asker.number),
        same_person=actor.person == asker.person,
        concerned=actor.person in concerned,
        answers=actor.answers,
    )


@given(
    asker=ACCOUNTS,
    concerned=st.frozensets(st.integers(0, 2)),
    tried=st.lists(st.tuples(ACCOUNTS, st.sampled_from(LATER)), max_size=12),
)
def test_no_path_lets_one_person_ask_and_answer(
    asker: Account, concerned: frozenset[int], tried: list[tuple[Account, Step]]
) -> None:
    state, answered_by = ApprovalState.asked, None
    for actor, step in tried:
        if refusal(step, state, seen(actor, asker, concerned)) is not None:
            continue
        assert state in FROM[step]
        if step is Step.withdraw:
            assert (actor.person, actor.number) == (asker.person, asker.number)
        else:
            assert actor.person != asker.person and actor.person not in concerned and actor.answers
        state = TO[step]
        answered_by = actor if step in ANSWERS else None
        assert (answered_by is not None) == (state in (ApprovalState.approved, ApprovalState.declined))


@given(st.lists(st.sampled_from(LATER), max_size=12))
def test_what_is_answered_is_not_answered_again_before_it_is_reopened(steps: list[Step]) -> None:
    other, state, answers = Standing(False, False, False, True), ApprovalState.asked, 0
    for step in steps:
        if refusal(step, state, other) is None:
            state = TO[step]
            answers = answers + 1 if step in ANSWERS else 0
            assert answers <= 1


def test_every_state_has_a_way_on_but_what_was_withdrawn() -> None:
    for state in ApprovalState:
        open_ = {
            step
            for step in LATER
            if any(refusal(step, state, who) is None for who in EVERYBODY)
        }  # fmt: skip
        assert bool(open_) == (state is not ApprovalState.withdrawn)
    assert {TO[step] for step in Step} == set(ApprovalState)


def test_a_role_that_answers_is_no_leave_to_answer_oneself() -> None:
    for who, step in product(EVERYBODY, (*ANSWERS, Step.reopen)):
        for state in FROM[step]:
            why = refusal(step, state, who)
            if not who.answers:
                assert why is Refusal.not_theirs
            elif who.asked or who.same_person or who.concerned:
                assert why is Refusal.second_person
            else:
                assert why is None
