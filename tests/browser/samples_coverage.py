"""Made-up contexts for the board, the lists of the day and the frozen months."""

from datetime import datetime, timedelta
from typing import Any

from service.finding.search.cards import RecordingCard
from service.kernel.i18n import lazy as _
from service.supervision.coverage.figures import BY_NAME
from service.supervision.coverage.words import COVERAGE_LISTS, STATUSES
from service.supervision.snapshots.notice import FigureLine, UpheldLine
from service.web.coverage.views import (
    BoardPage,
    Cell,
    Chart,
    EventLine,
    FigureTile,
    Gap,
    GroupRow,
    Groups,
    HeatRow,
    Left,
    Line,
    ListPage,
    ListTab,
    Mark,
    MinePage,
    OfferRow,
    Piece,
    RowsPage,
)
from service.web.frame.views import Filter, Option, Ref, Table, Tile
from service.web.recordings.views import Link
from service.web.snapshots import views as frozen

ROWS = "/coverage/rows?figure=recorded"
SQUADS = (("一中队", 0.93, 2), ("二中队", 0.88, 4), ("三中队", None, 0))
SHA = "3f1c0b9ad7e24c5588aa1f02d94b6e70c1d2735f8a96b04e5d7c1e3a9f8b2d46"


def figure(name: str, number: int, share: float | None) -> FigureTile:
    words = BY_NAME[name].words
    return FigureTile(
        name=name,
        number=number,
        title=str(words.title),
        share=share,
        numerator=Ref("412", ROWS),
        denominator=Ref("448", ROWS),
        wrong=Ref("36 没有录音录像", ROWS),
        small=share is not None and share < 0.5,
        n=448,
        rule_version="3",
        definition=words,
        versions=(2,),
        excluded=[Left("上传期限未到", 17, ROWS), Left("已豁免", 2, ROWS)],
        offered=Ref("确认待定关联后再多 12 项", ROWS) if name == "recorded" else None,
    )


def heat(label: str, share: float | None) -> HeatRow:
    shares = [share, None, share and share - 0.1]
    cells = [
        Cell(value, None if value is None else round(5 * value), n == 2, f"{label} 2024-0{n + 4}", ROWS)
        for n, value in enumerate(shares)
    ]
    return HeatRow(label, cells, Cell(share, None if share is None else 3, False, label, ROWS), ROWS)


def chart() -> Chart:
    marks = [Mark(x, y, f"{100 - y}%", ROWS, x > 50) for x, y in ((0, 12), (50, 20), (100, 35))]
    return Chart(
        figure="recorded",
        title="全过程记录覆盖率、中队 × 月",
        better="越高越好",
        period="2024-04-01 至 2024-06-30",
        ticks=[(0, "2024-04"), (50, "2024-05"), (100, "2024-06")],
        levels=[(0, 1.0), (50, 0.8), (100, 0.6)],
        lines=[
            Line("合计", "M0 12L50 20L100 35", marks),
            Line("一中队", "M0 8L50 11L100 30", marks, 1),
        ],
        columns=[Ref("4月", ROWS), Ref("5月", ROWS), Ref("6月", ROWS)],
        rows=[heat(name, share) for name, share, _n in SQUADS],
        total=heat("合计", 0.91),
        choices=[Ref("全过程记录覆盖率"), Ref("时长完整率", "/coverage?figure=complete")],
        low=0.6,
        lowest=0.7,
        highest=0.93,
    )


def board(now: datetime, *, empty: bool = False) -> BoardPage:
    names = ("complete", "partly", "missing", "exempt", "not_due")
    pieces = [
        Piece(
            name, str(STATUSES["pending" if name == "not_due" else name].label), "plain", 20, ROWS, 20 * n, 20
        )
        for n, name in enumerate(names)
    ]
    groups = [
        GroupRow(label, [Cell(share, 3, label == "二中队", label, ROWS)], [Left("缺失", n, ROWS)], ROWS)
        for label, share, n in SQUADS
    ]
    return BoardPage(
        period="2024-06",
        as_of=now,
        counted_at=now,
        confirmed=False,
        tiles=[
            figure("recorded", 1, 0.92),
            figure("completeness", 2, 0.88),
            figure("explained", 9, 0.41),
            figure("exempt", 8, None),
        ],
        pieces=[] if empty else pieces,
        chart=chart(),
        groups=Groups(["全过程记录覆盖率"], groups, ["缺失"]),
        by="中队",
        choices=[Ref("中队"), Ref("类别", "/coverage?by=kind")],
        more="/coverage/more?month=2024-06",
        not_yet=[(3, "环节完整率"), (14, "时限灯")],
        changes=[],
        not_due=17,
        filters=[Filter("squad", str(_("Squad")), [Option("s1", "一中队")])],
        hidden=[],
        since="2024-06-01",
        to="2024-06-30",
        officer="",
        officers=[("000012", "队员 012")],
        steps=[Ref("‹ 2024-05", "/coverage?month=2024-05"), Ref("2024 全年", "/coverage?year=2024")],
        lists="/coverage/lists",
        exports=[Ref("XLSX", "/api/v1/coverage.xlsx"), Ref("CSV", "/api/v1/coverage.csv")],
    )  # fmt: skip


def lines(now: datetime) -> list[EventLine]:
    def line(n: int, status: str, share: float | None, **more: Any) -> EventLine:
        since = now - timedelta(days=n, minutes=40)
        return EventLine(
            id=f"e{n}", title=f"人民路 {n} 号餐饮油烟检查", href="/events/e1", kind="日常巡查", squad="二中队",
            officers="队员 012、队员 013", subject="餐饮油烟", required_from=since,
            required_to=since + timedelta(minutes=38), status=STATUSES[status], share=share, recorded="31 分钟，共 38 分钟",
            links=2, announced=1, late=n > 1, due="剩 3 小时 10 分钟" if n < 2 else f"已逾期 {n} 天",
            due_at=since + timedelta(days=1), near=n < 2, over=n > 1, **more,
        )  # fmt: skip

    gap = Gap(now, now + timedelta(minutes=4), "middle", False, "4 分钟")
    return [line(1, "pending", None), line(2, "partly", 0.82, gaps=[gap]), line(9, "missing", 0.0, offered=1)]


def tabs(open_: str) -> list[ListTab]:
    return [
        ListTab(name, str(word.label), f"/coverage/lists/{name}", 1000 if name == "gaps" else 3, name == "gaps")
        for name, word in COVERAGE_LISTS.items()
    ]  # fmt: skip


def listed(now: datetime, name: str, table: Table) -> ListPage:
    word = COVERAGE_LISTS[name]
    return ListPage(
        name=name,
        title=str(word.label),
        meaning=str(word.meaning),
        tabs=tabs(name),
        counts="/coverage/lists/counts",
        table=table,
        filters=[Filter("squad", str(_("Squad")), [Option("s1", "一中队"), Option("s2", "二中队", True)])],
        since="",
        to="",
        as_of=now,
        hidden=[],
        decides=name == "ambiguous",
    )


def offers(card: RecordingCard, links: list[Link]) -> Table:
    row = OfferRow(card.id, card, "3 小时前收到", links, [], "/coverage/lists/ambiguous", "", True, True)
    return Table("offer", [row])


def rows(now: datetime) -> RowsPage:
    return RowsPage(
        title="全过程记录覆盖率",
        heading="一中队，2024-06",
        told=figure("recorded", 1, 0.92),
        groups=[Ref("一中队", "/coverage?squad=s1")],
        parts=[Ref("分子", ROWS), Ref("分母", ROWS), Ref("没有录音录像")],
        part="没有录音录像",
        table=Table("event", lines(now), next=ROWS + "&cursor=2"),
        as_of=now,
        back="/coverage",
    )


def mine(now: datetime) -> MinePage:
    tiles = [
        Tile("待上传", 1, "/coverage/mine?name=due"),
        Tile("缺失", 2, "/coverage/mine?name=missing", "bad"),
    ]
    word = COVERAGE_LISTS["due"]
    return MinePage(tiles, "due", str(word.label), str(word.meaning), Table("event", lines(now)))


def months(now: datetime) -> frozen.MonthsPage:
    line = frozen.MonthLine
    return frozen.MonthsPage(
        [
            line("2024-06", "2024年6月", "/snapshots/2024-06", "ready", 448),
            line("2024-05", "2024年5月", "/snapshots/2024-05", "frozen", 431, now, 0.92, 0.88),
        ],
        may_freeze=True,
    )


def preview(now: datetime) -> frozen.PreviewPage:
    return frozen.PreviewPage(
        name="2024-06", label="2024年6月", as_of=now, events=448, standings=[("完整", 380), ("缺失", 36)],
        open=[("待审批的说明", 3, "/coverage/lists/explanations")], hindrance=None, may_freeze=True,
        board="/coverage?month=2024-06",
    )  # fmt: skip


def month(now: datetime) -> frozen.MonthPage:
    def sides(name: str, number: int) -> frozen.Sides:
        words = BY_NAME[name].words
        told = {"numerator": words.numerator, "denominator": words.denominator, "note": words.note}
        line = FigureLine(
            name, number, str(words.title), 0.92, "412", "448", number == 2, "上传期限未到 17", told, 0.9
        )
        return frozen.Sides(line, "/snapshots/2024-05/rows", "/snapshots/2024-05/rows", None, None)

    squads = [
        frozen.SquadRow(name, [frozen.Cell(share, n == 2, "/snapshots/2024-05/rows", name)], [n])
        for name, share, n in SQUADS
    ]
    return frozen.MonthPage(
        name="2024-05", label="2024年5月", as_of=now, taken_by="督察 01", rule_version="3", matters="第 2 版", sha256=SHA,
        basis="counted", bases=[Ref("自动与确认"), Ref("仅确认", "/snapshots/2024-05?basis=confirmed")], whole="全局",
        figures=[sides(name, n + 1) for n, name in enumerate(list(BY_NAME)[:2])], titles=["全过程记录覆盖率"],
        squads=squads, standings=["缺失"],
        upheld=[UpheldLine("执法活动", "E-0513-2", "当日记录仪送修", "属实", now)],
        before=Ref("2024年4月", "/snapshots/2024-04"), changed=["上传期限 24 小时"], counted_anew=True,
        rules=[("上传期限", "24 小时")], tables=[Ref("执法活动", "/api/v1/snapshots/2024-05/export")],
    )  # fmt: skip


def month_rows(now: datetime) -> frozen.RowsPage:
    return frozen.RowsPage(
        label="2024年5月", back="/snapshots/2024-05", title="全过程记录覆盖率", part="没有录音录像", parts=[Ref("没有录音录像")],
        of="一中队", columns=["编号", "执法活动", "状态"], lines=[("/events/e1", ["E-0513-2", "人民路 9 号检查", "缺失"])],
        next=None, as_of=now,
    )  # fmt: skip
