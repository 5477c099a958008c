"""A station's list as a table: our own column names, Chinese ones, and whatever the conventions of the known makes of
station call them (such as Dahua's file record)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Session, SQLModel
from sqlmodel.main import SQLModelConfig

from service.footage.announcements.actions import require_may_announce
from service.footage.announcements.lists import Listed, StationList
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.settings import get_settings
from service.registry.conventions.queries import known_conventions
from service.registry.conventions.rules import Conventions, read_record_by_any
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import LONGEST_KEY, Importer, Outcome
from service.registry.importing.report import Report

OWN = Conventions.of(
    {
        "sidecar": {
            "file_name": ["file_name", "文件名", "文件名称"],
            "file_id": ["file_id", "文件编号", "唯一编号", "文件标识"],
            "recorder": ["recorder", "设备编号", "执法仪编号", "记录仪编号", "产品序号"],
            "officer": ["officer", "执法证号", "证件号", "人员编号", "警号"],
            "officer_name": ["officer_name", "姓名", "使用人"],
            "card": ["card", "卡号"],
            "event": ["event", "活动编号", "任务编号"],
            "case": ["case", "案件编号", "案号"],
            "note": ["note", "备注"],
            "start": ["start", "recorded_from", "开始时间", "拍摄时间", "录制开始时间"],
            "end": ["end", "recorded_to", "结束时间", "录制结束时间"],
            "collected": ["collected_at", "collected", "采集时间"],
            "utc_offset": ["utc_offset", "时区偏移"],
            "size": ["size", "文件大小", "大小"],
            "md5": ["md5", "MD5值", "校验值"],
            "flags": ["flags", "标志", "标记"],
        }
    }
)


class AnnouncedRow(SQLModel):
    """Whatever the station wrote, under its own names; the conventions make sense of it."""

    model_config = SQLModelConfig(extra="allow")


@dataclass(frozen=True)
class AnnouncementsReport(Report):
    """`gone_from_device`: how many earlier ones a complete list no longer names."""

    gone_from_device: int


class AnnouncementImporter(Importer):
    name = "announcements"
    model = AnnouncedRow
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        session: Session,
        actor: Actor,
        *,
        squad_id: UUID,
        listed_at: datetime,
        complete: bool = True,
        recorder: str = "",
    ) -> None:
        super().__init__(session, actor)
        self.known = [OWN, *known_conventions(session)]
        self.headers = {  # type: ignore[misc]  # each name for itself: which one counts is the convention's to say
            key: key for known in self.known for keys in known.sidecar.values() for key in keys
        }
        self.station = StationList(session, actor, squad_id, listed_at, complete, recorder)
        self.files: dict[int, Listed | RowRefused] = {}
        self.named: dict[int, str] = {}  # of the refused ones

    @classmethod
    def opened(cls, session: Session, actor: Actor, options: Mapping[str, Any]) -> "AnnouncementImporter":
        """As its constructor, with the id and the time as text."""
        return cls(
            session,
            actor,
            squad_id=UUID(options["squad_id"]),
            listed_at=datetime.fromisoformat(options["listed_at"]),
            complete=options["complete"],
            recorder=options["recorder"],
        )

    def told(self, report: Report) -> "AnnouncementsReport":
        return AnnouncementsReport(**vars(report), gone_from_device=self.station.gone)

    def require_may(self) -> None:
        require_may_announce(self.actor)

    def load(self, wanted: Sequence[AnnouncedRow]) -> None:
        for place, row in enumerate(wanted, 1):
            try:
                self.files[id(row)] = self._listed(row)
            except RowRefused as refused:
                self.files[id(row)] = refused
                name = self.key_said(row.model_extra or {})
                # each has a key of its own, or the second would be refused for the first one's name
                taken = not name or name in self.named.values()
                self.named[id(row)] = f"{name}#{place}" if taken else name
        self.station.load([one for one in self.files.values() if isinstance(one, Listed)])

    def key(self, wanted: AnnouncedRow) -> str:
        one = self.files[id(wanted)]
        return one.key if isinstance(one, Listed) else self.named[id(wanted)]

    def key_said(self, values: Mapping[str, Any]) -> str:
        read = read_record_by_any(values, self.known, get_settings().zone)
        return (read.file_name or read.facts.file_id)[:LONGEST_KEY]

    def apply(self, wanted: AnnouncedRow) -> tuple[Outcome, list[str]]:
        one = self.files[id(wanted)]
        if isinstance(one, RowRefused):
            raise one
        outcome, changes, remark = self.station.take(one)
        if remark == "received":
            self.note = _("its bytes have been received already")
        if remark == "withdrawn":
            self.note = _("its announcement was withdrawn and stays so; it can be restored on its page")
        return outcome, changes

    def changes_anything(self, counts: Mapping[str, int]) -> bool:
        return True  # what a list no longer names changes, too

    def finish(self) -> None:
        self.station.finish()

    def _listed(self, row: AnnouncedRow) -> Listed:
        read = read_record_by_any(row.model_extra or {}, self.known, get_settings().zone)
        facts = read.facts
        if not facts.recorder and self.station.recorder:
            facts = replace(facts, recorder=self.station.recorder)
        if not facts.recorder:
            raise RowRefused(_("the recorder is missing"))
        if not (read.file_name or facts.file_id):
            raise RowRefused(_("the file's name is missing"))
        for name in ("start", "end"):
            said = read.said.get(f"{name}_utc") or read.said.get(name)
            if said and getattr(facts, name) is None:
                raise RowRefused(_("this time cannot be read: {time}").format(time=said))
        if facts.start and facts.end and facts.end < facts.start:
            raise RowRefused(_("the end lies before the start"))
        return Listed(read.file_name or facts.file_id, facts)
