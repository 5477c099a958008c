"""What the bureau did in the year, in the counts of its report, and when such work is done. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from schemas.events import EventKind

YEAR = 2024
DAYS = tuple(
    date(YEAR, 1, 1) + timedelta(days=n) for n in range((date(YEAR + 1, 1, 1) - date(YEAR, 1, 1)).days)
)
HOLIDAYS = (
    (date(YEAR, 1, 1), date(YEAR, 1, 1)),
    (date(YEAR, 2, 10), date(YEAR, 2, 17)),  # Spring Festival
    (date(YEAR, 5, 1), date(YEAR, 5, 5)),
    (date(YEAR, 10, 1), date(YEAR, 10, 7)),
)

EVEN = (1.0,) * 12
SUMMER = (0.7, 0.5, 0.9, 1.0, 1.2, 1.4, 1.5, 1.4, 1.2, 1.0, 0.8, 0.7)  # vendors stand where it is warm
DRY = (1.1, 0.6, 1.2, 1.1, 0.9, 0.7, 0.7, 0.8, 1.1, 1.5, 1.4, 1.2)  # dust
EXAMS = (0.6, 0.5, 0.8, 0.9, 1.2, 2.2, 1.5, 1.2, 1.0, 0.9, 0.7, 0.6)  # noise complaints


@dataclass(frozen=True)
class Work:
    """One line of the report: how many acts of one kind. `minutes`: how long one takes. `months`: when."""

    count: int
    kind: EventKind
    subject: str
    act: str
    party: str
    minutes: tuple[int, int]
    months: tuple[float, ...] = EVEN
    campaigns: int = 0


REPORT = (
    Work(704, EventKind.inspection, "restaurant_fumes", "餐饮油烟检查", "餐饮店", (10, 30), campaigns=77),
    Work(962, EventKind.inspection, "site", "工地巡查", "工地", (15, 40)),
    Work(492, EventKind.evidence_collection, "dust", "扬尘整改取证", "工地", (15, 45), DRY),
    Work(223, EventKind.evidence_collection, "noise", "噪声投诉处置", "工地", (15, 40), EXAMS),
    Work(12, EventKind.document_delivery, "air_pollution", "大气污染整改通知送达", "企业", (8, 20)),
    Work(4210, EventKind.inspection, "vendor", "流动摊贩劝离", "流动摊贩", (5, 16), SUMMER),
    Work(1604, EventKind.inspection, "outdoor_sign", "户外招牌检查", "商户", (6, 20)),
    Work(602, EventKind.inspection, "hazard", "隐患上报", "路段", (4, 12)),
    Work(188, EventKind.coercion, "outdoor_sign", "违规招牌拆除", "商户", (30, 80)),
    Work(164, EventKind.document_delivery, "penalty", "行政处罚决定书送达", "当事人", (6, 16)),
)
CANCELLED, MERGED = 0.015, 0.007  # beside the counts: written down and cancelled; written down twice


def on_holiday(day: date) -> bool:
    return any(first <= day <= last for first, last in HOLIDAYS)


def busy(day: date) -> float:
    """How much of a usual working day's work is done on that day."""
    if on_holiday(day):
        return 0.3
    return (1.0, 1.0, 1.0, 1.0, 1.0, 0.65, 0.5)[day.weekday()]


def campaign_days(n: int, campaigns: int) -> tuple[date, date]:
    """The n-th campaign of the year: its first and last day."""
    start = date(YEAR, 1, 2) + timedelta(days=n * 361 // campaigns)
    return start, start + timedelta(days=2)
