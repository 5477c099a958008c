"""The order in which a recorder filmed, by the numbers that it gave its files. Pure.

It counts on whatever its clock does. What counts is another number in each file of a card, and few are left out:
certificate numbers, serials and days, which stand in names too, are not like that.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from uuid import UUID

from service.registry.conventions.usual_names import TIME, without_times

Number = tuple[str, int, int]  # the name without it; digits; what it says

LEFT_OUT = (
    4  # of so many files of a card one is there at least: the rest were deleted, or lie in another folder
)
_COUNTED = re.compile(rf"^(.*?)(\d{{2,8}})([^\d{TIME}]*)$")


def number_of(file_name: str, officer: str = "") -> Number | None:
    """The last digits of the name, unless they are part of a time, stand before one, or are the `officer`'s number."""
    stem = file_name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    found = _COUNTED.match(without_times(stem))
    if found is None or found[2] == officer:
        return None
    shape = re.sub(r"\d", "0", f"{found[1]}#{found[3]}").casefold()
    return shape, len(found[2]), int(found[2])


def in_order(numbers: Mapping[UUID, Number | None]) -> dict[UUID, int]:
    """Their places on a card; nothing unless all of them are numbered alike, each by its own number."""
    known = {one: number for one, number in numbers.items() if number is not None}
    if len(known) < max(2, len(numbers)) or len({number[:2] for number in known.values()}) > 1:
        return {}
    counted = sorted(known, key=lambda one: known[one][2])
    values = [known[one][2] for one in counted]
    if len(set(values)) < len(values):
        return {}
    steps = [after - before for before, after in pairwise(values)]
    widest = max(range(len(steps)), key=steps.__getitem__)
    begun_anew = steps[widest] > 10 ** known[counted[0]][1] // 2  # after 9999 comes 1
    if begun_anew:
        counted = counted[widest + 1 :] + counted[: widest + 1]
        steps.pop(widest)
    if sum(steps) >= LEFT_OUT * len(counted):
        return {}
    return {one: place for place, one in enumerate(counted)}
