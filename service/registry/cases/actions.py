"""Cases and campaigns."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.cases import Campaign, CampaignCreate, Case, CaseCreate
from service.access.actions import require, require_bureau
from service.access.queries import get_case, squad_scope, visible_cases
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed, changing
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotAllowed
from service.kernel.i18n import gettext as _
from service.kernel.keys import new_key
from service.registry.cases import acts
from service.registry.cases.errors import CampaignExists, CaseExists, CaseWrittenOtherwise
from service.registry.cases.queries import get_campaign
from service.registry.cases.rules import case_number_fold, number_differs
from service.registry.cases.updates import CampaignUpdate, CaseUpdate
from service.registry.people.queries import squad_of


def create_case(session: Session, actor: Actor, wanted: CaseCreate) -> Case:
    require(actor, "edit_cases")
    squad = squad_of(session, actor, wanted.squad)
    case = Case(
        **wanted.model_dump(exclude={"squad"}), number_folded=_folded(wanted.number), squad_id=squad.id
    )
    _unique(session, actor, case)
    session.add(case)
    session.flush()
    record(session, actor, acts.CREATE_CASE, "case", case.id, squad_id=squad.id, number=case.number)
    changed(session, Case, [case.id], NEW)
    return case


def update_case(session: Session, actor: Actor, case_id: UUID, wanted: CaseUpdate) -> Case:
    """A squad reads a case in which one of its events lies; only the case's own squad edits it."""
    require(actor, "edit_cases")
    case = get_case(session, actor, case_id)
    scope = squad_scope(actor)
    if scope is not None and case.squad_id not in scope:
        raise NotAllowed
    values = wanted.model_dump(exclude_unset=True, exclude={"squad"})
    for name in ("number", "title", "party", "place"):
        if name in values and values[name] is None:
            raise Invalid(field=name, problem=_("it may not be null"))
    if "number" in values:
        values |= {"number_folded": _folded(values["number"]), "double_of": None}
    if wanted.squad is not None:
        values["squad_id"] = squad_of(session, actor, wanted.squad).id
    changes = {name: value for name, value in values.items() if getattr(case, name) != value}
    if not changes:
        return case
    before = {name: str(getattr(case, name)) for name in changes}
    changing(session, Case, [case.id])
    for name, value in changes.items():
        setattr(case, name, value)
    _unique(session, actor, case)
    session.add(case)
    after = {name: str(value) for name, value in changes.items()}
    record(session, actor, acts.EDIT, "case", case.id, squad_id=case.squad_id, before=before, after=after)
    session.flush()
    changed(session, Case, [case.id], changes)
    return case


def create_campaign(session: Session, actor: Actor, wanted: CampaignCreate) -> Campaign:
    """The bureau's, so only those who see all of it make and change one."""
    require_bureau(actor, "edit_cases")
    name = wanted.external_id
    kept = new_key(session, Campaign.external_id, name, CampaignExists(external_id=name)) if name else None
    campaign = Campaign(**wanted.model_dump(exclude={"external_id"}), external_id=kept)
    session.add(campaign)
    session.flush()
    record(session, actor, acts.CREATE_CAMPAIGN, "campaign", campaign.id, name=campaign.name)
    changed(session, Campaign, [campaign.id], NEW)
    return campaign


def update_campaign(session: Session, actor: Actor, campaign_id: UUID, wanted: CampaignUpdate) -> Campaign:
    require_bureau(actor, "edit_cases")
    campaign = get_campaign(session, campaign_id)
    values = wanted.model_dump(exclude_unset=True)
    if values.get("name", "") is None:
        raise Invalid(field="name", problem=_("it may not be null"))
    changes = {name: value for name, value in values.items() if getattr(campaign, name) != value}
    if changes:
        before = {name: str(getattr(campaign, name)) for name in changes}
        for name, value in changes.items():
            setattr(campaign, name, value)
        session.add(campaign)
        after = {name: str(value) for name, value in changes.items()}
        record(session, actor, acts.EDIT, "campaign", campaign.id, before=before, after=after)
        session.flush()
        changed(session, Campaign, [campaign.id], changes)
    return campaign


def _folded(number: str) -> str:
    folded = case_number_fold(number)
    if not folded or "\x00" in number:
        raise Invalid(field="number", problem=number)
    return folded[:100]


def _unique(session: Session, actor: Actor, case: Case) -> None:
    same = Case.number_folded == case.number_folded, Case.id != case.id
    with session.no_autoflush:
        taken = session.scalars(select(Case.number).where(*same)).first()
        seen = session.scalars(visible_cases(actor).where(*same)).first()
    if taken is not None and (seen is None or taken == case.number):
        raise CaseExists(number=case.number)
    if taken is not None:
        raise CaseWrittenOtherwise(number=taken, how=number_differs(taken, case.number))
