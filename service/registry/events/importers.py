"""Events from a table, known by their external id."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import distinct_on

from schemas.cases import Campaign, Case
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventCreate, EventKind, EventOfficer
from schemas.people import Officer
from service.access.queries import visible_cases
from service.kernel.changes import NEW, changed, changing
from service.kernel.clock import as_utc, local
from service.kernel.custody import Act, record
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.i18n import noop as _n
from service.kernel.keys import ByEither, ByKey, known
from service.kernel.policy import policy
from service.kernel.text import fold
from service.kernel.words import Word
from service.registry.cases.rules import case_number_fold
from service.registry.events import acts
from service.registry.events.actions import plain, set_cancelled
from service.registry.events.errors import EventTooLong, PlaceUnreadable
from service.registry.events.kinds import SAID, WORDS
from service.registry.events.late import past_deadline
from service.registry.events.policy import LONGEST_EVENT
from service.registry.events.rules import length_fits, object_said, place_fits, span_fits
from service.registry.events.subjects import subjects
from service.registry.events.words import far_ahead
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome, differences
from service.registry.importing.rules import many, moment, truth
from service.registry.importing.words import EXTERNAL_ID, SQUAD, SUBJECT
from service.registry.people.queries import known_officers, squad_called, squads_said

IMPORT = "import"
MIDNIGHT = time()  # what a day without a time is read as


_KINDS = {fold(word): code for word, code in SAID.items()} | {fold(code): code for code in EventKind}


def kind_said(value: Any) -> Any:
    """By its word or its code, however that is written."""
    return _KINDS.get(fold(value), value) if isinstance(value, str) else value


class EventRow(EventCreate):
    """As created through the API, and `cancelled`, which later imports may bring."""

    cancelled: bool | None = None


class EventImporter(Importer):
    name = "events"
    known_by = "external_id"
    word = Word(
        lazy("Events"),
        icon="calendar-days",
        meaning=lazy("Known by the external id: kind, arrival, departure, place, who took part."),
    )
    meanings: ClassVar = {
        "external_id": EXTERNAL_ID,
        "subject": SUBJECT,
        "squad": SQUAD,
        "officers": _n("certificate numbers of those who took part, parted by 、"),
        "case": _n("case number, however it is written"),
        "campaign": _n("external id or name of a campaign"),
        "object": _n("what was inspected, by name; 无 for a patrol without one; empty: not said"),
    }
    words: ClassVar = {EventKind: WORDS}
    model = EventRow
    headers: ClassVar = {
        "外部编号": "external_id",
        "事件编号": "external_id",
        "活动编号": "external_id",
        "编号": "external_id",
        "执法活动编号": "external_id",
        "任务编号": "external_id",
        "标题": "title",
        "事由": "title",
        "活动名称": "title",
        "事件名称": "title",
        "任务名称": "title",
        "名称": "title",
        "类别": "kind",
        "类型": "kind",
        "活动类型": "kind",
        "活动类别": "kind",
        "执法类型": "kind",
        "执法类别": "kind",
        "执法活动类型": "kind",
        "事项": "subject",
        "执法事项": "subject",
        "当事人": "party",
        "检查对象": "object",
        "巡查对象": "object",
        "执法对象": "object",
        "被检查对象": "object",
        "被检查单位": "object",
        "当事人名称": "party",
        "行政相对人": "party",
        "地点": "place",
        "地址": "place",
        "活动地点": "place",
        "执法地点": "place",
        "纬度": "latitude",
        "经度": "longitude",
        "抵达时间": "arrived_at",
        "抵达": "arrived_at",
        "开始时间": "arrived_at",
        "到达时间": "arrived_at",
        "到达": "arrived_at",
        "到达现场时间": "arrived_at",
        "到场时间": "arrived_at",
        "活动开始时间": "arrived_at",
        "离开时间": "departed_at",
        "离开": "departed_at",
        "结束时间": "departed_at",
        "离开现场时间": "departed_at",
        "离场时间": "departed_at",
        "活动结束时间": "departed_at",
        "中队": "squad",
        "中队编号": "squad",
        "所属中队": "squad",
        "中队名称": "squad",
        "所属单位": "squad",
        "所属部门": "squad",
        "执法中队": "squad",
        "执法人员": "officers",
        "参与人员": "officers",
        "执法人员编号": "officers",
        "参加人员": "officers",
        "案号": "case",
        "案件编号": "case",
        "案件号": "case",
        "专项行动": "campaign",
        "专项行动名称": "campaign",
        "已取消": "cancelled",
        "是否取消": "cancelled",
    }
    cells: ClassVar = {
        "officers": many,
        "arrived_at": moment,
        "departed_at": moment,
        "cancelled": truth,
        "kind": kind_said,
    }

    def key(self, wanted: EventRow) -> str:
        return wanted.external_id or ""

    def load(self, wanted: Sequence[EventRow]) -> None:
        session = self.session
        self.squads = squads_said(session)
        numbers = {number for one in wanted for number in one.officers}
        officers = session.scalars(known_officers(self.actor).where(known(Officer, numbers)))
        self.officers = ByKey((officer.certificate_no, officer) for officer in officers)
        folded = {case_number_fold(one.case) for one in wanted if one.case}
        # Only what the importer may see: an event that names a case makes the case readable to its squad.
        self.cases = {
            case.number_folded: case
            for case in session.scalars(visible_cases(self.actor).where(Case.number_folded.in_(folded)))
        }
        named = {one.campaign for one in wanted if one.campaign}
        found = session.scalars(
            select(Campaign).where(known(Campaign, named) | Campaign.name.in_(named))
        ).all()
        self.campaigns = ByEither((row.external_id, row.name, row.id) for row in found)
        ids = [one.external_id for one in wanted if one.external_id]
        # Locked in one order, as held_event does: another import or a merge changes them before this one, or after.
        events = session.scalars(
            select(EnforcementEvent)
            .where(known(EnforcementEvent, ids))
            .order_by(EnforcementEvent.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        self.known = ByKey((event.external_id, event) for event in events)
        known_ids = [event.id for event in self.known.values()]
        changing(session, EnforcementEvent, known_ids)
        self.crews: dict[UUID, dict[UUID, str]] = {}
        for event_id, officer_id, number in session.execute(
            select(EventOfficer.event_id, EventOfficer.officer_id, Officer.certificate_no)
            .join(Officer, Officer.id == EventOfficer.officer_id)
            .where(EventOfficer.event_id.in_(known_ids))
        ):
            self.crews.setdefault(event_id, {})[officer_id] = number
        self.cancelled_by_import = self._cancelled_by_import()
        self.subjects = subjects(session)
        self.longest = policy(session, LONGEST_EVENT)
        self.created: list[UUID] = []
        self.changed: dict[UUID, list[str]] = {}
        self.fresh_crew: list[EventOfficer] = []
        self.recased: set[UUID] = set()  # cases that gained or lost an event

    def _cancelled_by_import(self) -> set[UUID]:
        """Of the known events that are cancelled those that an import cancelled: only these may one restore."""
        ids = [event.id for event in self.known.values() if event.cancelled_at is not None]
        newest = (
            select(CustodyEntry.subject_id, CustodyEntry.detail["source"].astext.label("source"))
            .ext(distinct_on(CustodyEntry.subject_id))
            .where(
                CustodyEntry.subject_kind == "event",
                CustodyEntry.subject_id.in_(ids),
                CustodyEntry.action.in_((acts.CANCEL.code, acts.RESTORE.code)),
            )
            .order_by(CustodyEntry.subject_id, CustodyEntry.id.desc())
        )
        return {event_id for event_id, source in self.session.execute(newest) if source == IMPORT}

    def apply(self, wanted: EventRow) -> tuple[Outcome, list[str]]:
        values = self._values(wanted)
        officers = dict(self._officer(number) for number in wanted.officers)
        if local(values["arrived_at"]).time() == MIDNIGHT:
            self.note = _("arrival at midnight: was the time of day left out?")
        self.note = far_ahead(values["arrived_at"]) or self.note
        event = self.known.get(wanted.external_id)
        if event is None:
            return self._create(wanted, values, officers)
        if not self.in_scope(event.squad_id):
            raise RowRefused(_("this id cannot be used"))
        return self._change(event, wanted, values, officers)

    def _create(
        self, wanted: EventRow, values: dict[str, Any], officers: dict[UUID, str]
    ) -> tuple[Outcome, list[str]]:
        self._span(values["arrived_at"], values.get("departed_at"))
        if not place_fits(values.get("latitude"), values.get("longitude")):
            raise RowRefused(PlaceUnreadable().say())
        event = EnforcementEvent(**values)
        self.session.add(event)
        self._crew(event.id, set(), set(officers))
        self._record(
            event, acts.CREATE_EVENT, title=event.title, external_id=event.external_id,
            officers=sorted(officers.values()),
        )  # fmt: skip
        if wanted.cancelled:
            set_cancelled(self.session, self.actor, event, True, "", source=IMPORT)
        self.created.append(event.id)
        self._recase(event.case_id)
        return Outcome.created, []

    def _recase(self, *cases: UUID | None) -> None:
        self.recased.update(case for case in cases if case is not None)

    def _change(
        self, event: EnforcementEvent, wanted: EventRow, values: dict[str, Any], officers: dict[UUID, str]
    ) -> tuple[Outcome, list[str]]:
        self._span(values["arrived_at"], values.get("departed_at", event.departed_at))
        if not place_fits(values.get("latitude", event.latitude), values.get("longitude", event.longitude)):
            raise RowRefused(PlaceUnreadable().say())
        values.pop("external_id", None)  # it stays as it was delivered first
        crew = self.crews.get(event.id, {})
        case_before = event.case_id
        was = {name: plain(getattr(event, name)) for name in values}
        changes = differences(event, values)
        before: dict[str, Any] = {name: was[name] for name in changes}
        after: dict[str, Any] = {name: plain(values[name]) for name in changes}
        if "officers" in wanted.model_fields_set and set(crew) != set(officers):
            self._crew(event.id, set(crew), set(officers))
            changes.append("officers")
            before["officers"], after["officers"] = sorted(crew.values()), sorted(officers.values())
        if after:
            late = past_deadline(self.session, event.id)
            self._record(event, acts.IMPORT_EVENT, before=before, after=after, **late)
        if self._turn(event, wanted.cancelled):
            changes.append("cancelled_at")
        if not changes:
            return Outcome.unchanged, []
        if {"case_id", "squad_id"} & set(changes):
            self._recase(case_before, event.case_id)
        self.changed[event.id] = changes
        return Outcome.changed, changes

    def _span(self, arrived: datetime, departed: datetime | None) -> None:
        if not span_fits(arrived, departed):
            raise RowRefused(_("the departure must not lie before the arrival"))
        if not length_fits(arrived, departed, self.longest):
            raise RowRefused(EventTooLong(hours=self.longest).say())

    def _turn(self, event: EnforcementEvent, cancelled: bool | None) -> bool:
        """Whether the event was cancelled or restored by this row. Nothing that was settled here comes back by
        itself: the report says so instead."""
        if event.merged_into is not None:
            self.note = _(
                "this event was merged into another one and stays so; the other one was not changed"
            )
            return False
        if cancelled is not None and cancelled != (event.cancelled_at is not None):
            if not cancelled and event.id not in self.cancelled_by_import:
                self.note = _("this event was cancelled here and stays so; it can be restored on its page")
                return False
            set_cancelled(self.session, self.actor, event, cancelled, "", source=IMPORT)
            return True
        if event.cancelled_at is not None and cancelled is None:
            self.note = _("this event is cancelled and stays so")
        return False

    def _record(self, event: EnforcementEvent, act: Act, **detail: Any) -> None:
        record(
            self.session, self.actor, act, "event", event.id,
            squad_id=event.squad_id, source=IMPORT, **detail,
        )  # fmt: skip

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
        changed(self.session, EnforcementEvent, self.created, NEW)
        for event_id, fields in self.changed.items():
            changed(self.session, EnforcementEvent, [event_id], fields)
        changed(self.session, Case, self.recased, {"events"})

    def _values(self, wanted: EventRow) -> dict:
        squad = squad_called(self.squads, wanted.squad, self.in_scope)
        if not wanted.title.strip():
            raise RowRefused(_("the title is missing"))
        values = wanted.model_dump(
            exclude_unset=True, exclude={"squad", "officers", "case", "campaign", "cancelled"}
        )
        values |= {"squad_id": squad.id, "arrived_at": as_utc(wanted.arrived_at)}
        if "subject" in values:
            values["subject"] = self.subjects.code_of(values["subject"])
        if "object" in values:
            values["object"] = object_said(values["object"])
        if wanted.departed_at:
            values["departed_at"] = as_utc(wanted.departed_at)
        for name, value, find in (
            ("case_id", wanted.case, lambda said: self._case(said)),
            ("campaign_id", wanted.campaign, lambda said: self._campaign(said)),
        ):
            if value:
                values[name] = find(value)
            elif name.removesuffix("_id") in wanted.model_fields_set:
                values[name] = None
        return values

    def _case(self, number: str) -> UUID:
        case = self.cases.get(case_number_fold(number))
        if case is None:
            raise RowRefused(_("case {number} is not known").format(number=number))
        return case.id

    def _campaign(self, name: str) -> UUID:
        if len(self.campaigns.meant(name)) > 1:
            raise RowRefused(
                _("{name} is the id or the name of more than one campaign: use an id that is clear").format(
                    name=name
                )
            )
        if name not in self.campaigns:
            raise RowRefused(_("campaign {name} is not known").format(name=name))
        return self.campaigns[name]

    def _officer(self, number: str) -> tuple[UUID, str]:
        officer = self.officers.get(number)
        if officer is None:
            raise RowRefused(_("officer {name} is not known").format(name=number))
        return officer.id, officer.certificate_no
