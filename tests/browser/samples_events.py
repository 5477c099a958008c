"""Made-up contexts for the pages of events and of announced recordings."""

from datetime import datetime, timedelta
from uuid import UUID

from service.finding.linking.words import LINKS
from service.registry.events.history import Change, Entry
from service.supervision.coverage.status import Status
from service.supervision.coverage.words import STATUSES
from service.web.announcements.views import AnnouncedView
from service.web.events.coverage_block import Bar, EventCoverageView, GapLine
from service.web.events.forms import EventForm
from service.web.events.views import EventDetail, EventPage, Settled
from service.web.frame.drawing import axis
from service.web.frame.views import Option, Ref
from service.web.recordings.views import Original, Player, Recording

RECORDING = UUID("01900000-0000-7000-8000-000000000001")
OTHER = UUID("01900000-0000-7000-8000-000000000002")


def _history(now: datetime) -> list[Entry]:
    return [
        Entry(7, now, "督察 01", "absorb", "把另一个活动并入本活动", event=(OTHER, "油烟检查（重复录入）")),
        Entry(6, now, "队员 012", "confirm", "确认了关联", recording=(RECORDING, "2024-06-03 14:03")),
        Entry(
            5, now, "队员 012", "edit", "修改",
            changes=[
                Change("departed_at", "离开", "–", "2024-06-03 14:40"),
                Change("officers", "执法人员", "队员 012", "队员 012、队员 013"),
            ],
        ),
        Entry(1, now - timedelta(days=1), "督察 01", "create_event", "由导入录入"),
    ]  # fmt: skip


def event_page(detail: EventDetail, now: datetime, state: str = "") -> EventPage:
    page = EventPage(
        detail=detail,
        subject="餐饮油烟",
        campaign="夏季油烟专项行动",
        point="25.82962, 114.93413",
        history=_history(now),
        older="/events/e1/history?before=1",
        may_edit=True,
        merge_options=[Option("e9", "2024-06-03 14:05 油烟检查（重复录入）")],
    )
    if state == "cancelled":
        page.cancelled = Settled(now, "督察 01", "当事人撤回投诉，到场后未执法")
    if state == "merged":
        page.merged, page.merged_into = Settled(now, "督察 01"), Ref("油烟扰民现场检查", "/events/e1")
    if state == "holes":
        page.coverage = coverage_with_holes(detail.event.arrived)
    if not state:
        page.absorbed, page.may_unmake = [Ref("油烟检查（重复录入）", "/events/e9")], True
    return page


def coverage_with_holes(start: datetime) -> EventCoverageView:
    """Three recordings of half an hour: one with a hole, one not measured yet, one with pictures far apart."""

    def after(minutes: float) -> datetime:
        return start + timedelta(minutes=minutes)

    confirmed, automatic = LINKS["confirmed"], LINKS["automatic"]
    shown = [(after(-2), after(6)), (after(19), after(30))]
    return EventCoverageView(
        id="e4", as_of=after(600), status=STATUSES[Status.partly], confirmed=None, left_out=None,
        required_from=start, required_to=after(40), share=0.775, recorded="31 分", due_at=after(40 + 24 * 60),
        due="已到期", pending=False, late=False, matter=None,
        axis=axis([after(-2), after(42)]),
        bars=[
            Bar("/recordings/1", "R-01_000002_1.mp4", "confirmed", confirmed, after(-2), after(30), "32 分", shown, ["实际记录 19 分，分 2 段"]),
            Bar("/recordings/2", "R-02_000003_1.mp4", "automatic", automatic, after(24), after(36), "12 分", [(after(24), after(36))], ["尚未测量：按全长计"]),
            Bar("/recordings/3", "CAM-9.mp4", "sparse", automatic, after(0), after(40), "40 分", [(after(0), after(40))], ["稀疏：画面间隔过大，不算已记录"]),
        ],
        gaps=[GapLine(after(6), after(19), "middle", "13 分", False, False), GapLine(after(36), after(40), "early_stop", "4 分", True, False)],
        beside=["画面全黑 30 秒", "镜头被遮挡 2 分 10 秒"],
    )  # fmt: skip


def event_form() -> EventForm:
    return EventForm(
        action="/recordings/0001/new-event", back="/recordings/0001", submit="建立活动", title="日常巡查，2024-06-03 14:03",
        party="", object="章江大饭店", no_object=False, place="人民路 128 号", point="25.82962, 114.93413", arrived="2024-06-03T14:03:00",
        departed="2024-06-03T14:30:12", kinds=[Option("inspection", "日常巡查", True), Option("coercion", "行政强制")],
        subject="餐饮油烟", subjects=["餐饮油烟", "工地", "扬尘"],
        officers=[Option(f"{n:06}", f"队员 {n:03}", n in (12, 13)) for n in range(10, 19)], case="",
        campaigns=[Option("", "–"), Option("c1", "夏季油烟专项行动")], source="BWC20240603_1403_001.MP4",
    )  # fmt: skip


def announced(made: Recording, now: datetime, *, late: bool = False, withdrawn: bool = False) -> Recording:
    card = made.card
    card.state = "refused" if withdrawn else "announced"
    card.poster_url = card.reason = None
    card.due, card.late = now + timedelta(hours=-5 if late else 5), late
    card.reason = "该预告已撤销：设备丢失" if withdrawn else None
    made.original, made.player = Original(0), Player(note="采集站已预告，字节到达后即可观看。")
    made.receipts, made.jobs, made.tags = [], [], []
    made.links, made.offered, made.may_make_event = [], [], not withdrawn
    made.announced = AnnouncedView(
        now - timedelta(hours=3), card.due, late, 1_480_000_000, "9e107d9d372bb6826bd81d3542a419d6",
        "DH0001-000123", now - timedelta(hours=1) if late else None, "设备丢失" if withdrawn else None,
        not withdrawn, withdrawn,
    )  # fmt: skip
    return made
