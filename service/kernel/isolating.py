"""Whatever a template prints that could turn what stands beside it stands by itself: a name in Arabic, or one with marks
of direction, whoever gave it. In markup by `<bdi>`, where a browser knows no markup by the marks that mean the same.

Where something is printed is known when a template is read, so that no template has to think of it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from jinja2 import Environment, pass_eval_context
from jinja2.ext import Extension
from jinja2.filters import make_attrgetter, sync_do_join
from jinja2.lexer import Token, TokenStream
from jinja2.nodes import EvalContext
from markupsafe import Markup

_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_MARKS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
TURNS = re.compile(f"[{_RIGHT_TO_LEFT}{_MARKS}]")
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
FIRST_STRONG, END = "\u2068", "\u2069"


def _ends_nothing(text: str) -> str:
    """An end of isolation without its beginning would end ours."""
    depth = 0
    for mark in text:
        if mark in "\u2066\u2067\u2068":
            depth += 1
        elif mark == END:
            depth -= 1
        if depth < 0:
            return text.translate(_ISOLATES)
    return text if depth == 0 else text.translate(_ISOLATES)


def isolated(text: object) -> Markup:
    """Words of somebody's own, by themselves: whatever their direction, what stands beside them stays as it is."""
    return Markup("<bdi>{}</bdi>").format(_ends_nothing(str(text)))


def in_markup(value: Any) -> Any:
    if hasattr(value, "__html__") or TURNS.search(text := str(value)) is None:
        return value
    return isolated(text)


def in_plain_text(value: Any) -> Any:
    if hasattr(value, "__html__") or TURNS.search(text := str(value)) is None:
        return value
    return f"{FIRST_STRONG}{_ends_nothing(text)}{END}"


@pass_eval_context
def joined(
    context: EvalContext, values: Iterable[Any], between: str = "", attribute: str | int | None = None
) -> str:
    """As Jinja's own, but none of them turns the next."""
    if attribute is not None:
        values = map(make_attrgetter(context.environment, attribute), values)
    return sync_do_join(context, map(in_plain_text, values), between)


Place = Literal["markup", "plain", "raw"]
FILTERS = {"markup": "in_markup", "plain": "in_plain_text"}
SPOKEN = frozenset({"title", "alt", "aria-label", "aria-description", "data-label", "label", "hx-confirm"})
PLAIN = frozenset({"title", "option", "text", "tspan"})
RAW = frozenset({"textarea", "script", "style"})
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][\w-]*)|<!--|<!|<$")
_IN_TAG = re.compile(r"(?P<attribute>[^\s\"'<>/=]+)\s*=\s*(?P<quote>[\"'])|(?P<out>>)")


class Reading:
    """Of a template's own text, in the order in which it stands: where the next thing is printed."""

    def __init__(self) -> None:
        self.within: list[str] = []  # elements whose text is no markup
        self.tag = self.attribute = self.quote = ""
        self.closes = self.comment = False

    @property
    def place(self) -> Place:
        if self.comment:
            return "raw"
        if self.tag:
            return "plain" if self.quote and self.attribute in SPOKEN else "raw"
        if not self.within:
            return "markup"
        return "raw" if RAW.intersection(self.within) else "plain"

    def read(self, data: str) -> None:
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def _step(self, data: str, at: int) -> int:
        if self.comment:
            end = data.find("-->", at)
            self.comment = end < 0
            return len(data) if end < 0 else end + 3
        if self.quote:
            end = data.find(self.quote, at)
            if end < 0:
                return len(data)
            self.quote = self.attribute = ""
            return end + 1
        if self.tag:
            found = _IN_TAG.search(data, at)
            if found is None:
                return len(data)
            if found["out"]:
                self._leave_tag(data[found.start() - 1] == "/")
            else:
                self.attribute, self.quote = found["attribute"].lower(), found["quote"]
            return found.end()
        found = _TAG.search(data, at)
        if found is None:
            return len(data)
        if found[0] == "<!--":
            self.comment = True
        else:
            self.tag, self.closes = (found["name"] or "!").lower(), bool(found["end"])
        return found.end()

    def _leave_tag(self, empty: bool) -> None:
        if self.tag in PLAIN or self.tag in RAW:
            if not self.closes and not empty:
                self.within.append(self.tag)
            elif self.closes and self.tag in self.within:
                self.within.remove(self.tag)
        self.tag = ""


class Isolating(Extension):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters |= {"in_markup": in_markup, "in_plain_text": in_plain_text, "join": joined}

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        reading, printed_as = Reading(), ""
        titled = spoken = False
        words: list[str] = []  # of a statement
        for token in stream:
            if token.type == "data" and not titled:
                reading.read(token.value)
            elif token.type == "block_begin":
                words = []
            elif token.type == "name" and len(words) < 2:
                words.append(token.value)
            elif token.type == "block_end" and words:
                if words[0] in ("trans", "endtrans"):  # a sentence, which isolates its words itself
                    spoken = words[0] == "trans"
                elif words == ["block", "title"]:  # it is put where the frame has its title
                    titled = True
                elif words[0] == "endblock":
                    titled = False
            if token.type == "variable_end" and printed_as:
                yield Token(token.lineno, "rparen", ")")
                yield Token(token.lineno, "pipe", "|")
                yield Token(token.lineno, "name", printed_as)
                printed_as = ""
            yield token
            if token.type == "variable_begin" and not spoken:
                printed_as = FILTERS.get("plain" if titled else reading.place, "")
                if printed_as:
                    yield Token(token.lineno, "lparen", "(")
