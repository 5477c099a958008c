"""Case numbers, however they are written. Pure."""

import re
import unicodedata

from service.kernel.i18n import gettext as _
from service.kernel.text import LIKE, fold, spaced, words

_DIGITS = {sign: n % 10 for n, sign in enumerate("〇一二三四五六七八九零壹贰叁肆伍陆柒捌玖")}
_DIGITS |= {"两": 2, "貳": 2, "參": 3, "陸": 6}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_NUMERALS = "".join((*_DIGITS, *_UNITS))
_YEARS = _NUMERALS + "0o"  # 二0二六, as it is typed
_IN_NUMERALS = re.compile(
    rf"(?<=\()[{_YEARS}]{{4,6}}(?=年?度?\))|(?<![{_YEARS}])[{_YEARS}]{{4,6}}(?=年)"
    rf"|(?<=[)年第])[{_NUMERALS}]{{1,10}}(?=号?[),.;。]*$)"
)
_ONE, _NIL = "".join(sign for sign, value in _DIGITS.items() if value), "[〇零]"
_TENS = f"[{_ONE}]?[十拾][{_ONE}]?"
_HUNDREDS = f"[{_ONE}][百佰](?:{_NIL}[{_ONE}]|{_NIL}?{_TENS})?"
_COUNTED = re.compile(  # 一百五 is 150 for one and 105 for another, so it is neither
    f"{_TENS}|{_HUNDREDS}|[{_ONE}][千仟](?:{_NIL}[{_ONE}]|{_NIL}{_TENS}|{_HUNDREDS})?"
)
# As they stand in the names of those who count cases, and nowhere else: 於 and 于 are two families.
_TRADITIONAL = str.maketrans(
    "號罰處決強執監環綜縣區國門開發書單達記證聽審複復議訴責許資質衛農業稅務鎮鄉東廣長陽龍華寧蘇贛滬閩魯晉遼陝雲貴隴"
    "瓊粵臺灣漢濟齊無錫鄭蘭銀場車運輸規劃築設園綠銷註補償當簡聯糾違繳費權歸檔總隊應機關辦廳員組結終認調詢問談筆錄現"
    "檢驗評項轉報請橋湖嶺馬鐵島萬興義樂順豐綿陰營臨濱滄邊連溫嘉紹羅",
    "号罚处决强执监环综县区国门开发书单达记证听审复复议诉责许资质卫农业税务镇乡东广长阳龙华宁苏赣沪闽鲁晋辽陕云贵陇"
    "琼粤台湾汉济齐无锡郑兰银场车运输规划筑设园绿销注补偿当简联纠违缴费权归档总队应机关办厅员组结终认调询问谈笔录现"
    "检验评项转报请桥湖岭马铁岛万兴义乐顺丰绵阴营临滨沧边连温嘉绍罗",
)
# 赣蓉江城管罚〔2024〕123号, also with 字, 第, No., 年, zeros before the number, without brackets or 号
_NTH = r"(?:第|no[.:]?|[#_-]){0,2}"
_CASE_NUMBER = re.compile(
    rf"(?P<head>(?:.*\D)?)(?P<open>\(?)(?P<year>(?:19|20)\d\d)年?度?\)?年?字?{_NTH}0*(?P<number>\d{{1,8}})号?[),.;。]*"
)
_CASE_HEAD = re.compile(r"[一-鿿]")
# 案号：赣蓉江城管罚…, with or without the colon
_LABEL = r"(?:本?案(?:件|卷)?|立案|文书?|(?:行政)?(?:处罚)?决定书?)?(?:编号|文号|案号|书号|号码|号)"
_LABELS = re.compile(rf"^(?:.*:|{_LABEL})+")
# the same as a text processor sets it, with blanks before, in and behind the brackets
_BLANKS = re.compile(
    rf"(?P<head>[^\s(),;:。]{{0,30}})(?P<apart>\s{{0,8}})\(\s{{0,8}}(?P<year>(?:19|20)\d\d|[{_YEARS}]{{4,6}})"
    r"\s{0,8}年?度?\s{0,8}\)\s{0,8}年?\s{0,8}"
    rf"(?P<nth>第?\s{{0,8}}(?:no[.:]?|#)?)\s{{0,8}}(?P<number>\d{{1,8}}|[{_NUMERALS}]{{1,10}})(?:\s{{0,8}}(?P<end>[号號]))?"
)
_SAID_LABEL = re.compile(rf"^(?:[^:：]{{0,16}}[:：]|\s*{_LABEL})\s*")
_HIDDEN = ("Cc", "Cf", "Mn")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_SAID_BEFORE = re.compile(r"[^\s:,;。]{0,16}:\s{1,8}(?=[^\s:]{0,30}\()")
_COUNTED_BY = re.compile(
    r"[城管执執综綜]|[罚罰字处處决決强強改责責查催扣拆告听聽]$"
)  # as heads of case numbers do, and names do not


def case_number_fold(text: str) -> str:
    """The same case however it was written: 案号：赣蓉江城管罰[二〇二四年]第0123號 → 赣蓉江城管罚(2024)123.

    Text that is no case number of this form is folded, without a 号 at its end."""
    folded, found = _read(text)
    if not found:
        return folded.removesuffix("号")
    return f"{_head(found['head'])}({found['year']}){found['number']}"


def names_case(folded: str) -> bool:
    """A case number of this form, with the words of who counts them before it."""
    return bool(_read(folded)[1] and _CASE_HEAD.search(case_number_fold(folded)))


def _read(text: str) -> tuple[str, re.Match[str] | None]:
    """It folded in simplified characters, and as a case number of this form."""
    folded = fold(text).translate(_TRADITIONAL)
    return folded, _CASE_NUMBER.fullmatch(_in_digits(folded))


def simplified(folded: str) -> str:
    """In the characters of case numbers."""
    return folded.translate(_TRADITIONAL)


def pieces(query: str) -> list[str]:
    """The words of a query, folded; a case number is one of them whatever blanks it is set with."""
    return words(_BLANKS.sub(_in_one, _SAID_BEFORE.sub("", spaced(query))))


def number_differs(number: str, other: str) -> str:
    """In what two numbers of one case are written differently, in the caller's language."""
    one, two = _written(number), _written(other)
    return _(", ").join(name for name in one if one[name] != two[name]) or _("other characters")


def _written(number: str) -> dict[str, object]:
    """What makes no difference in a case number, as it stands in this one."""
    label = _SAID_LABEL.match(number)
    text = number[label.end() :] if label else number
    folded, found = _read(text)
    count = found.string[found.end("year") :] if found else ""
    brackets = [sign for sign in text if fold(sign) in ("(", ")")]
    alone = [sign for sign in text if sign not in brackets and not sign.isspace()]
    wide = [sign for sign in alone if unicodedata.normalize("NFKC", sign) != sign]
    narrow = unicodedata.normalize("NFKC", "".join(alone))
    return {
        _("other words before it"): fold(label[0]) if label else "",
        _("other brackets"): brackets,
        _("other spaces"): sum(sign.isspace() for sign in text),
        _("a character that cannot be seen"): [
            sign for sign in text if unicodedata.category(sign) in _HIDDEN
        ],
        _("other quotation marks or dots"): [sign for sign in alone if not fold(sign) and sign.isprintable()],
        _("full-width characters"): wide,
        _("another letter case"): [sign for sign in narrow if sign.isascii() and sign.isupper()],
        _("another dash"): [sign for sign in text if LIKE.get(sign) == "-" or sign in "-_"],
        _("traditional characters"): [sign for sign in text if sign.translate(_TRADITIONAL) != sign],
        _("Chinese digits"): bool(found and found.string != folded),
        _("other zeros in front"): len(count) - len(_ZEROS.sub("", count)),
        _with("字"): bool(found and (found["head"].endswith(("字", "字(")) or "字" in count)),
        _with("No."): "no" in count or "#" in count,
        **{_with(word): word in (count or text[-1:]) for word in "年度第号"},
    }


def _in_digits(folded: str) -> str:
    return _IN_NUMERALS.sub(lambda found: str(_number(found[0])), folded)


def _number(said: str) -> int | str:
    """二〇二六, 二千零二十六, 十二; what is no number of one of these forms stays as it is."""
    if not any(sign in _UNITS for sign in said):
        return "".join(str(_DIGITS.get(sign, 0)) for sign in said)
    if not _COUNTED.fullmatch(said):
        return said
    total, digit = 0, 0
    for sign in said:
        if unit := _UNITS.get(sign):
            total, digit = total + max(digit, 1) * unit, 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def _with(word: str) -> str:
    return _("another use of {word}").format(word=word)


def _head(said: str) -> str:
    """Without label, brackets around the whole, or 字 at its end."""
    while (less := _LABELS.sub("", said).lstrip("(").rstrip("(").removesuffix("字")) != said:
        said = less
    return said


def _in_one(found: re.Match[str]) -> str:
    head = found["head"]
    apart = " " if found["apart"] and not _COUNTED_BY.search(head) else ""
    nth = "".join(found["nth"].split())
    return f"{head}{apart}({found['year']}){nth}{found['number']}{found['end'] or ''}"
