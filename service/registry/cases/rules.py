"""Case numbers, however they are written. Pure."""

import re
import unicodedata

from service.kernel.i18n import gettext as _
from service.kernel.text import LIKE, fold, spaced, words

# 赣蓉江城管罚〔2024〕123号, also with 字, 第, zeros before the number, without brackets or 号
_CASE_NUMBER = re.compile(
    r"(?P<head>(?:.*\D)?)(?P<open>\(?)(?P<year>(?:19|20)\d\d)\)?年?(?:第|-|_)?0*(?P<number>\d{1,8})号?[),.;。]*"
)
_CASE_HEAD = re.compile(r"[一-鿿]")
# 案号：赣蓉江城管罚…, with or without the colon
_LABEL = r"(?:本?案(?:件|卷)?|立案|文书?|(?:行政)?(?:处罚)?决定书?)?(?:编号|文号|案号|书号|号码|号)"
_LABELS = re.compile(rf"^(?:.*:|{_LABEL})+")
# the same as a text processor sets it, with blanks before, in and behind the brackets
_BLANKS = re.compile(
    r"(?P<head>[^\s(),;:。]{0,30})(?P<apart>\s{0,8})\(\s{0,8}(?P<year>(?:19|20)\d\d)\s{0,8}\)\s{0,8}年?\s{0,8}"
    r"(?P<nth>第?)\s{0,8}(?P<number>\d{1,8})(?:\s{0,8}(?P<end>号))?"
)
_SAID_LABEL = re.compile(rf"^(?:[^:：]{{0,16}}[:：]|\s*{_LABEL})\s*")
_HIDDEN = ("Cc", "Cf", "Mn")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_SAID_BEFORE = re.compile(r"[^\s:,;。]{0,16}:\s{1,8}(?=[^\s:]{0,30}\()")
_COUNTED_BY = re.compile(
    r"[城管执综]|[罚字处决强改责查催扣拆告听]$"
)  # as heads of case numbers do, and names do not


def case_number_fold(text: str) -> str:
    """The same case however it was written: 案号：赣蓉江城管罚[2024]第0123 → 赣蓉江城管罚(2024)123.

    Text that is no case number of this form is folded, without a 号 at its end."""
    folded = fold(text)
    found = _CASE_NUMBER.fullmatch(folded)
    if not found:
        return folded.removesuffix("号")
    return f"{_head(found['head'])}({found['year']}){found['number']}"


def names_case(folded: str) -> bool:
    """A case number of this form, with the words of who counts them before it."""
    return bool(_CASE_NUMBER.fullmatch(folded) and _CASE_HEAD.search(case_number_fold(folded)))


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
    found = _CASE_NUMBER.fullmatch(fold(text))
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
        _("other zeros in front"): len(count) - len(_ZEROS.sub("", count)),
        _with("字"): bool(found and found["head"].endswith(("字", "字("))),
        **{_with(word): word in (count or text[-1:]) for word in "年第号"},
    }


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
    return f"{head}{apart}({found['year']}){found['nth']}{found['number']}{found['end'] or ''}"
