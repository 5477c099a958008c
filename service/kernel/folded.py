"""Text compared within a statement as `service.kernel.text.fold` spells it: for lists that have no search documents."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, true

from service.kernel.text import DROPPED, LIKE, NAME_DOT

_BETWEEN = "\ue000"  # of private use: no word holds it
_PLAIN = f"^[一-鿿A-Za-z0-9(),:_/{_BETWEEN}-]*$"


def stands_in(folded: str, *columns: Any) -> ColumnElement[bool]:
    """Whether the folded word stands in the text of one of these columns."""
    text = func.concat_ws(_BETWEEN, *columns)
    alike = func.translate(
        func.lower(func.normalize(text, literal_column("NFKC"))), "".join(LIKE), "".join(LIKE.values())
    )
    seen = func.regexp_replace(func.regexp_replace(alike, DROPPED, "", "g"), NAME_DOT, "", "g")
    return func.strpos(case((text.op("~")(_PLAIN), func.lower(text)), else_=seen), literal(folded)) > 0


def all_stand_in(words: Iterable[str], *columns: Any) -> ColumnElement[bool]:
    return and_(true(), *(stands_in(word, *columns) for word in words))
