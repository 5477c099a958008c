"""Made-up recordings of one bureau's year, for search tests and benches: seeded, so every run has the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from service.finding.search.documents import SearchDocument

SQUADS = [
    (UUID(int=0x5A_0000 + n), name)
    for n, name in enumerate(
        [
            "直属一中队",
            "直属二中队",
            "蓉江中队",
            "潭口中队",
            "潭东中队",
            "高校园区中队",
            "渣土管理中队",
            "市容管理中队",
            "规划执法中队",
            "环保执法中队",
            "夜间巡查中队",
            "督察中队",
        ]
    )
]
KINDS = ["inspection"] * 6 + ["evidence_collection"] * 3 + ["document_delivery"] * 2 + ["coercion"]
KIND_WORDS = {
    "inspection": "日常巡查", "evidence_collection": "调查取证",
    "document_delivery": "文书送达", "coercion": "行政强制",
}  # fmt: skip
MATTERS = [
    "油烟排查",
    "餐饮油烟专项整治",
    "工地扬尘巡查",
    "渣土车带泥上路",
    "占道经营整治",
    "流动摊贩劝离",
    "店外经营整改",
    "户外广告招牌拆除",
    "夜间施工噪音投诉",
    "违法建设拆除",
    "乱堆乱放清理",
    "露天焚烧垃圾",
    "车辆违停劝导",
    "校园周边秩序",
    "农贸市场巡查",
    "建筑垃圾倾倒",
    "餐厨垃圾检查",
    "燃气安全隐患上报",
    "空气污染整改复查",
    "犬只管理",
    "共享单车停放",
    "窨井盖破损上报",
    "违规张贴小广告",
    "早夜市管理",
    "门前三包检查",
]
ROADS = [
    "蓉江一路",
    "蓉江二路",
    "武陵大道",
    "赣南大道",
    "新世纪大道",
    "高校路",
    "潭口大道",
    "和谐大道",
    "梅林大道",
    "章江路",
    "文明大道",
    "燕兴路",
    "兴国路",
    "沙河路",
    "迎宾大道",
]
PLACES = [
    "农贸市场",
    "万象城",
    "中央公园",
    "师范学院东门",
    "医学院北门",
    "三江口工地",
    "安置小区",
    "汽车站",
    "幼儿园门口",
    "商业街",
    "夜市",
    "江滨步道",
    "地铁口",
    "加油站旁",
]
SURNAMES = (
    "赣味 客家 蓉城 老章 阿明 小江 福满 鼎盛 鑫源 天天 好再来 四季 湘满 川香 江南 聚贤 金辉 宏达 顺风 百味"
)
TRADES = [
    "餐饮店",
    "烧烤店",
    "早餐铺",
    "火锅城",
    "奶茶店",
    "超市",
    "建材经营部",
    "建筑工程有限公司",
    "广告有限公司",
    "汽车修理厂",
    "水果摊",
    "五金店",
    "面馆",
    "小吃店",
]
FINDINGS = [
    "未安装油烟净化设施",
    "净化器未清洗",
    "未密闭运输",
    "未覆盖裸土",
    "当场改正",
    "责令限期整改",
    "当事人拒绝签字",
    "已送达责令改正通知书",
    "现场无人",
    "经复查已整改",
    "暂扣物品一批",
    "设备关机",
]
TAGS = [
    "night",
    "dark",
    "silent",
    "frozen",
    "has_location",
    "speech",
    "clock_doubtful",
    "short",
    "rain",
    "covered_lens",
]
STATES = ["ready"] * 93 + ["partial"] * 4 + ["unplayable"] * 2 + ["refused"]
YEAR_START = datetime(2024, 1, 1, tzinfo=UTC)


def corpus(count: int, *, seed: int = 12, first: int = 0, stride: int = 1) -> Iterator[SearchDocument]:
    """The documents first, first + stride, … of a year with `count` recordings, in order of arrival. Each stands
    for itself, so several processes can make a share each."""
    step = timedelta(days=366) / count
    for n in range(first, count, stride):
        yield document(Random(seed * 1_000_003 + n), n, YEAR_START + step * n)


def document(chance: Random, n: int, received_at: datetime) -> SearchDocument:
    pick = chance.choice
    squad_number = min(chance.randrange(12), chance.randrange(14))
    squad_id, squad = SQUADS[squad_number]
    kind, matter, road = pick(KINDS), pick(MATTERS), pick(ROADS)
    officer, recorder = (
        f"{squad_number * 20 + chance.randrange(20) + 1:03}",
        f"R-{squad_number * 12 + chance.randrange(12):03}",
    )
    started = received_at - timedelta(minutes=chance.randrange(5, 2880))
    party = f"{pick(SURNAMES.split())}{pick(NAMES)}{pick(TRADES)}"
    address = f"{road}{chance.randrange(1, 400)}号{pick(PLACES)}"
    case = f"赣蓉江城管罚〔{started.year}〕{1 + n // 80}号" if chance.random() < 0.25 else None
    location = (
        (25.78 + chance.random() * 0.12, 114.86 + chance.random() * 0.14)
        if chance.random() < 0.6
        else (None, None)
    )
    texts = [f"{party}{matter}", address, party, squad, KIND_WORDS[kind], f"队员{officer}"]
    texts.append(f"{recorder}_{officer}_{started:%Y%m%d%H%M%S}_{chance.randrange(10000):04}.MP4")
    if chance.random() < 0.3:
        texts.append(f"{pick(FINDINGS)},车牌赣B{chance.randrange(100000):05}")
    return SearchDocument(
        recording_id=UUID(int=(int(received_at.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | chance.getrandbits(62)),
        received_at=received_at, squad_id=squad_id, state=pick(STATES), texts=tuple(texts),
        cases=(case,) if case else (), events=(UUID(int=0xE0_0000 + n // 3), f"HD{started:%Y%m}{n // 3:07}"),
        officers=(officer,), recorders=(recorder,), kinds=(kind,),
        tags=tuple(sorted(chance.sample(TAGS, min(chance.randrange(4), chance.randrange(4))))),
        media="photo" if n % 40 == 7 else "sound" if n % 40 == 9 else "video",
        linked=chance.random() < 0.85, recorded_from=started, lat=location[0], lon=location[1],
    )  # fmt: skip


NAMES = [a + b for a in "一二三大小新老东西南北福禄寿喜" for b in "宝家园味香和顺德仁义礼江山川"]
