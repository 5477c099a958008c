"""The kinds of approval on real tables: the same guard for each, two at one moment, and one more kind from one object."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Field as Column
from sqlmodel import Session, SQLModel, select

from schemas.accounts import Account, Role
from schemas.approvals import ApprovalRequest, ApprovalState, second_person
from schemas.base import enum_check
from schemas.coverage import ExplanationReason
from schemas.custody import CustodyEntry
from schemas.people import Squad
from service.access.rules import MAY
from service.app import create_app
from service.footage.recordings.removal import REMOVAL, ask_removal
from service.kernel import database
from service.kernel.actor import Actor
from service.kernel.custody import act, act_of
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.i18n import speaking
from service.kernel.two_persons.approval import KINDS, Approval, Shown, Told
from service.kernel.two_persons.errors import DecidedAlready, SecondPerson
from service.kernel.two_persons.rules import ANSWERS, FROM, TO, Step
from service.kernel.words import Word
from service.supervision.disputes.actions import raise_dispute
from service.supervision.disputes.approval import DISPUTE
from service.supervision.explanations.actions import ask_exemption
from service.supervision.explanations.approval import EXPLANATION
from service.web.coverage.list_view import board_tiles, lists, waiting
from service.web.two_persons.views import wish_lines
from tests.security.conftest import House, house  # noqa: F401  a service with pages
from tests.service.finding.linking.field import Field, at


@dataclass
class Asked:
    """`ask` once more, by anybody; `wish` is what `asker` asked. Officer 012 is one whom it concerns."""

    kind: Approval[Any]
    asker: Actor
    wish: UUID
    ask: Callable[[Session, Actor], ApprovalRequest]


def as_officer(field: Field, actor: Actor, number: str) -> Actor:
    officer = field.officer(number)
    field.session.get_one(Account, actor.account_id).officer_id = officer.id
    field.session.flush()
    return replace(actor, officer_id=officer.id)


def explanation(field: Field) -> Asked:
    event = field.event(at("09:00"), at("09:30"), ("012",)).id

    def ask(session: Session, actor: Actor) -> ApprovalRequest:
        return ask_exemption(session, actor, event, ExplanationReason.urgent, "抢险")

    return asked(field, EXPLANATION, ask)


def dispute(field: Field) -> Asked:
    event = field.event(at("09:00"), at("09:30"), ("012", "031")).id
    return asked(field, DISPUTE, lambda session, actor: raise_dispute(session, actor, event, "当时有录像"))


def removal(field: Field) -> Asked:
    recording = field.recording(at("09:00"), at("09:30"), officer="012").id
    return asked(field, REMOVAL, lambda session, actor: ask_removal(session, actor, recording, "误传"))


def asked(field: Field, kind: Approval[Any], ask: Callable[[Session, Actor], ApprovalRequest]) -> Asked:
    asker = as_officer(field, field.actor(Role.supervisor, "one", "asks"), "031")
    return Asked(kind, asker, ask(field.session, asker).id, ask)


OF = {"explanation": explanation, "dispute": dispute, "removal": removal}


def test_these_are_all_kinds_and_each_has_its_cases_here() -> None:
    create_app()
    assert set(KINDS) == set(OF)
    for kind in KINDS.values():
        assert Step.ask in kind.steps and kind.steps & ANSWERS and Step.withdraw in kind.steps
        assert set(kind.acts) == kind.steps and kind.steps - {Step.ask} <= set(kind.verbs)
        assert set(kind.states) == set(ApprovalState) and {str(own) for own in kind.states.values()} <= set(
            kind.words
        )


@pytest.fixture(params=OF)
def case(request: pytest.FixtureRequest, session: Session) -> tuple[Field, Asked]:
    field = Field(session)
    return field, OF[request.param](field)


def test_nobody_answers_who_asked_or_whom_it_concerns(case: tuple[Field, Asked]) -> None:
    field, it = case
    second = as_officer(field, field.actor(Role.admin, None, "second account"), "031")
    concerned = as_officer(field, field.actor(Role.supervisor, "one", "concerned"), "012")
    for step in it.kind.steps - {Step.ask, Step.withdraw}:
        for actor in (it.asker, second, concerned):
            with pytest.raises(SecondPerson):
                it.kind.take(field.session, actor, it.wish, step, "a")
            wish = field.session.get_one(it.kind.table, it.wish)
            assert it.kind.state(wish) is ApprovalState.asked
            assert not set(it.kind.open_steps(field.session, actor, wish)) - {Step.withdraw}
        with pytest.raises(NotAllowed):
            it.kind.take(field.session, field.actor(Role.member, "one"), it.wish, step, "a")
        with pytest.raises(NotFound):
            it.kind.take(field.session, field.actor(Role.supervisor, "two"), it.wish, step, "a")


def test_each_step_leads_on_stands_in_custody_and_is_taken_once(case: tuple[Field, Asked]) -> None:
    field, it = case
    session, answers = field.session, field.actor(Role.supervisor, "one", "answers")
    for step in it.kind.steps - {Step.ask}:
        with session.begin_nested() as before:
            if step is Step.reopen:
                it.kind.approve(session, answers, it.wish, "a")
            actor = it.asker if step is Step.withdraw else answers
            if step in it.kind.must_say_why:
                with pytest.raises(Invalid):
                    it.kind.take(session, actor, it.wish, step, " ")
            assert step in it.kind.open_steps(session, actor, session.get_one(it.kind.table, it.wish))
            wish = it.kind.take(session, actor, it.wish, step, "a")
            assert it.kind.state(wish) is TO[step]
            assert wish.decided_by == (actor.account_id if step in ANSWERS else None)
            session.flush()
            told = session.scalars(select(CustodyEntry).order_by(CustodyEntry.id.desc())).first()
            assert told is not None and told.action == it.kind.acts[step].code
            assert told.detail[it.kind.name] == str(wish.id) and act_of(told) is it.kind.acts[step]
            if TO[step] not in FROM[step]:
                with pytest.raises(it.kind.too_late):
                    it.kind.take(session, actor, it.wish, step, "a")
            before.rollback()
        session.expire_all()


@pytest.mark.parametrize("name", OF)
def test_of_answers_at_one_moment_one_counts_and_the_others_are_told(clean_engine: Engine, name: str) -> None:
    with Session(clean_engine, expire_on_commit=False) as session:
        field = Field(session)
        it = OF[name](field)
        answerers = [field.actor(Role.supervisor, None, f"answers {n}") for n in range(4)]
        session.commit()
    steps = sorted(it.kind.steps & ANSWERS)
    tried = [(actor, steps[n % len(steps)]) for n, actor in enumerate(answerers)]
    outcomes = at_once(
        clean_engine,
        *(lambda s, a=actor, st=step: it.kind.take(s, a, it.wish, st, "a") for actor, step in tried),
        lambda s: it.kind.withdraw(s, it.asker, it.wish),
    )
    assert outcomes["done"] == 1 and outcomes[it.kind.too_late.__name__] == 4
    with Session(clean_engine) as session:
        wish = session.get_one(it.kind.table, it.wish)
        assert it.kind.state(wish) is not ApprovalState.asked
        acts = {act.code for step, act in it.kind.acts.items() if step is not Step.ask}
        told = session.scalars(select(CustodyEntry).where(CustodyEntry.action.in_(acts))).all()
        assert len(told) == 1 and told[0].account_id in (wish.decided_by, it.asker.account_id)


@pytest.mark.parametrize("name", OF)
def test_asked_four_times_at_one_moment_it_is_asked_once(clean_engine: Engine, name: str) -> None:
    with Session(clean_engine, expire_on_commit=False) as session:
        it = OF[name](Field(session))
        it.kind.withdraw(session, it.asker, it.wish)
        session.commit()
    outcomes = at_once(clean_engine, *(lambda s: it.ask(s, it.asker) for _ in range(4)))
    assert outcomes == {"done": 4}
    with Session(clean_engine) as session:
        waits = it.kind.table.state == it.kind.states[ApprovalState.asked]
        assert session.scalar(select(func.count()).select_from(it.kind.table).where(waits)) == 1


def at_once(engine: Engine, *acts: Callable[[Session], object]) -> Counter[str]:
    start = threading.Barrier(len(acts))
    outcomes: Counter[str] = Counter()

    def run(act: Callable[[Session], object]) -> None:
        with Session(engine) as session:
            start.wait(60)
            try:
                act(session)
                session.commit()
                outcomes["done"] += 1
            except DecidedAlready as refused:
                outcomes[type(refused).__name__] += 1

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


# ---- one more kind: its table, and one object --------------------------------------------------------------------


class Loan(ApprovalRequest, table=True):
    __tablename__ = "loans"
    __table_args__ = (enum_check("state", ApprovalState), second_person())
    state: ApprovalState = Column(default=ApprovalState.asked)
    squad_id: UUID = Column(foreign_key="squads.id")
    purpose: str = Column(max_length=20)
    lent: bool = False


SQLModel.metadata.remove(Loan.__table__)  # of this test alone: the migrations know nothing of it


def lend(session: Session, actor: Actor, wish: Loan, step: Step) -> None:
    wish.lent = step is Step.approve
    if wish.purpose == "never":
        raise Invalid(field="purpose", problem="never")


LOAN_ACTS = {step: act(f"{step}_loan", f"{step} of a loan", "squad") for step in Step}


@pytest.fixture
def loans(house: House) -> Iterator[Approval[Loan]]:  # noqa: F811
    kind = Approval(
        name="loan",
        table=Loan,
        said="purpose",
        same=("squad_id",),
        may_ask=MAY["upload"],
        may_answer=MAY["decide_explanations"],
        acts=LOAN_ACTS,
        visible=lambda actor: select(Loan),
        concerns=lambda session, actor, wish: False,
        told=lambda session, wish: Told("squad", wish.squad_id, wish.squad_id, {}),
        follow=lend,
        queue="loans",
        word=Word("Loans", icon="scale", meaning="Borrowed recorders."),
        shown=lambda session, actor, wishes: {one.id: Shown(("a recorder", "/"), "一队") for one in wishes},
    )
    Loan.__table__.create(database.get_engine())
    yield kind
    del KINDS["loan"]


def test_one_more_kind_is_one_object(house: House, loans: Approval[Loan]) -> None:  # noqa: F811
    asker = Actor(house.account(Role.member, "1"), "member-1", Role.member, house.bureau.squad("1"))
    with house.bureau.session() as session:
        boss = Actor(house.account(Role.supervisor, None), "boss", Role.supervisor, None)
        squad = session.get_one(Squad, house.bureau.squad("1"))
        wish = loans.ask(
            session, asker, Loan(squad_id=squad.id, purpose="巡查", asked_by=boss.account_id), squad
        )
        session.commit()
        assert wish.asked_by == asker.account_id  # not whom the kind wrote there
        assert lists()["loans"].label == "Loans" and waiting(session, boss)["loans"].n == 1
        assert board_tiles(session, boss)
        assert wish_lines(session, boss, loans, [wish])[0].words == "巡查"
    with speaking("en"):
        page = house.ask("GET", "/coverage/lists/loans", Role.supervisor, None)
        assert page.status_code == 200 and "巡查" in page.text and f"/loans/{wish.id}/approve" in page.text
    counts = house.ask("GET", "/coverage/lists/counts?name=loans", Role.supervisor, None).text
    assert 'href="/coverage/lists/loans"' in counts
    path = f"/loans/{wish.id}/"
    form = {"answer": "可以", "queue": "1"}
    assert house.ask("POST", path + "approve", Role.member, data=form).status_code == 403
    assert house.ask("POST", path + "ask", Role.supervisor, None, data=form).status_code == 404
    assert house.ask("POST", path + "approve", Role.supervisor, None, data=form).status_code == 303
    assert house.ask("POST", path + "approve", Role.supervisor, None, data=form).status_code == 409
    assert house.ask("POST", path.replace("loans", "lists") + "approve", Role.member).status_code == 404
    with house.bureau.session() as session:
        assert session.get_one(Loan, wish.id).lent
    house.ask("POST", path + "reopen", Role.supervisor, None, data=form)
    with house.bureau.session() as session:
        assert not session.get_one(Loan, wish.id).lent
    (told,) = house.custody("reopen_loan")
    assert act_of(told) is LOAN_ACTS[Step.reopen] and str(LOAN_ACTS[Step.reopen].words) == "reopen of a loan"


def test_what_cannot_follow_takes_the_step_back(house: House, loans: Approval[Loan]) -> None:  # noqa: F811
    with house.bureau.session() as session:
        wish = Loan(
            squad_id=house.bureau.squad("1"), purpose="never", asked_by=house.account(Role.member, "1")
        )
        session.add(wish)
        session.commit()
    path = f"/loans/{wish.id}/approve"
    assert house.ask("POST", path, Role.supervisor, None, data={"queue": "1"}).status_code == 400
    with house.bureau.session() as session:
        assert session.get_one(Loan, wish.id).state == ApprovalState.asked
    assert house.custody("approve_loan") == []
