"""The recording matters lists that the sample bureau published: a first one, and a stricter one half a year later."""

from datetime import date

from schemas.events import EventKind
from schemas.matters import Duty, MatterBase, Step
from service.registry.matters.defaults import DEFAULT_LINES

FIRST, SECOND = date(2024, 1, 1), date(2024, 7, 1)


def _line(line: MatterBase, **changes: object) -> MatterBase:
    return MatterBase(**{name: getattr(line, name) for name in MatterBase.model_fields} | changes)


def _first() -> list[MatterBase]:
    """Two days for the upload, two minutes forgiven, and hazards need no more than a written record."""
    lenient = {"late_start_s": 120, "early_stop_s": 120, "gap_s": 60, "upload_hours": 48}
    inspection = next(line for line in DEFAULT_LINES if line.kind == EventKind.inspection)
    hazard = _line(inspection, subject="hazard", duty=Duty.text_suffices, steps=[Step.scene], **lenient)
    return [*(_line(line, **lenient) for line in DEFAULT_LINES), hazard]


def _second() -> list[MatterBase]:
    """A day for the upload, three for documents delivered far away; hazards are filmed like any inspection."""
    longer = {EventKind.document_delivery: 72}
    return [_line(line, upload_hours=longer.get(EventKind(line.kind), 24)) for line in DEFAULT_LINES]


LISTS: tuple[tuple[date, str, list[MatterBase]], ...] = (
    (FIRST, "首次公布", _first()),
    (SECOND, "修订：隐患上报须录像，上传时限缩短为 24 小时", _second()),
)
