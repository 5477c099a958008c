"""Made-up contexts for every template: (path, role, template, context). Officers are only numbers."""

import json
from datetime import datetime, timedelta, timezone
from itertools import cycle
from typing import Any
from uuid import UUID

from deploy import openapi
from service.desk.doubles.facts import Fact, Look
from service.desk.operations.words import WAITS
from service.finding.search.cards import LinkChip, RecordingCard
from service.footage.stretches import Footage
from service.kernel.i18n import gettext as _
from service.registry.doubles.queries import KINDS, Double
from service.web.access.views import Account, Token
from service.web.cases.views import Case, CaseDetail
from service.web.custody.views import CustodyEntry
from service.web.events.views import Event, EventDetail
from service.web.frame.views import Filter, Listing, Option, Ref, Tile
from service.web.operations.contract import described, errors, shapes
from service.web.operations.views import (
    Attention,
    Backup,
    Cost,
    Disk,
    Failures,
    Health,
    Home,
    Pace,
    Period,
    Queue,
    SquadRow,
    Wait,
    Worker,
)
from service.web.people.views import Merged, Person
from service.web.recordings.stretches import drawn
from service.web.recordings.views import (
    Clock,
    File,
    Job,
    Link,
    Location,
    Original,
    Player,
    Receipt,
    Recording,
    Tag,
)
from service.web.search.views import Chip, Facet, FacetOption, Search
from service.web.uploads.views import MyUploads, UnfinishedUpload, UploadPage
from tests.browser import samples_coverage as coverage
from tests.browser.samples_events import announced, event_form, event_page
from tests.browser.samples_field import importing, matters, recorders, told

CST = timezone(timedelta(hours=8))
DAY = datetime(2024, 6, 3, tzinfo=CST)
NOW = datetime.now(CST)
SHA = "3f1c0b9ad7e24c5588aa1f02d94b6e70c1d2735f8a96b04e5d7c1e3a9f8b2d46"
CASE = "青城管罚立字〔2024〕第0317号"


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return DAY + timedelta(days=day, hours=hour, minutes=minute)


def card(n: int, state: str = "ready", **more: Any) -> RecordingCard:
    given: dict[str, Any] = {
        "id": f"{n:04}",
        "filename": f"BWC20240603_{1400 + n}_{n:03}.MP4",
        "state": state,
        "received_at": NOW - timedelta(minutes=17 * n),
        "poster_url": "/media/poster.jpg" if state in ("ready", "partial") else None,
        "duration_s": 1622.4 + 61 * n,
        "size": 1_480_000_000 + 73_000_000 * n,
        "recorded_from": at(14, 2 + n),
        "recorded_to": at(14, 29 + n),
        "squad": "二中队",
        "officers": [f"队员 {n:03}", f"队员 {n + 1:03}"],
        "recorder": f"DSJ-{2000 + n}",
        "kind": "evidence_collection",
        "place": "人民路 128 号门前",
        "sample": True,
    }
    made = RecordingCard(**(given | more))
    if made.recorded_from and made.recorded_to:
        made.shown = [(made.recorded_from, made.recorded_to)]
    return made


def linked(status: str = "confirmed") -> list[LinkChip]:
    return [LinkChip("油烟扰民现场检查", "/events/e1", status), LinkChip(CASE, "/cases/c1", status)]


CARDS = [
    card(1, links=linked(), tags=["人民路", "亮证"], kind="inspection"),
    card(2, links=linked("automatic"), tags=["画面过暗 2:10"]),
    card(3, "processing", progress=0.42, links=linked("offered")),
    card(
        4, "partial", reason="没有声音轨；波形缺失", clock_doubt="相机时钟比到达时间快 8 小时", tags=["无声"]
    ),
    card(
        5, "unplayable", reason="没有 moov（多半是断电），视频无法播放", recorded_from=None, recorded_to=None
    ),
    card(
        6, "refused", reason="不是录音录像：这是一个压缩包", recorded_from=None, duration_s=None, officers=[]
    ),
    card(7, "receiving", progress=0.13, reason=None, duration_s=None, recorded_from=None, links=[]),
]

REASONS = ["执法人员 队员 001 在该活动名单内", "时间重叠 25 分钟（录像的 93%）", "GPS 轨迹距活动地点 40 米"]


def link(n: int, status: str, score: float, with_recording: bool = False) -> Link:
    return Link(
        id=f"l{n}",
        status=status,
        score=score,
        reasons=REASONS[: 1 + n % 3],
        event=Ref("油烟扰民现场检查", "/events/e1"),
        kind="evidence_collection",
        place="人民路 128 号",
        arrived=at(14),
        departed=at(14, 40),
        case=Ref(CASE, "/cases/c1"),
        recording=card(20 + n) if with_recording else None,
        decided_by="审核员 02" if status in ("confirmed", "rejected") else None,
        decided_at=at(18) if status in ("confirmed", "rejected") else None,
    )


JOBS = [
    Job("j1", "intake", "done", 1, progress=1, took_s=9),
    Job("j2", "playable", "done", 1, took_s=3),
    Job("j3", "tags", "done", 1, took_s=1),
    Job("j4", "link", "done", 2, took_s=1),
    Job("j5", "renditions", "running", 1, progress=0.42, since=NOW - timedelta(minutes=2)),
]
FAILED = Job(
    "j9",
    "renditions",
    "failed",
    3,
    reason="编码输出比原始视频短 12 秒，已丢弃",
    since=NOW - timedelta(hours=5),
    may_retry=True,
    recording=Ref("BWC20240603_1409_009.MP4", "/recordings/0009"),
    squad="三中队",
)


def watched(file: File | None, **more: Any) -> Player:
    return Player(
        file=file,
        poster="/media/poster.jpg",
        sprite_vtt="/media/sprite.vtt",
        peaks="/media/peaks.json",
        **more,
    )


def recording(state: str = "ready") -> Recording:
    first = card(1, state, links=linked())
    made = Recording(
        card=first,
        original=Original(
            first.size, SHA, "locked", "governance · 2029-06-03", "MP4",
            ["H.264 High 1920×1080 25 fps", "AAC 48 kHz 1 声道"], 1634.0, "/recordings/0001/original",
        ),
        player=watched(File("/media/play.mp4")),
        clock=Clock(
            claimed_from=at(14, 3), claimed_by="文件元数据", off="慢 2.4 秒", doubt="± 1 秒", basis="采集站于 2024-06-03 测得",
            read_from=at(14, 3), read_to=at(14, 30), doubts=["相机时钟每天漂移约 4 秒，超过 GA/T 947.2 的 3 秒"],
        ),
        location=Location(
            "人民路 128 号门前", 36.06712, 120.38264, "GPS",
            [(36.0671 + 0.0004 * i, 120.3826 + 0.0006 * ((i * i) % 7) / 3, 60.0 * i) for i in range(9)],
        ),
        tags=[
            Tag("到达现场", "step", "侧车文件", 1.0, 2, 2),
            Tag("出示证件", "step", "侧车文件", 1.0, 6, 9),
            Tag("画面过暗", "quality", "画面测量", 0.92, 12, 16),
            Tag("静音", "quality", "声音测量", 0.88, 20, 24),
            Tag("DSJ-V9", "device", "相机元数据", 1.0),
            Tag("人民路", "place", "GPS", 0.9),
        ],
        links=[link(2, "confirmed", 0.97), link(1, "rejected", 0.41)],
        offered=[link(3, "offered", 0.63)],
        jobs=JOBS,
        receipts=[
            Receipt(NOW - timedelta(hours=3), "队员 001", "采集站 03", "BWC20240603_1401_001.MP4", "accepted", SHA, True),
            Receipt(NOW - timedelta(hours=1), "队员 001", "浏览器", "copy.MP4", "same_bytes", archive=True, first_received_at=NOW - timedelta(days=900)),
        ],
        custody=[
            CustodyEntry(NOW - timedelta(minutes=4), "审核员 02", "播放 0:00–3:12"),
            CustodyEntry(NOW - timedelta(minutes=30), "审核员 02", "确认关联", "油烟扰民现场检查"),
            CustodyEntry(NOW - timedelta(hours=3), "队员 001", "上传", "采集站 03"),
        ],
        claims=["申报的记录仪 DSJ-X1 不在册"],
        may_decide=True,
    )  # fmt: skip
    return made


def with_a_hole() -> Recording:
    """The half minute that the gallery plays, as two stretches with half an hour between them."""
    made = recording()
    stretches = ((0.0, 12.0), (1800.0, 1818.0))
    footage = Footage(stretches, measured=True, sparse=True, clock_restarted=True)
    made.card.recorded_s, made.card.duration_s = 30.0, 1818.0
    made.footage = drawn(
        footage,
        at(14, 3),
        at(14, 33, 0) + timedelta(seconds=18),
        [_("The clock inside the file began anew; what was recorded before and after is laid end to end.")],
    )
    made.tags = [
        Tag("到达现场", "step", "侧车文件", 1.0, 2, 2),
        Tag("画面过暗", "quality", "画面测量", 0.92, 1806, 1812),
    ]
    return made


def whose_original_plays() -> Recording:
    """The same half minute as an original that nobody has encoded yet: six seconds, a hole, ten seconds."""
    made = recording()
    footage = Footage(((0.0, 6.0), (20.0, 30.0)), measured=True)
    made.footage = drawn(footage, at(14, 3), at(14, 3) + timedelta(seconds=30))
    made.player = watched(File("/media/play.mp4", 0.0, 8e6), ask="/media/asked/queued")
    made.tags = [Tag("画面过暗", "quality", "画面测量", 0.92, 22, 24)]
    return made


def on_demand(answer: str, **more: Any) -> Recording:
    """Of HEVC; who asks for it gets this answer whenever he asks."""
    made = recording()
    made.original.container, made.original.streams[0] = "MP4", "H.265 (HEVC) Main 1920×1080 25 fps"
    made.card.duration_s = 30.0
    original = File("/media/play.mp4?plays=hevc", 0.0, 4e6)
    kind = 'video/mp4; codecs="hvc1.1.6.L120.90, mp4a.40.2"'
    made.player = watched(
        None,
        original=original,
        codec="hevc",
        type=kind,
        ask=f"/media/asked/{answer}",
        format="H.265 (HEVC)",
        **more,
    )
    made.jobs = JOBS[:4]
    return made


# What the service says to who wants to watch (POST …/playback).
ANSWERS: dict[str, dict[str, Any]] = {
    "not_asked": {"state": "not_asked"},
    "queued": {"state": "queued"},
    "running": {"state": "running", "progress": 0.04},
    "growing": {"state": "running", "progress": 0.4, "playlist": "/media/growing.m3u8"},
    "failed": {"state": "failed", "reason": "short", "reason_text": "编码输出比原始视频短 12 秒，已丢弃"},
    "ready": {"state": "ready", "playback": "/media/play.mp4"},
}
NOTHING = dict.fromkeys(("progress", "playlist", "playback", "reason", "reason_text"))


def unplayable() -> Recording:
    made = recording("unplayable")
    made.card.reason = "没有 moov（多半是断电），视频无法播放"
    made.player = Player()
    made.original.lock, made.original.lock_detail = "not_locked", None
    made.jobs = [*JOBS[:2], FAILED]
    made.links, made.offered, made.tags, made.location = [], [], [], None
    return made


EVENTS = [
    EventDetail(
        Event(
            "e1", "油烟扰民现场检查", "inspection", at(14), at(14, 40), "HD-2024-0611", "二中队", ["队员 001", "队员 002"],
            "人民路 128 号", "某餐饮店", Ref(CASE, "/cases/c1"), 2, 1,
        ),
        [card(1, links=[]), card(3, recorded_from=at(14, 12), recorded_to=at(14, 33), links=[])],
        [link(3, "offered", 0.63, True)],
        None,
        True,
    ),
    EventDetail(Event("e2", "询问当事人", "evidence_collection", at(9, 30, 2), at(10, 45, 2), None, "二中队", ["队员 001"], "中队询问室")),
    EventDetail(
        Event(
            "e3", "责令改正通知书送达", "document_delivery", at(16, 5, 4), at(16, 20, 4), None, "二中队", ["队员 004"],
            "人民路 128 号", gap_reason="设备故障：记录仪电量耗尽（已核实）",
        )
    ),
    EventDetail(
        Event("e4", "查封油烟设备", "coercion", at(10, 0, 9), at(11, 30, 9), None, "二中队", ["队员 001", "队员 002"], "人民路 128 号", recordings=1, recorded=True),
        [card(8, recorded_from=at(9, 58, 9), recorded_to=at(11, 2, 9), kind="coercion", links=[])],
    ),
]  # fmt: skip

CASES = [
    Case("c1", CASE, "人民路某餐饮店油烟超标排放案", at(9), "某餐饮店", "人民路 128 号", "二中队", "调查取证", True, 4, 5, 1, 1, True),
    Case("c2", "青城管罚立字〔2024〕第0298号", "建筑工地扬尘未覆盖案", at(9, 0, -6), "某建设公司", "滨河大道南侧工地", "一中队", None, False, 3, 3, 0, 0, True),
    Case("c3", "青城管罚立字〔2024〕第0275号", "夜间施工噪声扰民案", at(9, 0, -11), None, "学府街", "三中队", None, False, 2, 0, 2, 0),
]  # fmt: skip

SQUADS = [
    SquadRow("s1", "一中队", 0, 3, 5, 0, 2, NOW - timedelta(hours=7)),
    SquadRow("s2", "二中队", 2, 14, 11, 1, 4, NOW - timedelta(days=2)),
    SquadRow("s3", "三中队", 1, 0, 27, 0, 9, NOW - timedelta(days=6)),
    SquadRow("s4", "直属机动中队", 0, 0, 0, 0, 0, None),
]
OPTIONS = [
    Option("e1", "06-03 14:00 油烟扰民现场检查 · 人民路"),
    Option("e2", "06-05 09:30 询问当事人 · 中队询问室"),
]
UNFINISHED = [
    UnfinishedUpload(
        "u1", "BWC20240603_1530_044.MP4", 3_460_000_000, 1_310_000_000, "采集站 03", NOW - timedelta(hours=2),
        NOW + timedelta(days=6),
    )
]  # fmt: skip


def facets() -> list[Facet]:
    def options(*pairs: tuple[str, int], selected: int = -1) -> list[FacetOption]:
        return [
            FacetOption(label, label, n, n == 1000, i == selected, "/recordings?x=1")
            for i, (label, n) in enumerate(pairs)
        ]

    return [
        Facet(
            "state", _("State"), options((_("Ready"), 1000), (_("Processing"), 14), (_("Not playable"), 3))
        ),
        Facet("squad", _("Squad"), options(("一中队", 412), ("二中队", 388), ("三中队", 205), selected=1)),
        Facet("kind", _("Kind"), options((_("Daily inspection"), 1000), (_("Evidence collection"), 211))),
        Facet("linked", _("Events and cases"), options((_("Linked"), 932), (_("Unlinked"), 68))),
    ]


def search(**more: Any) -> Search:
    given = {"q": "油烟 人民路", "query": "q=1", "items": CARDS, "next": "/recordings?cursor=2"}
    chips = [Chip("二中队", "/recordings"), Chip("2024-06-01 – 2024-06-30", "/recordings")]
    return Search(**(given | {"chips": chips} | more))


def pace(waiting: bool) -> Pace:
    periods = [Period(1, 203.4, 9.6, 21.2), Period(7, 1_118.0, 49.7, 22.5)]
    costs = [
        Cost(None, [(231.6, 203.4), (244.0, 1_118.0)]),
        Cost("intake", [(14.2, 203.4), (14.0, 1_118.0)]),
        Cost("link", [(0.4, 203.4), (0.4, 1_118.0)]),
        Cost("renditions", [(1_812.0, 6.7), (1_790.5, 31.0)]),
        Cost("clock", [(None, 0.0), (3.1, 4.0)]),
    ]
    if not waiting:
        return Pace([Period(1, 0.0, 0.0, None), periods[1]], costs, [Wait(what) for what in WAITS], NOW)
    first = Ref("BWC20240603_1404_004.MP4", "/recordings/0001")
    waits = [
        Wait("looks", 41, 5400.0, first),
        Wait("playable", 1, 2100.0, first),
        Wait("link"),
    ]
    return Pace(periods, costs, waits, NOW)


def health(stalled: bool = False) -> Health:
    return Health(
        [
            Queue("light", 3, 1, 1, 4.0, 0.0),
            Queue(
                "encode", 41, 0 if stalled else 1, 0 if stalled else 1, 5400.0, None if stalled else 6.4, 2
            ),
        ],
        [
            Worker("light@node-1", ["light"], NOW - timedelta(seconds=4), True, None),
            Worker(
                "encode@node-1",
                ["encode"],
                NOW - timedelta(minutes=44),
                not stalled,
                "BWC20240603_1404_004.MP4",
            ),
        ],
        [FAILED],
        NOW,
        [_("No worker serves the queue “%(queue)s”.", queue="encode")] if stalled else [],
        [
            Backup(NOW, _("Being made"), "info", "loader", 0, 0, None, progress=0.43),
            Backup(
                NOW - timedelta(hours=3),
                _("Failed"),
                "bad",
                "circle-x",
                0,
                0,
                None,
                _("There is no whole backup in {folder}.").format(folder="/mnt"),
                None,
            ),
            Backup(
                NOW - timedelta(days=1), _("Whole, read back"), "good", "circle-check", 10**12, 10**9, NOW
            ),
        ],
        _("The newest backup is {days} days old: look at why no younger one was made.").format(days="3.0")
        if stalled
        else None,
        failures=[
            Failures(
                "officer001", "192.0.2.17", 12, NOW - timedelta(hours=2), NOW - timedelta(hours=1), True
            ),
            Failures(None, "2001:db8:0:1::/64", 4312, NOW - timedelta(hours=9), NOW, False),
        ],
        pace=pace(waiting=stalled),
        disks=[
            Disk("数据目录、数据库、暂存空间", 8 * 10**10, 10**12, full=False, low=False),
            Disk("对象存储", 0 if stalled else 10**10, 8 * 10**12, full=stalled, low=True),
        ],
        full_disks=[_("The object store is full; it goes on when there is room.")] if stalled else [],
    )


def doubles() -> list[Double]:
    squads, officers = KINDS[:2]
    of = UUID(int=1)
    return [
        Double(squads, UUID(int=2), "ｚｄ１", "一中队", of, "ZD1", "一中队"),
        Double(officers, UUID(int=3), "000001\u200b", "队员 001", of, "000001", "队员 001"),
    ]


def look_at_double() -> Look:
    facts = [Fact("name", _("Name"), "队员 001", "队员 零零一"), Fact("squad_id", _("Squad"), "ZD1", "ZD1")]
    return Look(doubles()[1], facts, [(_("events"), 12), (_("recordings"), 7)])


def merged_doubles() -> list[Merged]:
    return [
        Merged(_("Officers"), "０００００１", look_at_double().facts[:1], NOW),
        Merged(_("Squads"), "ｚｄ１", [], NOW),
    ]


def people() -> list[Person]:
    roles = cycle(["member", "member", None, "supervisor"])
    return [
        Person(f"{n:03}", f"队员 {n:03}", f"{'一二三'[n % 3]}中队", role, f"officer{n:03}" if role else None, n != 5,
               NOW - timedelta(hours=9 * n) if role else None)
        for n, role in zip(range(1, 9), roles, strict=False)
    ]  # fmt: skip


def _contract() -> dict:
    contract = json.loads(openapi.FILE.read_text(encoding="utf-8"))
    found = shapes(contract)
    return {
        "groups": described(contract),
        "errors": errors(contract, _),
        "shapes": found,
        "shape_names": {one.name for one in found},
    }


def _with_table(shown: Any) -> dict:
    return {"shown": shown, "table": shown.table}


def pages() -> list[tuple[str, str | None, str, dict]]:
    """(path, role or None when signed out, template, context) of every page."""
    tiles = [
        Tile(_("Unlinked"), 3, "/my-uploads", "warn", _("Say which event it shows")),
        Tile(_("On the way"), 2, "/my-uploads"),
        Tile(_("Refused"), 1, "/my-uploads", "bad"),
        Tile(_("Unfinished uploads"), 1, "/my-uploads", "warn"),
    ]
    board = [
        Tile(_("Failed"), 3, "/attention", "bad"),
        Tile(_("Waiting"), 17, "/attention?what=waiting"),
        Tile(_("Unlinked"), 43, "/attention?what=unlinked", "warn"),
        Tile(_("Events without a recording"), 15, "/events?recorded=no", "warn"),
    ]
    kinds = Filter(
        "kind",
        _("Kind"),
        [Option("inspection", _("Daily inspection")), Option("coercion", _("Administrative coercion"))],
    )
    squads = Filter("squad", _("Squad"), [Option("s1", "一中队"), Option("s2", "二中队", True)])
    tokens = [
        Token(
            "t1",
            "采集站 03",
            NOW - timedelta(days=40),
            NOW - timedelta(minutes=3),
            NOW + timedelta(days=325),
            "二中队",
        ),
        Token("t2", "备份脚本", NOW - timedelta(days=2)),
    ]
    account = Account(
        [Option("zh_CN", "中文", True), Option("en", "English")],
        tokens,
        True,
        None,
        {"old": _("This is not your present password.")},
    )
    fresh = Account(account.languages, tokens, True, "zl_7Qk2mV9xT0pYc4Rb1LwN8sHd5GfJ3aZe")
    return [
        ("/sign-in", None, "access/sign_in.html", {"next": "/", "error": None, "expired": False, "username": ""}),
        ("/sign-in/expired", None, "access/sign_in.html", {"next": "/", "error": _("This name and password do not go together."), "expired": True, "username": "officer001"}),
        ("/", "member", "operations/home.html", {"home": Home(tiles, CARDS[1:3], [CARDS[6], CARDS[2]], [CARDS[5]], UNFINISHED)}),
        ("/home/empty", "member", "operations/home.html", {"home": Home()}),
        ("/home/reviewer", "reviewer", "operations/home.html", {"home": Home(cases=CASES, recent=CARDS[:3])}),
        ("/home/supervisor", "supervisor", "operations/home.html", {"home": Home(board, squads=SQUADS)}),
        ("/upload", "member", "recordings/upload.html", {"upload": UploadPage(events=OPTIONS, unfinished=UNFINISHED)}),
        ("/my-uploads", "member", "recordings/mine.html", {"mine": MyUploads(UNFINISHED, CARDS, OPTIONS)}),
        ("/my-uploads/none", "member", "recordings/mine.html", {"mine": MyUploads([], [], [])}),
        ("/recordings", "reviewer", "recordings/list.html", {"search": search()}),
        ("/recordings/nothing", "reviewer", "recordings/list.html", {"search": search(items=[], next=None)}),
        ("/recordings/0001", "reviewer", "recordings/one.html", {"recording": recording()}),
        ("/recordings/0003", "reviewer", "recordings/one.html", {"recording": with_a_hole()}),
        ("/recordings/0009", "reviewer", "recordings/one.html", {"recording": whose_original_plays()}),
        ("/recordings/0005", "reviewer", "recordings/one.html", {"recording": unplayable()}),
        *[
            (f"/recordings/asked-{answer}", "reviewer", "recordings/one.html", {"recording": on_demand(answer)})
            for answer in ANSWERS
        ],
        ("/cases", "reviewer", "cases/list.html", {"listing": Listing(CASES, filters=[squads])}),
        ("/cases/c1", "reviewer", "cases/one.html", {"detail": CaseDetail(CASES[0], EVENTS, [link(3, "offered", 0.63, True)], [card(30, links=[])], None, True)}),
        ("/events", "supervisor", "events/list.html", {"listing": Listing([act.event for act in EVENTS], filters=[kinds, squads], next="/events?cursor=2")}),
        ("/events/e1", "supervisor", "events/one.html", {"detail": EVENTS[0], "shown": event_page(EVENTS[0], NOW)}),
        ("/events/e2", "supervisor", "events/one.html", {"detail": EVENTS[1], "shown": event_page(EVENTS[1], NOW, "cancelled")}),
        ("/events/e3", "supervisor", "events/one.html", {"detail": EVENTS[1], "shown": event_page(EVENTS[1], NOW, "merged")}),
        ("/events/e4", "supervisor", "events/one.html", {"detail": EVENTS[3], "shown": event_page(EVENTS[3], NOW, "holes")}),
        ("/recordings/0001/new-event", "member", "events/form.html", {"form": event_form(), "heading": _("New event")}),
        ("/recordings/0006", "supervisor", "recordings/one.html", {"recording": announced(recording("announced"), NOW)}),
        ("/recordings/0007", "supervisor", "recordings/one.html", {"recording": announced(recording("announced"), NOW, late=True)}),
        ("/recordings/0008", "supervisor", "recordings/one.html", {"recording": announced(recording("announced"), NOW, withdrawn=True)}),
        ("/attention", "supervisor", "operations/attention.html", {"board": Attention(SQUADS, "failed", "s2", [CARDS[4]], [FAILED], {"failed": 3, "waiting": 17, "unlinked": 43, "refused": 1, "removal": 0})}),
        ("/queue", "supervisor", "operations/queue.html", {"health": health()}),
        ("/queue/stalled", "supervisor", "operations/queue.html", {"health": health(True)}),
        ("/people", "admin", "people/list.html", {"people": people(), "twice": 2}),
        ("/people/doubles", "admin", "people/doubles.html", {"doubles": doubles(), "merged": merged_doubles()}),
        ("/people/doubles/officers/1", "admin", "people/double.html", {"look": look_at_double()}),
        ("/recorders", "admin", "recorders/list.html", {"listed": recorders(NOW)}),
        ("/matters", "supervisor", "matters/page.html", {"matters": matters(NOW)}),
        ("/matters/1", "auditor", "matters/page.html", {"matters": matters(NOW, compared=True)}),
        ("/import", "supervisor", "importing/page.html", {"importing": importing("events")}),
        ("/import/matters", "supervisor", "importing/page.html", {"importing": importing("matters")}),
        ("/import/checked", "supervisor", "importing/report_page.html", {"told": told("assignments")}),
        ("/import/list-checked", "supervisor", "importing/report_page.html", {"told": told("matters")}),
        ("/import/list-published", "supervisor", "importing/report_page.html", {"told": told("matters", applied=True)}),
        ("/coverage", "supervisor", "coverage/board.html", {"board": coverage.board(NOW)}),
        ("/coverage/empty", "legal", "coverage/board.html", {"board": coverage.board(NOW, empty=True)}),
        ("/coverage/rows", "supervisor", "coverage/rows.html", _with_table(coverage.rows(NOW))),
        ("/coverage/mine", "member", "coverage/mine.html", _with_table(coverage.mine(NOW))),
        ("/coverage/lists/missing", "supervisor", "coverage/list.html", _with_table(coverage.listed(NOW, "missing", coverage.Table("event", coverage.lines(NOW))))),
        ("/coverage/lists/gaps", "supervisor", "coverage/list.html", _with_table(coverage.listed(NOW, "gaps", coverage.Table("event", [])))),
        ("/coverage/lists/ambiguous", "reviewer", "coverage/list.html", _with_table(coverage.listed(NOW, "ambiguous", coverage.offers(card(31, links=[]), [link(1, "offered", 0.63), link(2, "offered", 0.61)])))),
        ("/snapshots", "supervisor", "snapshots/list.html", {"shown": coverage.months(NOW)}),
        ("/snapshots/2024-05", "supervisor", "snapshots/one.html", {"shown": coverage.month(NOW)}),
        ("/snapshots/2024-05/rows", "auditor", "snapshots/rows.html", {"shown": coverage.month_rows(NOW)}),
        ("/snapshots/2024-06", "supervisor", "snapshots/preview.html", {"shown": coverage.preview(NOW)}),
        ("/account", "member", "access/account.html", {"account": account}),
        ("/account/fresh", "supervisor", "access/account.html", {"account": fresh}),
        ("/docs", "member", "operations/docs.html", _contract()),
        ("/docs/signed-out", None, "operations/docs.html", _contract()),
        ("/error/404", "member", "frame/error.html", {"status_code": 404, "sentence": _("There is nothing here, or it is not yours to see."), "hint": None}),
        ("/error/500", None, "frame/error.html", {"status_code": 500, "sentence": _("Something went wrong on our side; nothing that was received is lost."), "hint": None}),
    ]  # fmt: skip
