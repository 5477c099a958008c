"""Made-up contexts of the pages about the field: matters, imports, recorders."""

from datetime import date, datetime, timedelta
from typing import Any

from schemas.matters import Duty
from service.desk.imports.kinds import IMPORTS
from service.registry.events.policy import SUBJECTS
from service.registry.events.subjects import Subjects
from service.registry.importing.actions import Report, RowReport
from service.registry.importing.columns import columns
from service.registry.importing.importer import Outcome
from service.registry.matters.queries import Published
from service.registry.matters.rules import DEFAULT_EDITION, Edition, Rule, compare
from service.web.importing.pages import Page as ImportPage
from service.web.importing.pages import Told
from service.web.matters.pages import Page as MattersPage
from service.web.recorders.pages import Page as RecordersPage
from service.web.recorders.views import Recorder


def matters(now: datetime, *, compared: bool = False) -> MattersPage:
    default = DEFAULT_EDITION.rules
    first = tuple(
        Rule(**{name: getattr(rule, name) for name in rule.__dataclass_fields__} | {"version": 1})
        for rule in default[:3]
    )
    fumes = Rule(
        1, first[0].kind, "restaurant_fumes", Duty.text_suffices, upload_hours=48, from_offset_s=-120,
        steps=first[2].steps, retention_days=1095, place="餐饮单位", carrier="本地指定专用设备",
    )  # fmt: skip
    editions = [
        DEFAULT_EDITION,
        Edition(1, date(2024, 1, 1), (*first, fumes)),
        Edition(2, date(2024, 9, 1), first),
    ]
    versions = [
        Published(edition, "市局〔2024〕1号" if edition.version else "", now if edition.version else None,
                  "supervisor" if edition.version else None, until, False, edition.version == 1)
        for edition, until in zip(editions, (date(2024, 1, 1), date(2024, 9, 1), None), strict=True)
    ]  # fmt: skip
    changes = compare(editions[0].rules, editions[1].rules) if compared else []
    return MattersPage(
        versions=versions[::-1],
        shown=versions[1],
        since=versions[0] if compared else None,
        changes=changes,
        subjects=Subjects(SUBJECTS.default),
        may_publish=True,
    )


def importing(kind: str) -> ImportPage:
    chosen = IMPORTS[kind]
    return ImportPage(list(IMPORTS.values()), chosen, columns(chosen), date(2024, 6, 3))


def told(kind: str, *, applied: bool = False) -> Told:
    rows = [
        RowReport(3, Outcome.refused, "A-3", "没有记录仪 R-99，请先导入这台记录仪再导入它的领用记录"),
        RowReport(2, Outcome.changed, "A-2", changes=["held_to"]),
        RowReport(1, Outcome.created, "DSJ-2001/012/2024-06-03 08:10:00", note="同一时段 013 也持有"),
    ]
    counts = {"created": 1, "changed": 1, "unchanged": 1240, "refused": 0 if kind == "matters" else 1}
    report = Report(not applied, applied, counts, ["籍贯"], ["说明"], rows[1:] if kind == "matters" else rows)
    more: dict[str, Any] = (
        {"removed": ["行政强制"], "events": 1204, "in_force_from": date(2024, 6, 3)}
        if kind == "matters"
        else {}
    )
    if applied and kind == "matters":
        more["version"] = 3
    return Told(IMPORTS[kind], report, "领用记录 2024-06.xlsx", "0" * 64, report.rows, 0, **more)


def recorders(now: datetime) -> RecordersPage:
    counts = {"not_docked": 1, "low_battery": 1, "unassigned": 1, "held_by_leavers": 1}
    first = Recorder(
        "DSJ-2001", "DSJ-V9", "一中队", ["队员 001", "队员 002"], now - timedelta(hours=5), 2,
        battery_percent=80, last_dock=now, left_holders=["队员 002"],
    )  # fmt: skip
    second = Recorder(
        "DSJ-2002", "H8", "二中队", [], None, -95, False, "repair", 12, True, now - timedelta(days=9), True
    )
    return RecordersPage("", counts, 3, [first, second])
