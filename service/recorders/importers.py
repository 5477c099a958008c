"""Recorders and assignments from a table."""

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select, tuple_

from schemas.people import Officer, Squad
from schemas.recorders import Assignment, AssignmentCreate, Recorder, RecorderCreate, RecorderModel
from service.clock import as_utc
from service.i18n import gettext as _
from service.importing.actions import Importer, Outcome, differences
from service.importing.errors import RowRefused
from service.importing.rules import moment
from service.linking.relink import Touched, relink, relink_claims
from service.recorders.actions import touched_by


class RecorderImporter(Importer):
    kind = "recorders"
    model = RecorderCreate
    headers: ClassVar = {
        "序列号": "serial",
        "设备编号": "serial",
        "记录仪": "serial",
        "编号": "serial",
        "中队": "squad",
        "中队编号": "squad",
        "型号": "model",
        "状态": "state",
    }
    STATES: ClassVar = {
        "在用": "in_use",
        "备用": "spare",
        "维修": "repair",
        "报废": "retired",
        "停用": "retired",
    }
    cells: ClassVar = {"state": lambda value: RecorderImporter.STATES.get(value, value)}

    def key(self, wanted: RecorderCreate) -> str:
        return wanted.serial

    def load(self, wanted: Sequence[RecorderCreate]) -> None:
        serials = [one.serial for one in wanted]
        self.squads = {squad.code: squad for squad in self.session.scalars(select(Squad))}
        self.models = {model.code: model for model in self.session.scalars(select(RecorderModel))}
        self.known = {
            recorder.serial: recorder
            for recorder in self.session.scalars(select(Recorder).where(Recorder.serial.in_(serials)))
        }
        self.fresh: list[str] = []

    def apply(self, wanted: RecorderCreate) -> tuple[Outcome, list[str]]:
        squad = self.squads.get(wanted.squad)
        if squad is None or not self.in_scope(squad.id):
            raise RowRefused(_("squad {name} is not known").format(name=wanted.squad))
        values = wanted.model_dump(exclude_unset=True, exclude={"squad", "model"}) | {"squad_id": squad.id}
        if wanted.model:
            if wanted.model not in self.models:
                raise RowRefused(_("recorder model {name} is not known").format(name=wanted.model))
            values["model_id"] = self.models[wanted.model].id
        recorder = self.known.get(wanted.serial)
        if recorder is None:
            self.session.add(Recorder(**values))
            self.fresh.append(wanted.serial)
            return Outcome.created, []
        if not self.in_scope(recorder.squad_id):
            raise RowRefused(_("this belongs to another squad"))
        changes = differences(recorder, values)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        relink_claims(self.session, "recorder", self.fresh)


class AssignmentImporter(Importer):
    """Known by the external id; without one by recorder, officer and start."""

    kind = "assignments"
    model = AssignmentCreate
    headers: ClassVar = {
        "外部编号": "external_id",
        "记录编号": "external_id",
        "记录仪": "recorder",
        "设备编号": "recorder",
        "序列号": "recorder",
        "执法人员": "officer",
        "持有人": "officer",
        "证号": "officer",
        "领用时间": "held_from",
        "开始时间": "held_from",
        "归还时间": "held_to",
        "结束时间": "held_to",
    }
    cells: ClassVar = {"held_from": moment, "held_to": moment}

    def key(self, wanted: AssignmentCreate) -> str:
        return (
            wanted.external_id or f"{wanted.recorder}/{wanted.officer}/{as_utc(wanted.held_from).isoformat()}"
        )

    def load(self, wanted: Sequence[AssignmentCreate]) -> None:
        session = self.session
        serials, numbers = {one.recorder for one in wanted}, {one.officer for one in wanted}
        self.recorders = {
            r.serial: r for r in session.scalars(select(Recorder).where(Recorder.serial.in_(serials)))
        }
        self.officers = {
            o.certificate_no: o
            for o in session.scalars(select(Officer).where(Officer.certificate_no.in_(numbers)))
        }
        names = [one.external_id for one in wanted if one.external_id]
        self.named = {
            a.external_id: a
            for a in session.scalars(select(Assignment).where(Assignment.external_id.in_(names)))
        }
        natural = [
            (self.recorders[one.recorder].id, self.officers[one.officer].id, as_utc(one.held_from))
            for one in wanted
            if not one.external_id and one.recorder in self.recorders and one.officer in self.officers
        ]
        columns = (Assignment.recorder_id, Assignment.officer_id, Assignment.held_from)
        self.natural = {}
        for start in range(0, len(natural), 5000):
            batch = session.scalars(
                select(Assignment).where(tuple_(*columns).in_(natural[start : start + 5000]))
            )
            self.natural |= {(a.recorder_id, a.officer_id, a.held_from): a for a in batch}
        self.touched: list[Touched] = []

    def apply(self, wanted: AssignmentCreate) -> tuple[Outcome, list[str]]:
        recorder = self.recorders.get(wanted.recorder)
        if recorder is None or not self.in_scope(recorder.squad_id):
            raise RowRefused(_("recorder {name} is not known").format(name=wanted.recorder))
        officer = self.officers.get(wanted.officer)
        if officer is None:
            raise RowRefused(_("officer {name} is not known").format(name=wanted.officer))
        start = as_utc(wanted.held_from)
        end = as_utc(wanted.held_to) if wanted.held_to else None
        if end is not None and end <= start:
            raise RowRefused(_("the end must lie after the start"))
        values = {"recorder_id": recorder.id, "officer_id": officer.id, "held_from": start}
        if "held_to" in wanted.model_fields_set:
            values["held_to"] = end
        known = (
            self.named.get(wanted.external_id)
            if wanted.external_id
            else self.natural.get((recorder.id, officer.id, start))
        )
        if known is None:
            known = Assignment(external_id=wanted.external_id, **values)
            self.session.add(known)
            self.touched.append(touched_by(known))
            return Outcome.created, []
        if known.recorder_id != recorder.id and not self._ours(known):
            raise RowRefused(_("this belongs to another squad"))
        until = values.get("held_to", known.held_to)
        if until is not None and until <= start:
            raise RowRefused(_("the end must lie after the start"))
        before = touched_by(known)
        changes = differences(known, values)
        if changes:
            self.touched += [before, touched_by(known)]
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def _ours(self, assignment: Assignment) -> bool:
        held = self.session.get(Recorder, assignment.recorder_id)
        return held is not None and self.in_scope(held.squad_id)

    def finish(self) -> None:
        relink(self.session, self.touched)
