"""Cases and campaigns from a table."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import select

from schemas.cases import Campaign, CampaignCreate, Case, CaseCreate
from service.kernel.changes import NEW, changed, changing
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.keys import ByKey, known
from service.kernel.words import Word
from service.registry.cases.rules import case_number_fold, number_differs
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome, differences
from service.registry.importing.rules import day
from service.registry.importing.words import EXTERNAL_ID, SQUAD
from service.registry.people.queries import squad_called, squads_said


class CaseImporter(Importer):
    """Known by the folded number."""

    name = "cases"
    known_by = "number"
    word = Word(
        lazy("Cases"), icon="folder", meaning=lazy("Known by the case number, however it is written.")
    )
    meanings: ClassVar = {
        "squad": SQUAD,
    }
    model = CaseCreate
    headers: ClassVar = {
        "案号": "number",
        "案件编号": "number",
        "编号": "number",
        "案件号": "number",
        "案由": "title",
        "标题": "title",
        "案件名称": "title",
        "当事人": "party",
        "当事人名称": "party",
        "地点": "place",
        "案发地点": "place",
        "立案日期": "opened_on",
        "中队": "squad",
        "中队编号": "squad",
        "办案中队": "squad",
        "所属中队": "squad",
        "中队名称": "squad",
        "所属单位": "squad",
        "所属部门": "squad",
    }
    cells: ClassVar = {"opened_on": day}

    def key(self, wanted: CaseCreate) -> str:
        return case_number_fold(wanted.number)[:100]

    def written(self, wanted: CaseCreate) -> str:
        return wanted.number

    def differs(self, key: str, other: str) -> str:
        return number_differs(key, other)

    def load(self, wanted: Sequence[CaseCreate]) -> None:
        folded = [self.key(one) for one in wanted]
        self.squads = squads_said(self.session)
        self.known = {
            case.number_folded: case
            for case in self.session.scalars(select(Case).where(Case.number_folded.in_(folded)))
        }
        changing(self.session, Case, [case.id for case in self.known.values()])
        self.fresh: list[UUID] = []
        self.changed: dict[UUID, list[str]] = {}

    def apply(self, wanted: CaseCreate) -> tuple[Outcome, list[str]]:
        squad = squad_called(self.squads, wanted.squad, self.in_scope)
        folded = self.key(wanted)
        values = wanted.model_dump(exclude_unset=True, exclude={"squad"}) | {"squad_id": squad.id}
        case = self.known.get(folded)
        if case is None:
            case = Case(**values, number_folded=folded)
            self.session.add(case)
            self.fresh.append(case.id)
            return Outcome.created, []
        if not self.in_scope(case.squad_id):
            raise RowRefused(_("this id cannot be used"))
        changes = differences(case, values | {"number": case.number})  # however the table writes it
        if changes:
            self.changed[case.id] = changes
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        changed(self.session, Case, self.fresh, NEW)
        for case_id, fields in self.changed.items():
            changed(self.session, Case, [case_id], fields)


class CampaignImporter(Importer):
    """Known by the external id."""

    name = "campaigns"
    known_by = "external_id"
    word = Word(lazy("Campaigns"), icon="flag", meaning=lazy("Known by the external id."))
    meanings: ClassVar = {
        "external_id": EXTERNAL_ID,
    }
    model = CampaignCreate
    of_bureau = True
    headers: ClassVar = {
        "外部编号": "external_id",
        "编号": "external_id",
        "行动编号": "external_id",
        "名称": "name",
        "专项行动": "name",
        "行动名称": "name",
        "专项行动名称": "name",
        "开始日期": "starts_on",
        "起始日期": "starts_on",
        "结束日期": "ends_on",
    }
    cells: ClassVar = {"starts_on": day, "ends_on": day}

    def key(self, wanted: CampaignCreate) -> str:
        return wanted.external_id or ""

    def load(self, wanted: Sequence[CampaignCreate]) -> None:
        ids = [one.external_id for one in wanted if one.external_id]
        found = self.session.scalars(select(Campaign).where(known(Campaign, ids)))
        self.known = ByKey((one.external_id, one) for one in found)
        self.fresh: list[UUID] = []
        self.changed: list[UUID] = []

    def apply(self, wanted: CampaignCreate) -> tuple[Outcome, list[str]]:
        values = wanted.model_dump(exclude_unset=True)
        campaign = self.known.get(wanted.external_id)
        if campaign is None:
            campaign = Campaign(**values)
            self.session.add(campaign)
            self.fresh.append(campaign.id)
            return Outcome.created, []
        values.pop("external_id")  # it stays as it was delivered first
        changes = differences(campaign, values)
        if changes:
            self.changed.append(campaign.id)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        changed(self.session, Campaign, self.fresh, NEW)
        changed(self.session, Campaign, self.changed)
