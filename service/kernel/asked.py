"""How much a request may ask for: bounds of what stands in its address, and of the words looked for in lists."""

from collections import Counter
from typing import TYPE_CHECKING

from service.kernel.errors import BadRequest, ServiceError
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n

if TYPE_CHECKING:  # whoever looks for words loads no web
    from starlette.requests import Request

LONGEST = 500
LONGEST_PLACE = 4000
PLACES = frozenset({"cursor", "next"})
"""Written by the service itself, from what it was asked before."""
MOST_OF_ONE = 50
MOST_VALUES = 200
MOST_WORDS = 10
MOST_CHARACTERS = 200


class QueryTooLong(ServiceError):
    status, type = 400, "search-query-too-long"
    sentence = _n("Search for at most {words} words and {characters} characters.")


def longest(name: str) -> int:
    return LONGEST_PLACE if name in PLACES else LONGEST


def check_address(request: "Request") -> None:
    """For every route alike, and said of every parameter in the API's document."""
    asked = request.query_params.multi_items()
    for name, value in (*request.path_params.items(), *asked):
        if isinstance(value, str) and len(value) > longest(name):
            problem = _("at most {most} characters").format(most=longest(name))
            raise BadRequest(field=name[:LONGEST], problem=problem)
    for name, count in Counter(name for name, _value in asked).items():
        if count > MOST_OF_ONE:
            problem = _("at most {most} of them").format(most=MOST_OF_ONE)
            raise BadRequest(field=name[:LONGEST], problem=problem)
    if len(asked) > MOST_VALUES:
        raise BadRequest(field="query", problem=_("at most {most} of them").format(most=MOST_VALUES))


def few(words: list[str]) -> list[str]:
    """The words of a query, folded: each is looked for in every row of a list."""
    if len(words) > MOST_WORDS or sum(map(len, words)) > MOST_CHARACTERS:
        raise QueryTooLong(words=MOST_WORDS, characters=MOST_CHARACTERS)
    return words
