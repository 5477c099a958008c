"""Recorders and assignments from a table."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import or_, select, tuple_

from schemas.people import Officer
from schemas.recorders import (
    Assignment,
    AssignmentCreate,
    Recorder,
    RecorderCreate,
    RecorderModel,
    RecorderState,
)
from service.kernel import keys
from service.kernel.changes import NEW, changed, changing
from service.kernel.clock import as_utc, local, now
from service.kernel.custody import record
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.i18n import moment as shown
from service.kernel.i18n import noop as _n
from service.kernel.keys import ByKey
from service.kernel.words import Word
from service.registry.clocks.correcting import weigh_recorders
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome, differences
from service.registry.importing.rules import moment, truth
from service.registry.importing.words import EXTERNAL_ID, OFFICER, RECORDER, SQUAD
from service.registry.people.queries import known_officers, squad_called, squads_said
from service.registry.people.rules import left_by
from service.registry.recorders import acts
from service.registry.recorders.words import RECORDER_STATES

NEAREST = 20  # holdings of one recorder before and after, that are looked at for a note


class RecorderImporter(Importer):
    name = "recorders"
    known_by = "serial"
    word = Word(
        lazy("Recorders"),
        icon="camera",
        meaning=lazy("Known by the serial number: state, last dock, charge."),
    )
    meanings: ClassVar = {
        "squad": SQUAD,
        "model": _n("code of a recorder model"),
        "battery_percent": _n("0 to 100, when it last sat in its dock"),
    }
    words: ClassVar = {RecorderState: RECORDER_STATES}
    model = RecorderCreate
    headers: ClassVar = {
        "序列号": "serial",
        "设备编号": "serial",
        "记录仪": "serial",
        "编号": "serial",
        "记录仪编号": "serial",
        "执法仪编号": "serial",
        "产品序号": "serial",
        "设备序列号": "serial",
        "中队": "squad",
        "中队编号": "squad",
        "所属中队": "squad",
        "中队名称": "squad",
        "所属单位": "squad",
        "所属部门": "squad",
        "型号": "model",
        "设备型号": "model",
        "状态": "state",
        "最近入站时间": "last_dock_at",
        "最后采集时间": "last_dock_at",
        "最近采集时间": "last_dock_at",
        "电量": "battery_percent",
        "电量（%）": "battery_percent",
        "剩余电量": "battery_percent",
    }
    STATES: ClassVar = {
        "在用": "in_use",
        "备用": "spare",
        "维修": "repair",
        "报废": "retired",
        "停用": "retired",
    }
    cells: ClassVar = {
        "state": lambda value: RecorderImporter.STATES.get(value, value) if isinstance(value, str) else value,
        "last_dock_at": moment,
        "battery_percent": lambda value: value.rstrip("%％ ") if isinstance(value, str) else value,
    }

    def key(self, wanted: RecorderCreate) -> str:
        return wanted.serial

    def load(self, wanted: Sequence[RecorderCreate]) -> None:
        serials = [one.serial for one in wanted]
        self.squads = squads_said(self.session)
        models = self.session.scalars(select(RecorderModel).where(RecorderModel.double_of.is_(None)))
        self.models = ByKey((model.code, model) for model in models)
        found = self.session.scalars(select(Recorder).where(keys.known(Recorder, serials)))
        self.known = ByKey((recorder.serial, recorder) for recorder in found)
        self.fresh: list[UUID] = []
        self.changed: dict[UUID, list[str]] = {}
        self.of_another_model: list[UUID] = []

    def apply(self, wanted: RecorderCreate) -> tuple[Outcome, list[str]]:
        squad = squad_called(self.squads, wanted.squad, self.in_scope)
        values = wanted.model_dump(exclude_unset=True, exclude={"squad", "model"}) | {"squad_id": squad.id}
        if wanted.last_dock_at:
            values["last_dock_at"] = as_utc(wanted.last_dock_at)
        if wanted.model:
            if wanted.model not in self.models:
                raise RowRefused(_("recorder model {name} is not known").format(name=wanted.model))
            values["model_id"] = self.models[wanted.model].id
        recorder = self.known.get(wanted.serial)
        if recorder is not None:
            values.pop("serial")  # it stays as it was delivered first
        if recorder is None:
            recorder = Recorder(**values)
            self.session.add(recorder)
            self.fresh.append(recorder.id)
            return Outcome.created, []
        if not self.in_scope(recorder.squad_id):
            raise RowRefused(_("this id cannot be used"))
        changes = differences(recorder, values)
        if changes:
            self.changed[recorder.id] = changes
        if "model_id" in changes:
            self.of_another_model.append(recorder.id)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        changed(self.session, Recorder, self.fresh, NEW)
        for recorder_id, fields in self.changed.items():
            changed(self.session, Recorder, [recorder_id], fields)
        if self.of_another_model:
            weigh_recorders(self.session, self.of_another_model)


class AssignmentImporter(Importer):
    """Known by the external id; without one by recorder, officer and start.

    Holdings of several officers may overlap: one recorder serves two officers. Such a row is taken, and says so in
    its note. Only a row that says 交接 (hand-over) ends what others hold open; in whatever order the rows stand.
    """

    name = "assignments"
    known_by = "external_id"
    word = Word(
        lazy("Assignments"),
        icon="user-check",
        meaning=lazy(
            "Who held which recorder from when to when. Several may hold one at a time; a row that says"
            " “hand-over” ends what the others hold."
        ),
    )
    meanings: ClassVar = {
        "external_id": EXTERNAL_ID,
        "recorder": RECORDER,
        "officer": OFFICER,
        "held_to": _n("time; empty while it is still held"),
        "hand_over": _n("yes: from then on nobody else holds this recorder"),
    }
    model = AssignmentCreate
    headers: ClassVar = {
        "外部编号": "external_id",
        "记录编号": "external_id",
        "记录仪": "recorder",
        "设备编号": "recorder",
        "序列号": "recorder",
        "记录仪编号": "recorder",
        "执法仪编号": "recorder",
        "执法人员": "officer",
        "持有人": "officer",
        "领用人": "officer",
        "执法证号": "officer",
        "证件号": "officer",
        "证号": "officer",
        "领用时间": "held_from",
        "开始时间": "held_from",
        "归还时间": "held_to",
        "结束时间": "held_to",
        "交接": "hand_over",
        "是否交接": "hand_over",
    }
    cells: ClassVar = {"held_from": moment, "held_to": moment, "hand_over": truth}

    def key(self, wanted: AssignmentCreate) -> str:
        return (
            wanted.external_id
            or f"{wanted.recorder}/{wanted.officer}/{shown(as_utc(wanted.held_from), 'second')}"
        )

    def load(self, wanted: Sequence[AssignmentCreate]) -> None:
        session = self.session
        serials, numbers = {one.recorder for one in wanted}, {one.officer for one in wanted}
        recorders = session.scalars(select(Recorder).where(keys.known(Recorder, serials)))
        self.recorders = ByKey((recorder.serial, recorder) for recorder in recorders)
        officers = session.scalars(known_officers(self.actor).where(keys.known(Officer, numbers)))
        self.officers = ByKey((officer.certificate_no, officer) for officer in officers)
        names = [one.external_id for one in wanted if one.external_id]
        found = session.scalars(select(Assignment).where(keys.known(Assignment, names)))
        self.named = ByKey((held.external_id, held) for held in found)
        natural = [
            (self.recorders[one.recorder].id, self.officers[one.officer].id, as_utc(one.held_from))
            for one in wanted
            if not one.external_id and one.recorder in self.recorders and one.officer in self.officers
        ]
        columns = (Assignment.recorder_id, Assignment.officer_id, Assignment.held_from)
        self.natural: dict[tuple[UUID, UUID, datetime], Assignment] = {}
        for start in range(0, len(natural), 5000):
            batch = session.scalars(
                select(Assignment).where(tuple_(*columns).in_(natural[start : start + 5000]))
            )
            self.natural |= {(a.recorder_id, a.officer_id, a.held_from): a for a in batch}
        self.fresh: list[UUID] = []
        self.changed: list[UUID] = []
        self._look_around(wanted)

    def _look_around(self, wanted: Sequence[AssignmentCreate]) -> None:
        """Who else holds these recorders, and the hand-overs that this table tells of."""
        spans = [as_utc(one.held_from) for one in wanted]
        self.handovers: dict[UUID, list[tuple[datetime, str]]] = {}
        for one in wanted:
            if one.hand_over and one.recorder in self.recorders:
                taker = self.officers.get(one.officer)
                number = taker.certificate_no if taker else one.officer
                self._take_over(self.recorders[one.recorder].id, as_utc(one.held_from), number)
        self.others: dict[UUID, list[tuple[datetime, datetime | None, str]]] = {}
        self.open: dict[UUID, list[tuple[Assignment, str]]] = {}
        if not spans:
            return
        ids = [recorder.id for recorder in self.recorders.values()]
        for recorder_id, since, number in self.session.execute(
            select(Assignment.recorder_id, Assignment.held_from, Officer.certificate_no)
            .join(Officer, Officer.id == Assignment.officer_id)
            .where(Assignment.recorder_id.in_(ids), Assignment.hand_over, Assignment.held_from > min(spans))
        ):
            self._take_over(recorder_id, since, number)
        for held, number in self.session.execute(
            select(Assignment, Officer.certificate_no)
            .join(Officer, Officer.id == Assignment.officer_id)
            .where(
                Assignment.recorder_id.in_(ids),
                or_(Assignment.held_to.is_(None), Assignment.held_to > min(spans)),
            )
            .order_by(Assignment.held_from)
        ):
            self.others.setdefault(held.recorder_id, []).append((held.held_from, held.held_to, number))
            if held.held_to is None:
                self.open.setdefault(held.recorder_id, []).append((held, number))

    def _take_over(self, recorder_id: UUID, since: datetime, number: str) -> None:
        moments = self.handovers.setdefault(recorder_id, [])
        if (since, number) not in moments:
            insort(moments, (since, number))

    def apply(self, wanted: AssignmentCreate) -> tuple[Outcome, list[str]]:
        recorder = self.recorders.get(wanted.recorder)
        if recorder is None or not self.in_scope(recorder.squad_id):
            raise RowRefused(_("recorder {name} is not known").format(name=wanted.recorder))
        officer = self.officers.get(wanted.officer)
        if officer is None:
            raise RowRefused(_("officer {name} is not known").format(name=wanted.officer))
        known = (
            self.named.get(wanted.external_id)
            if wanted.external_id
            else self.natural.get((recorder.id, officer.id, as_utc(wanted.held_from)))
        )
        if known is not None and known.recorder_id != recorder.id and not self._ours(known):
            raise RowRefused(_("this id cannot be used"))
        values = self._values(wanted, recorder, officer, known)
        self._possible(officer, values["held_from"], values.get("held_to", known.held_to if known else None))
        if known is None:
            known = Assignment(external_id=wanted.external_id, **values)
            self.session.add(known)
            self.fresh.append(known.id)
            outcome, changes = Outcome.created, []
        else:
            changing(self.session, Assignment, [known.id])
            changes = differences(known, values)
            if changes:
                self.changed.append(known.id)
            outcome = Outcome.changed if changes else Outcome.unchanged
        notes = []
        if outcome is not Outcome.unchanged:
            notes += self._hand_over(wanted, recorder, officer) if wanted.hand_over else []
            notes += self._shared(known, officer)
        if left_by(officer.left_on, local(known.held_to or now()).date()):
            notes.append(_("the officer left on {day}").format(day=officer.left_on))
        self.note = _("; ").join(notes) or None
        return outcome, changes

    def _values(
        self, wanted: AssignmentCreate, recorder: Recorder, officer: Officer, known: Assignment | None
    ) -> dict[str, Any]:
        start = as_utc(wanted.held_from)
        values: dict[str, Any] = {"recorder_id": recorder.id, "officer_id": officer.id, "held_from": start}
        if "hand_over" in wanted.model_fields_set:
            values["hand_over"] = wanted.hand_over
        if "held_to" in wanted.model_fields_set:
            values["held_to"] = as_utc(wanted.held_to) if wanted.held_to else None
        if values.get("held_to", known.held_to if known else None) is None:
            later = (
                moment
                for moment, number in self.handovers.get(recorder.id, [])
                if moment > start and number != officer.certificate_no
            )
            if (ended := next(later, None)) is not None:
                values["held_to"] = ended
        return values

    def _possible(self, officer: Officer, start: datetime, end: datetime | None) -> None:
        if end is not None and end <= start:
            raise RowRefused(_("the end must lie after the start"))
        if left_by(officer.left_on, local(start).date()):
            raise RowRefused(
                _("officer {name} left on {day}").format(name=officer.certificate_no, day=officer.left_on)
            )

    def _hand_over(self, wanted: AssignmentCreate, recorder: Recorder, officer: Officer) -> list[str]:
        """Ends what others hold open in the database; rows of this table end by themselves (`_values`). A row that
        was known ended it then: what a person opened since stays so."""
        start, ended = as_utc(wanted.held_from), []
        for held, number in self.open.get(recorder.id, []):
            if held.held_to is None and held.held_from < start and number != officer.certificate_no:
                changing(self.session, Assignment, [held.id])
                held.held_to = start
                self.changed.append(held.id)
                ended.append(number)
                record(
                    self.session, self.actor, acts.EDIT, "assignment", held.id, squad_id=recorder.squad_id,
                    source="import", before={"held_to": "None"}, after={"held_to": str(start)},
                )  # fmt: skip
        if not ended:
            return []
        return [_("ends the holding of {officers}").format(officers="、".join(sorted(set(ended))))]

    def _shared(self, held: Assignment, officer: Officer) -> list[str]:
        """Looks at the nearest few: more than that never hold one recorder at a time."""
        others = self.others.setdefault(held.recorder_id, [])
        place = bisect_right(others, held.held_from, key=lambda other: other[0])
        near = others[max(0, place - NEAREST) : place + NEAREST]
        also = sorted(
            {
                number
                for start, end, number in near
                if number != officer.certificate_no
                and (held.held_to is None or start < held.held_to)
                and (end is None or end > held.held_from)
                and not any(start < moment <= held.held_from for moment, _n in self._ends(held, number))
            }
        )
        others.insert(place, (held.held_from, held.held_to, officer.certificate_no))
        if not also:
            return []
        return [_("held by {officers} at that time as well").format(officers="、".join(also))]

    def _ends(self, held: Assignment, number: str) -> list[tuple[datetime, str]]:
        """Hand-overs of this table that take the recorder from that officer."""
        return [one for one in self.handovers.get(held.recorder_id, []) if one[1] != number]

    def _ours(self, assignment: Assignment) -> bool:
        held = self.session.get(Recorder, assignment.recorder_id)
        return held is not None and self.in_scope(held.squad_id)

    def finish(self) -> None:
        changed(self.session, Assignment, self.fresh, NEW)
        changed(self.session, Assignment, self.changed)
