"""Events from a table, known by their external id."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy import delete, select

from schemas.cases import Campaign, Case
from schemas.events import EnforcementEvent, EventCreate, EventOfficer
from schemas.people import Officer, Squad
from service.access.queries import visible_cases
from service.cases.actions import reindex_cases
from service.clock import as_utc, now
from service.events.actions import WORDS, follow_up
from service.events.rules import place_fits, span_fits
from service.i18n import gettext as _
from service.importing.actions import Importer, Outcome, differences
from service.importing.errors import RowRefused
from service.importing.rules import many, moment, truth
from service.linking.relink import Touched
from service.search.rules import case_number_fold

KINDS = {
    "日常巡查": "inspection",
    "巡查": "inspection",
    "调查取证": "evidence_collection",
    "取证": "evidence_collection",
    "文书送达": "document_delivery",
    "送达": "document_delivery",
    "行政强制": "coercion",
    "强制": "coercion",
}


class EventRow(EventCreate):
    """As created through the API, and `cancelled`, which later imports may bring."""

    cancelled: bool | None = None


class EventImporter(Importer):
    kind = "events"
    model = EventRow
    headers: ClassVar = {
        "外部编号": "external_id",
        "事件编号": "external_id",
        "活动编号": "external_id",
        "编号": "external_id",
        "标题": "title",
        "事由": "title",
        "类别": "kind",
        "类型": "kind",
        "事项": "subject",
        "当事人": "party",
        "地点": "place",
        "纬度": "latitude",
        "经度": "longitude",
        "抵达时间": "arrived_at",
        "抵达": "arrived_at",
        "开始时间": "arrived_at",
        "离开时间": "departed_at",
        "离开": "departed_at",
        "结束时间": "departed_at",
        "中队": "squad",
        "中队编号": "squad",
        "执法人员": "officers",
        "参与人员": "officers",
        "案号": "case",
        "案件编号": "case",
        "专项行动": "campaign",
        "已取消": "cancelled",
        "是否取消": "cancelled",
    }
    cells: ClassVar = {
        "officers": many,
        "arrived_at": moment,
        "departed_at": moment,
        "cancelled": truth,
        "kind": lambda value: KINDS.get(value, value) if isinstance(value, str) else value,
    }

    def key(self, wanted: EventRow) -> str:
        return wanted.external_id or ""

    def load(self, wanted: Sequence[EventRow]) -> None:
        session = self.session
        self.squads = {squad.code: squad for squad in session.scalars(select(Squad))}
        numbers = {number for one in wanted for number in one.officers}
        self.officers = {
            officer.certificate_no: officer.id
            for officer in session.scalars(select(Officer).where(Officer.certificate_no.in_(numbers)))
        }
        folded = {case_number_fold(one.case) for one in wanted if one.case}
        # Only what the importer may see: an event that names a case makes the case readable to its squad.
        self.cases = {
            case.number_folded: case
            for case in session.scalars(visible_cases(self.actor).where(Case.number_folded.in_(folded)))
        }
        named = {one.campaign for one in wanted if one.campaign}
        found = session.scalars(
            select(Campaign).where(Campaign.external_id.in_(named) | Campaign.name.in_(named))
        ).all()
        self.campaigns = {row.name: row.id for row in found} | {
            row.external_id: row.id for row in found if row.external_id
        }
        ids = [one.external_id for one in wanted if one.external_id]
        self.known = {
            event.external_id: event
            for event in session.scalars(
                select(EnforcementEvent).where(EnforcementEvent.external_id.in_(ids))
            )
        }
        known_ids = [event.id for event in self.known.values()]
        self.crews: dict[UUID, set[UUID]] = {}
        for event_id, officer_id in session.execute(
            select(EventOfficer.event_id, EventOfficer.officer_id).where(EventOfficer.event_id.in_(known_ids))
        ):
            self.crews.setdefault(event_id, set()).add(officer_id)
        self.created: list[UUID] = []
        self.moved: list[UUID] = []
        self.reworded: list[UUID] = []
        self.fresh_crew: list[EventOfficer] = []
        self.left: list[Touched] = []  # where moved events lay before
        self.recased: set[UUID] = set()  # cases that gained or lost an event

    def apply(self, wanted: EventRow) -> tuple[Outcome, list[str]]:
        values = self._values(wanted)
        officers = {self._officer(number) for number in wanted.officers}
        event = self.known.get(wanted.external_id)
        if event is None:
            if not span_fits(values["arrived_at"], values.get("departed_at")):
                raise RowRefused(_("the departure must not lie before the arrival"))
            if not place_fits(values.get("latitude"), values.get("longitude")):
                raise RowRefused(_("the coordinates cannot be"))
            if wanted.cancelled:
                values["cancelled_at"] = now()
            event = EnforcementEvent(**values)
            self.session.add(event)
            self._crew(event.id, set(), officers)
            self.created.append(event.id)
            self.recased |= {event.case_id} - {None}
            return Outcome.created, []
        if not self.in_scope(event.squad_id):
            raise RowRefused(_("this belongs to another squad"))
        return self._change(event, wanted, values, officers)

    def _change(
        self, event: EnforcementEvent, wanted: EventRow, values: dict, officers: set[UUID]
    ) -> tuple[Outcome, list[str]]:
        if not span_fits(values["arrived_at"], values.get("departed_at", event.departed_at)):
            raise RowRefused(_("the departure must not lie before the arrival"))
        if not place_fits(values.get("latitude", event.latitude), values.get("longitude", event.longitude)):
            raise RowRefused(_("the coordinates cannot be"))
        if wanted.cancelled is not None and wanted.cancelled != (event.cancelled_at is not None):
            values["cancelled_at"] = now() if wanted.cancelled else None
        crew = self.crews.get(event.id, set())
        lay, case_before = touched(event, crew), event.case_id
        changes = differences(event, values)
        if "officers" in wanted.model_fields_set and crew != officers:
            self._crew(event.id, crew, officers)
            changes.append("officers")
        if not changes:
            return Outcome.unchanged, []
        if {"case_id", "squad_id"} & set(changes):
            self.recased |= {case_before, event.case_id} - {None}
        if set(changes) <= WORDS:
            self.reworded.append(event.id)
        else:
            self.moved.append(event.id)
            self.left += lay
        return Outcome.changed, changes

    def _crew(self, event_id: UUID, held: set[UUID], officers: set[UUID]) -> None:
        if held - officers:
            self.session.execute(
                delete(EventOfficer).where(
                    EventOfficer.event_id == event_id, EventOfficer.officer_id.in_(held - officers)
                )
            )
        self.fresh_crew += [
            EventOfficer(event_id=event_id, officer_id=officer) for officer in officers - held
        ]

    def finish(self) -> None:
        self.session.add_all(self.fresh_crew)
        self.session.flush()
        if self.reworded:
            follow_up(self.session, self.reworded, [], moved=False)
        if self.created or self.moved:
            follow_up(self.session, self.created + self.moved, self.left, moved=True)
        reindex_cases(self.session, list(self.recased))

    def _values(self, wanted: EventRow) -> dict:
        squad = self.squads.get(wanted.squad)
        if squad is None or not self.in_scope(squad.id):
            raise RowRefused(_("squad {name} is not known").format(name=wanted.squad))
        values = wanted.model_dump(
            exclude_unset=True, exclude={"squad", "officers", "case", "campaign", "cancelled"}
        )
        values |= {"squad_id": squad.id, "arrived_at": as_utc(wanted.arrived_at)}
        if wanted.departed_at:
            values["departed_at"] = as_utc(wanted.departed_at)
        for name, value, known in (
            ("case_id", wanted.case, lambda said: self._case(said)),
            ("campaign_id", wanted.campaign, lambda said: self._campaign(said)),
        ):
            if value:
                values[name] = known(value)
            elif name.removesuffix("_id") in wanted.model_fields_set:
                values[name] = None
        return values

    def _case(self, number: str) -> UUID:
        case = self.cases.get(case_number_fold(number))
        if case is None:
            raise RowRefused(_("case {number} is not known").format(number=number))
        return case.id

    def _campaign(self, name: str) -> UUID:
        if name not in self.campaigns:
            raise RowRefused(_("campaign {name} is not known").format(name=name))
        return self.campaigns[name]

    def _officer(self, number: str) -> UUID:
        if number not in self.officers:
            raise RowRefused(_("officer {name} is not known").format(name=number))
        return self.officers[number]


def touched(event: EnforcementEvent, crew: set[UUID]) -> list[Touched]:
    """Where the event lies now. Without a departure, up to now is more than enough."""
    until = event.departed_at
    found = [Touched(event.arrived_at, until, squad_id=event.squad_id)]
    return found + [Touched(event.arrived_at, until, officer_id=officer) for officer in sorted(crew)]
