"""One person asks, another answers. A kind of approval is one object: its table, its words, who asks, who answers,
what follows. What it may not say is that one person does both."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import Session, SQLModel

from schemas.accounts import Account, Role
from schemas.approvals import ApprovalRequest, ApprovalState
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import Act, record
from service.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from service.kernel.i18n import gettext
from service.kernel.i18n import lazy as _
from service.kernel.i18n import noop as _n
from service.kernel.two_persons.errors import DecidedAlready, SecondPerson
from service.kernel.two_persons.rules import ANSWERS, TO, Refusal, Standing, Step, refusal
from service.kernel.words import Word

W = TypeVar("W", bound=ApprovalRequest)
KINDS: dict[str, "Approval[Any]"] = {}  # all that were made, by name


class Verb(NamedTuple):
    """`name`: in the address of its form. `question`: asks for the sentence that goes with the step. `done`: said once
    it is taken."""

    name: str
    label: object
    done: object
    question: object = ""


class Told(NamedTuple):
    """Of a custody entry: the row under which it stands, and what it says each time."""

    subject_kind: str
    subject_id: UUID | None
    squad_id: UUID | None
    detail: dict[str, Any]


class Shown(NamedTuple):
    """A wish on a page. `row`: what it is about, as words and address, `about` the word for such a row.
    `title`, `detail`, `chip`: what is asked. `warning`: what to heed. `more`: a label, words and an address."""

    row: tuple[str, str]
    squad: str
    about: object = ""
    title: object = ""
    detail: str = ""
    chip: object = ""
    warning: str = ""
    more: tuple[str, str, str] | None = None


STATES: dict[ApprovalState, enum.StrEnum] = {state: state for state in ApprovalState}
WORDS: dict[str, Word] = {
    "asked": Word(_("Waiting"), icon="hourglass", tone="info", meaning=_("Another person than the one who asked decides.")),
    "approved": Word(_("Approved"), icon="circle-check", tone="good"),
    "declined": Word(_("Declined"), icon="circle-x", tone="bad"),
    "withdrawn": Word(_("Withdrawn"), icon="undo-2", tone="plain"),
}  # fmt: skip
VERBS: dict[Step, Verb] = {
    Step.approve: Verb("approve", _("Approve"), _("Approved."), _("A sentence, if you like")),
    Step.decline: Verb("decline", _("Decline"), _("Declined."), _("Why not?")),
    Step.withdraw: Verb("withdraw", _("Withdraw"), _("Withdrawn.")),
    Step.reopen: Verb("reopen", _("Open it again"), _("Open again.")),
}


def nothing_follows(session: Session, actor: Actor, wish: ApprovalRequest, step: Step) -> None:
    pass


def no_reason(detail: Mapping[str, Any]) -> str:
    return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Approval(Generic[W]):
    """`name`: under which a custody entry says the wish's id. `said`: the column with the words of the one who asks.
    `same`: the columns that make two wishes one; asked again while it waits, the first is answered.
    `visible`: those in the caller's scope. `concerns`: whether one concerns the caller, who then has no answer to it.
    `follow`: what comes of a step, in its transaction; an error there takes the step back.
    `states`: the table's own words for the states, `words` theirs for people. `queue`: its list among those of the
    day, at this `place` of them, called `word`; `mine`: that of those which one asked oneself; `shown` makes the lines.
    `reason`: what a custody entry says of it besides the asker's own words.
    """

    name: str
    table: type[W]
    said: str
    same: tuple[str, ...]
    may_ask: frozenset[Role]
    may_answer: frozenset[Role]
    acts: Mapping[Step, Act]
    visible: Callable[[Actor], Select]
    concerns: Callable[[Session, Actor, W], bool]
    told: Callable[[Session, W], Told]
    follow: Callable[[Session, Actor, W, Step], None] = nothing_follows
    steps: frozenset[Step] = frozenset(Step)
    must_say_why: frozenset[Step] = frozenset({Step.decline})
    states: Mapping[ApprovalState, enum.StrEnum] = field(default_factory=lambda: STATES)
    words: Mapping[str, Word] = field(default_factory=lambda: WORDS)
    verbs: Mapping[Step, Verb] = field(default_factory=lambda: VERBS)
    too_late: type[Conflict] = DecidedAlready
    reason: Callable[[Mapping[str, Any]], str] = no_reason
    answered_by: str = _n("decided by {who}, {when}")
    queue: str = ""
    place: int = 9
    word: Word | None = None
    mine: Word | None = None
    shown: Callable[[Session, Actor, Sequence[W]], dict[UUID, Shown]] | None = None

    def __post_init__(self) -> None:
        KINDS[self.name] = self

    # ---- the steps ---------------------------------------------------------------------------------------------

    def ask(self, session: Session, actor: Actor, wish: W, beside: SQLModel) -> W:
        """`beside`: the row that it is about, locked until the transaction ends: two who ask the same at one moment
        ask once. Answers the wish that waits already, if there is one."""
        self.admit(actor, Step.ask)
        words = getattr(wish, self.said).strip()
        if not words:
            raise Invalid(field=self.said, problem=gettext("it is empty"))
        session.refresh(beside, with_for_update={"key_share": True})
        wish.asked_by = actor.account_id  # whatever the kind wrote there
        waiting = session.scalars(
            select(self.table).where(
                self._column("state") == self.states[ApprovalState.asked],
                *(self._column(name).is_not_distinct_from(getattr(wish, name)) for name in self.same),
            )
        ).first()
        if waiting is not None:
            return waiting
        words = words[: self._longest(self.said)]
        setattr(wish, self.said, words)
        return self._keep(session, actor, wish, Step.ask, **{self.said: words})

    def approve(self, session: Session, actor: Actor, wish_id: UUID, answer: str = "") -> W:
        return self.take(session, actor, wish_id, Step.approve, answer)

    def decline(self, session: Session, actor: Actor, wish_id: UUID, answer: str = "") -> W:
        return self.take(session, actor, wish_id, Step.decline, answer)

    def withdraw(self, session: Session, actor: Actor, wish_id: UUID) -> W:
        return self.take(session, actor, wish_id, Step.withdraw)

    def reopen(self, session: Session, actor: Actor, wish_id: UUID) -> W:
        """It waits again, and what followed from the answer is taken back."""
        return self.take(session, actor, wish_id, Step.reopen)

    def take(self, session: Session, actor: Actor, wish_id: UUID, step: Step, answer: str = "") -> W:
        """Errors: NotAllowed, NotFound, SecondPerson, `too_late`, Invalid."""
        self.admit(actor, step)
        wish = self._locked_wish(session, actor, wish_id)
        match refusal(step, self.state(wish), self._standing(session, actor, wish)):
            case Refusal.not_theirs:
                raise NotAllowed
            case Refusal.second_person:
                raise SecondPerson
            case Refusal.too_late:
                raise self.too_late
        answer = answer.strip()[: self._longest("answer")] if step in ANSWERS else ""
        if step in self.must_say_why and not answer:
            raise Invalid(field="answer", problem=gettext("it is empty"))
        before = wish.state
        wish.state, wish.answer = self.states[TO[step]], answer
        wish.decided_by = actor.account_id if step in ANSWERS else None
        wish.decided_at = None if step is Step.reopen else now()
        if step in ANSWERS:
            return self._keep(session, actor, wish, step, outcome=str(wish.state), answer=answer)
        more = {"before": str(before)} if step is Step.reopen else {}
        return self._keep(session, actor, wish, step, **more)

    def admit(self, actor: Actor, step: Step) -> None:
        """By the role alone: before it is looked for what they ask about."""
        if step not in self.steps:
            raise NotFound
        roles = {Step.ask: self.may_ask, Step.withdraw: frozenset(Role)}.get(step, self.may_answer)
        if not actor.has(*roles):
            raise NotAllowed

    # ---- what stands -------------------------------------------------------------------------------------------

    def state(self, wish: W) -> ApprovalState:
        return next(state for state, own in self.states.items() if own == wish.state)

    def waiting(self, actor: Actor) -> Select:
        return self.visible(actor).where(self._column("state") == self.states[ApprovalState.asked])

    def open_steps(self, session: Session, actor: Actor, wish: W) -> list[Step]:
        """What the caller may do with it now, in the order of `verbs`."""
        who, state = self._standing(session, actor, wish), self.state(wish)
        return [step for step in self.verbs if step in self.steps and refusal(step, state, who) is None]

    def _standing(self, session: Session, actor: Actor, wish: W) -> Standing:
        answers = actor.has(*self.may_answer)
        return Standing(
            asked=wish.asked_by == actor.account_id,
            same_person=same_person(session, actor, wish.asked_by),
            concerned=answers and self.concerns(session, actor, wish),
            answers=answers,
        )

    def _locked_wish(self, session: Session, actor: Actor, wish_id: UUID) -> W:
        """Locked until the transaction ends, as it stands by then: two who answer at one moment answer once."""
        one = self.visible(actor).where(self._column("id") == wish_id).with_for_update(of=self.table)
        found = session.scalars(one.execution_options(populate_existing=True)).first()
        if found is None:
            raise NotFound
        return found

    def _keep(self, session: Session, actor: Actor, wish: W, step: Step, **more: Any) -> W:
        self.follow(session, actor, wish, step)
        session.add(wish)
        session.flush()  # what cannot be kept is refused before it is answered
        told, named = self.told(session, wish), {self.name: str(wish.id)}
        record(
            session, actor, self.acts[step], told.subject_kind, told.subject_id,
            squad_id=told.squad_id, **(named | told.detail | more),
        )  # fmt: skip
        return wish

    def _column(self, name: str) -> Any:
        return getattr(self.table, name)

    def _longest(self, column: str) -> int:
        return self._column(column).type.length


def same_person(session: Session, actor: Actor, account_id: UUID) -> bool:
    """The same account, or another account of the same officer."""
    if account_id == actor.account_id:
        return True
    return (
        actor.officer_id is not None and session.get_one(Account, account_id).officer_id == actor.officer_id
    )


def queues() -> dict[str, Approval[Any]]:
    """The kinds that have one, in their order."""
    ordered = sorted(KINDS.values(), key=lambda kind: (kind.place, kind.queue))
    return {kind.queue: kind for kind in ordered if kind.queue}
