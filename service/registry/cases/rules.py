"""Case numbers, however they are written. Pure."""

import re

from service.kernel.text import fold

# 赣蓉江城管罚〔2024〕123号, also with 字, 第, zeros before the number, without brackets or 号
_CASE_NUMBER = re.compile(
    r"(?P<head>(?:.*\D)?)(?P<open>\(?)(?P<year>(?:19|20)\d\d)\)?年?(?:第|-|_)?0*(?P<number>\d{1,8})号?"
)
_CASE_HEAD = re.compile(r"[一-鿿]")


def case_number_fold(text: str) -> str:
    """The same case however it was written: 赣蓉江城管罚[2024]第0123 → 赣蓉江城管罚(2024)123.

    Text that is no case number of this form is folded, without a 号 at its end."""
    folded = fold(text)
    found = _CASE_NUMBER.fullmatch(folded)
    if not found:
        return folded.removesuffix("号")
    head = found["head"].rstrip("(").removesuffix("字")
    return f"{head}({found['year']}){found['number']}"


def names_case(folded: str) -> bool:
    """A case number of this form, with the words of who counts them before it."""
    return bool(_CASE_NUMBER.fullmatch(folded) and _CASE_HEAD.search(case_number_fold(folded)))
