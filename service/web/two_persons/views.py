"""What one asked and another answers, as people read it: who, what, when, and what they may do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.approvals import ApprovalRequest
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment
from service.kernel.two_persons.approval import Approval, same_person
from service.kernel.two_persons.rules import ANSWERS, Step
from service.kernel.words import Word
from service.web.frame.views import Ref


@dataclass(slots=True)
class Button:
    """Posts to /{queue}/{id}/{name of the verb}. `question`: opens for a sentence, which is `needed` or not."""

    href: str
    label: str
    question: str = ""
    needed: bool = False
    main: bool = False
    key: str = ""


@dataclass(slots=True)
class WishLine:
    """`own`: the viewer asked, so another person decides. `done`: what was just done. The others as in Shown."""

    id: str
    state: str
    word: Word
    row: Ref
    squad: str
    about: str
    title: str
    detail: str
    chip: str
    warning: str
    more: str
    other: Ref | None
    words: str
    people: str
    answer: str
    own: bool
    buttons: list[Button]
    done: str = ""


def wish_lines(
    session: Session, actor: Actor, kind: Approval[Any], wishes: Sequence[ApprovalRequest], done: object = ""
) -> list[WishLine]:
    """In the order given. Of a kind that has a queue."""
    if kind.shown is None:
        raise ValueError(kind.name)
    names = account_names(session, [id_ for one in wishes for id_ in (one.asked_by, one.decided_by) if id_])
    shown = kind.shown(session, actor, wishes)
    found = []
    for wish in wishes:
        one = shown[wish.id]
        more, label, href = one.more or ("", "", None)
        found.append(
            WishLine(
                id=str(wish.id),
                state=str(kind.state(wish)),
                word=kind.words[wish.state],
                row=Ref(*one.row),
                squad=one.squad,
                about=str(one.about),
                title=str(one.title),
                detail=one.detail,
                chip=str(one.chip),
                warning=one.warning,
                more=more,
                other=Ref(label, href) if more else None,
                words=getattr(wish, kind.said),
                people=_people(kind, wish, names),
                answer=wish.answer,
                own=same_person(session, actor, wish.asked_by),
                buttons=[_button(kind, wish, step) for step in kind.open_steps(session, actor, wish)],
                done=str(done),
            )
        )
    return found


def _button(kind: Approval[Any], wish: ApprovalRequest, step: Step) -> Button:
    verb = kind.verbs[step]
    return Button(
        href=f"/{kind.queue}/{wish.id}/{verb.name}",
        label=str(verb.label),
        question=str(verb.question) if step in ANSWERS else "",
        needed=step in kind.must_say_why,
        main=step is Step.approve,
        key="z" if step is Step.reopen else "",
    )


def _people(kind: Approval[Any], wish: ApprovalRequest, names: dict[UUID, str]) -> str:
    asked = _("asked by {who}, {when}").format(who=names.get(wish.asked_by, "–"), when=moment(wish.asked_at))
    if wish.decided_by is None:
        return asked
    by = _(kind.answered_by).format(who=names.get(wish.decided_by, "–"), when=moment(wish.decided_at))
    return asked + _("; ") + by


def account_names(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    found = session.scalars(select(Account).where(Account.id.in_(set(ids))))
    return {one.id: one.display_name or one.username for one in found}
