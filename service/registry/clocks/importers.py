"""Measurements of clocks from a table, known by their external id."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import select

from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from schemas.recorders import Recorder
from service.access.queries import visible_recorders
from service.kernel.errors import ServiceError
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.i18n import noop as _n
from service.kernel.keys import ByKey, known
from service.kernel.policy import policy
from service.kernel.words import Word
from service.registry.clocks import acts
from service.registry.clocks.actions import checked, note_measurement
from service.registry.clocks.correcting import change_clock, correct_recordings, measurements_of
from service.registry.clocks.policy import DRIFT_PER_DAY
from service.registry.clocks.queries import unused
from service.registry.clocks.rules import Timeline
from service.registry.clocks.words import UNUSED
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome, differences
from service.registry.importing.rules import whole_moment
from service.registry.importing.words import EXTERNAL_ID, RECORDER


class ClockOffsetImporter(Importer):
    name = "clocks"
    known_by = "external_id"
    word = Word(
        lazy("Clock measurements"),
        icon="clock",
        meaning=lazy("How far a recorder's clock was off, and when."),
    )
    meanings: ClassVar = {
        "recorder": RECORDER,
        "external_id": EXTERNAL_ID,
        "offset_s": _n("seconds that the clock was fast; slow with a minus"),
        "device_time": _n("in place of the seconds: what the recorder showed at that time"),
        "doubt_s": _n("right within ± so many seconds"),
    }
    model = ClockOffsetCreate
    headers: ClassVar = {
        "外部编号": "external_id",
        "记录编号": "external_id",
        "记录仪": "recorder",
        "设备编号": "recorder",
        "序列号": "recorder",
        "记录仪编号": "recorder",
        "执法仪编号": "recorder",
        "校时时间": "measured_at",
        "测量时间": "measured_at",
        "标准时间": "measured_at",
        "设备时间": "device_time",
        "偏差秒": "offset_s",
        "时钟偏差": "offset_s",
        "误差秒": "doubt_s",
        "备注": "note",
    }
    cells: ClassVar = {"measured_at": whole_moment, "device_time": whole_moment}

    def key(self, wanted: ClockOffsetCreate) -> str:
        return wanted.external_id or ""

    def load(self, wanted: Sequence[ClockOffsetCreate]) -> None:
        found = self.session.scalars(
            select(Recorder).where(known(Recorder, (one.recorder for one in wanted)))
        )
        self.recorders = ByKey((one.serial, one) for one in found if self.in_scope(one.squad_id))
        # in one order, before any row's lock
        for recorder in sorted(self.recorders.values(), key=lambda one: str(one.id)):
            change_clock(self.session, recorder.id)
        names = [one.external_id for one in wanted if one.external_id]
        offsets = self.session.scalars(select(ClockOffset).where(known(ClockOffset, names)))
        self.known = ByKey((one.external_id, one) for one in offsets)
        measured = [one.recorder_id for one in self.known.values()]
        self.ours = set(
            self.session.scalars(
                visible_recorders(self.actor).with_only_columns(Recorder.id).where(Recorder.id.in_(measured))
            )
        )
        self.rows: dict[str, ClockOffset] = {}  # as said in this table
        self.changed: set = set()

    def apply(self, wanted: ClockOffsetCreate) -> tuple[Outcome, list[str]]:
        recorder = self.recorders.get(wanted.recorder)
        if recorder is None:
            raise RowRefused(_("recorder {name} is not known").format(name=wanted.recorder))
        try:
            read = checked(wanted)
        except ServiceError as error:
            raise RowRefused(error.say()) from error
        values: dict[str, Any] = {
            "recorder_id": recorder.id,
            "measured_at": read.measured_at,
            "offset_s": read.offset_s,
            "doubt_s": read.doubt_s,
            "note": wanted.note.strip()[:500],
        }
        row = self.known.get(wanted.external_id)
        if row is None:
            row = ClockOffset(
                external_id=wanted.external_id,
                source=OffsetSource.hand,
                created_by=self.actor.account_id,
                **values,
            )
            self.session.add(row)
            self.rows[self.key(wanted)] = row
            note_measurement(self.session, self.actor, recorder, acts.MEASURE_CLOCK, row)
            self.changed.add(recorder.id)
            return Outcome.created, []
        if row.recorder_id not in self.ours and row.recorder_id != recorder.id:
            raise RowRefused(_("this id cannot be used"))
        if row.recorder_id != recorder.id:
            raise RowRefused(_("this external id belongs to another recorder's measurement"))
        if row.withdrawn_at is not None:
            raise RowRefused(_("this measurement was withdrawn"))
        self.rows[self.key(wanted)] = row
        was = {name: str(getattr(row, name)) for name in values}
        changes = differences(row, values)
        if changes:
            self.changed.add(recorder.id)
            before = {name: was[name] for name in changes}
            note_measurement(self.session, self.actor, recorder, acts.CHANGE_CLOCK, row, before=before)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def notes(self) -> dict[str, str]:
        """Which of them correct recordings, and why the others do not, now that all are known."""
        ids = [one.recorder_id for one in self.rows.values()]
        drift, lines = policy(self.session, DRIFT_PER_DAY), {}
        for recorder_id, measured in measurements_of(self.session, ids).items():
            lines[recorder_id] = Timeline.of(measured, drift)
        found = {}
        for name, row in self.rows.items():
            why = unused(row, lines[row.recorder_id])
            found[name] = _("used") if why is None else _("kept, but not used: {why}").format(why=UNUSED[why])
        return found

    def finish(self) -> None:
        self.session.flush()
        for recorder_id in sorted(self.changed, key=str):
            correct_recordings(self.session, recorder_id, self.actor)
