"""Text in whatever encoding a program in China wrote it. Pure.

Told by the whole text: a first line of ASCII says nothing of the names below it.
"""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_MARKS_OF_ALL = re.compile(r"[\x00-\x7f·—-…、-】！-～]+")
_MOSTLY = 0.9
_SELDOM = 60
_USUAL = re.compile(r"[\t\r\n -~·—-…、-】一-龥！-～]")
_FEW = 0.2
# What stands in most Chinese and in most Korean texts and names: all bytes of the one are sound in the encoding of the other.
_OFTEN = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民"
    "得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并"
    "提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别手角期根论运农指几九区强放"
    "决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美"
    "再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广"
    "石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸"
    "历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红"
    "细引听该铁价严龙飞罚款违章占案扣押执城镇乡街村巷栋室楼店摊贩烟餐饮噪夜郎赵钱孙李吴郑冯陈褚卫蒋沈韩杨朱秦尤何吕施孔曹严"
    "魏陶姜谢邹窦苏潘葛范彭鲁韦昌苗凤方俞袁柳鲍唐费薛雷贺倪汤滕殷罗毕郝邬傅皮卞齐康伍余顾孟黄穆萧尹姚邵汪祁狄臧伏戴宋茅庞熊纪舒"
    "屈项祝董梁杜阮蓝闵季贾江童颜郭梅盛刁钟徐丘骆高夏蔡田樊胡凌霍万支柯管卢莫房缪丁宣邓郁单洪崔刚勇伟芳娜敏静丽娟艳军杰涛磊超霞鹏"
    "涵宇欣怡雨婷博雪梅玲桂兰英珍玉莉萍红文斌俊峰浩阳晨辉波宁鑫晓坤凯健买提艾力编码姓证类型标题抵离到达备注记仪"
)
_OFTEN_KOREAN = frozenset(
    "가각간감강개거건검결경계고공과관교구국군권규금기길김나남내년노는니다단담당대도동두드라량러로록류률를름리마만면명모목무문물미민박반방"
    "배백번범법변별보복부분비사산상생서석선설성세소속손송수순시식신실심아안양어업에여역연염영예오와완용우운원위유육윤으은을의이인일임입자작"
    "장재전점정제조종주준중증지직진차찬창채처천철청체최추출충치태토통특팀파판평표품하학한함해행향허현협형혜호홍화환황회효후훈희"
)
_BIG5_FREQUENT = range(0xA440, 0xC67F)
_ODD = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class NoText(ValueError):
    """`encoding` is what the bytes seem to be in, `place` the first that do not fit. `foreign`: they are sound, in an
    encoding that is not read here."""

    def __init__(self, encoding: str, place: int, *, foreign: bool = False) -> None:
        super().__init__(f"{encoding}, byte {place}")
        self.encoding, self.foreign = encoding, foreign


def decoded(data: bytes) -> str:
    """UTF-8 and UTF-16, with a mark or without, else GB 18030 (which holds GBK and GB 2312). What is written in Big5,
    Shift-JIS or in Korean is refused: read as GB 18030 it gives other names."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, len(mark))
    if wide := _wide(data):
        return wide
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _seems_utf_8(data):  # one broken byte among good ones: as GB 18030 every name would be another
            raise NoText("utf-8", error.start) from error
    text = ""
    with suppress(UnicodeDecodeError):
        text = data.decode("gb18030")
    if encoding := _foreign(data, text):
        raise NoText(encoding, _BEYOND_ASCII.search(data).start(), foreign=True)  # type: ignore[union-attr]
    return text or _decode(data, "gb18030")


def sent(raw: bytes) -> str:
    """A name or a few words as some client sent them: UTF-8, or the GB 18030 of a Chinese Windows. UnicodeDecodeError
    if it is neither."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def name_decoded(raw: bytes) -> str:
    """The same of a file's name; what is in neither encoding is replaced, for the bytes it names are sound."""
    try:
        return sent(raw)
    except UnicodeDecodeError:
        return raw.decode(errors="replace")


def _decode(data: bytes, encoding: str, before: int = 0) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NoText(encoding, before + error.start) from error


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: commas and line ends have a zero byte, mostly on one side; "" if it is none."""
    if len(data) % 2 or data.count(0) * _SELDOM < len(data):
        return ""
    encoding = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    with suppress(UnicodeDecodeError):
        text = data.decode(encoding)
        if not _ODD.search(text) and len(_USUAL.findall(text)) >= _MOSTLY * len(text):
            return text
    return ""


def _seems_utf_8(data: bytes) -> bool:
    fitting = sum(len(found) for found in _UTF_8.findall(data))
    return fitting >= _MOSTLY * len(_BEYOND_ASCII.findall(data))


def _foreign(data: bytes, text: str) -> str:
    """In which other encoding that nobody may guess at it seems to be written; "" if in none. `text`: as GB 18030, ""
    where it is none."""
    signs = _beyond_ascii(text)
    here = _share(signs, _is_chinese)
    for encoding, fits in _OTHERS.items():
        try:
            there = _beyond_ascii(data.decode(encoding))
        except UnicodeDecodeError:
            continue
        if not there or _share(there, fits) < _MOSTLY:
            continue
        if not signs or (here < 1 - _FEW and signs.total() * (1 - here) > 1):
            return encoding
        # Japanese writes its syllables in both; of Korean all bytes are sound in both
        if encoding == "euc_jp" and _share(there, _is_kana) >= _FEW and _share(signs, _is_kana) >= _FEW:
            return encoding
        often = _share(there, _OFTEN_KOREAN.__contains__)
        if encoding == "euc_kr" and often > 0.5 and _share(signs, _OFTEN.__contains__) < often / 2:
            return encoding
    return ""


def _beyond_ascii(text: str) -> Counter[str]:
    """Signs and letters of another alphabet, and how often; but for the marks that all of these encodings have."""
    return Counter(sign for sign in _MARKS_OF_ALL.sub("", text))


def _share(signs: Counter[str], fits: Callable[[str], bool]) -> float:
    return sum(times for sign, times in signs.items() if fits(sign)) / (signs.total() or 1)


def _is_chinese(sign: str) -> bool:
    """In simplified characters, or in the traditional ones that are in use."""
    try:
        return bool(sign.encode("gb2312"))
    except UnicodeEncodeError:
        return _is_traditional(sign)


def _is_traditional(sign: str) -> bool:
    code = sign.encode("big5", "ignore")
    return len(code) == 2 and int.from_bytes(code) in _BIG5_FREQUENT


def _is_kana(sign: str) -> bool:
    return "\u3041" <= sign <= "\u30fe" or "\uff66" <= sign <= "\uff9f"


def _is_japanese(sign: str) -> bool:
    """Kana, and the characters that Japan lists first."""
    code = sign.encode("shift_jis", "ignore")
    return _is_kana(sign) or (len(code) == 2 and 0x889F <= int.from_bytes(code) <= 0x9872)


def _is_korean(sign: str) -> bool:
    return "\uac00" <= sign <= "\ud7a3"


_OTHERS: dict[str, Callable[[str], bool]] = {
    "big5": _is_traditional,
    "shift_jis": _is_japanese,
    "euc_kr": _is_korean,
    "euc_jp": _is_japanese,
}
