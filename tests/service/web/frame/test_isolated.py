"""Words of somebody's own stand by themselves: a name in Arabic, or one with marks of direction, turns nothing beside
it."""

import dataclasses
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.kernel.i18n import speaking
from service.kernel.isolating import in_plain_text, isolated
from service.kernel.templates import environment
from service.web.frame import rendering
from service.web.frame.views import Shell, Viewer
from tests.browser import samples

WEB = Path(__file__).parents[4] / "service" / "web"
NAMES = ("filename", "file_name", "title", "note", "party", "place", "object")
PART = re.compile(
    r"\{\{-?\s*(?P<printed>.*?)\s*-?\}\}|(?P<block>\{% block title %\})|(?P<end>\{% endblock %\})|\{%.*?%\}|\{#.*?#\}"
    r"|(?P<closed></(?:title|textarea|option|text)>)|<(?P<plain>title|textarea|option|text)\b"
    r"|(?P<tag><(?=[a-zA-Z/!]))|(?P<out>>)",
    re.DOTALL,
)
RAW = re.compile(rf"^(?:\w+(?:\.\w+)*\.)?(?:{'|'.join(NAMES)})(?:\s+or\s+.*)?$")


def printed_as_text(template: str) -> Iterator[str]:
    """What is printed where markup may stand: not in a tag, and not where a browser knows no markup."""
    in_tag, plain = False, 0
    for part in PART.finditer(template):
        if part["printed"] is not None:
            if not in_tag and not plain:
                yield part["printed"]
        elif part["block"]:
            plain += 1
        elif part["end"] or part["closed"]:
            plain = max(0, plain - 1)
        elif part["plain"]:
            plain, in_tag = plain + 1, True
        elif part["tag"]:
            in_tag = True
        elif part["out"]:
            in_tag = False


@pytest.mark.parametrize("template", sorted(WEB.rglob("*.html")), ids=lambda path: str(path.relative_to(WEB)))
def test_no_template_shows_a_name_raw(template: Path) -> None:
    raw = [one for one in printed_as_text(template.read_text(encoding="utf-8")) if RAW.match(one)]
    assert not raw, f"write {{{{ {raw[0]}|isolated }}}}"


def test_a_raw_name_would_be_found() -> None:
    found = list(printed_as_text('<a title="{{ a.title }}">{{ b.title }}</a><option>{{ c.title }}</option>'))
    assert found == ["b.title"] and RAW.match(found[0])


def test_an_isolated_name_is_escaped() -> None:
    assert isolated("<b>\u202e") == "<bdi>&lt;b&gt;\u202e</bdi>"


NAME = "\u202eمحمد"


def printed(template: str, **words: object) -> str:
    return environment(WEB).from_string(template).render(**words)


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("<p>{{ a }}</p>", f"<p><bdi>{NAME}</bdi></p>"),
        ("<p>{{ none or a }} {{ plain }}</p>", f"<p><bdi>{NAME}</bdi> 队员 001</p>"),
        ("<b {% if a %}class='x > y'{% endif %}>{{ a }}</b>", f"<b class='x > y'><bdi>{NAME}</bdi></b>"),
        ('<input value="{{ a }}"><br/>{{ a }}', f'<input value="{NAME}"><br/><bdi>{NAME}</bdi>'),
        ('<i title="{{ a }}:">', f'<i title="\u2068{NAME}\u2069:">'),
        ('<option value="{{ a }}">{{ a }}</option>', f'<option value="{NAME}">\u2068{NAME}\u2069</option>'),
        ("<textarea>{{ a }}</textarea>{{ a }}", f"<textarea>{NAME}</textarea><bdi>{NAME}</bdi>"),
        ("{% block title %}{{ a }}{% endblock %}<p>{{ a }}", f"\u2068{NAME}\u2069<p><bdi>{NAME}</bdi>"),
        ("<!-- <p> -->{{ a }}", f"<!-- <p> --><bdi>{NAME}</bdi>"),
        ("<p>{{ _('Party') }} {{ a|isolated }}", f"<p>Party <bdi>{NAME}</bdi>"),
        ("<p>{% trans who=a %}by {{ who }}{% endtrans %}", f"<p>by \u2068{NAME}\u2069"),
        ("<p>{{ _('by %(who)s', who=a) }}", f"<p>by \u2068{NAME}\u2069"),
        ("<p>{{ [a, plain]|join(_('; ')) }}", f"<p>\u2068{NAME}\u2069; 队员 001"),
        ("<p>{{ [plain, a]|join('-') }}", f"<p><bdi>队员 001-\u2068{NAME}\u2069</bdi>"),
    ],
)
def test_whatever_is_printed_stands_by_itself_where_it_could_turn_others(template: str, shown: str) -> None:
    with speaking("en"):
        assert printed(template, a=NAME, plain="队员 001", none="") == shown


@given(st.text(alphabet="ab \u2066\u2067\u2068\u2069\u202e\u05d0", max_size=12))
def test_no_name_ends_its_own_isolation(name: str) -> None:
    for shown in (isolated(name)[5:-6], in_plain_text(name).removeprefix("\u2068").removesuffix("\u2069")):
        depth = 0
        for mark in shown:
            depth += (mark in "\u2066\u2067\u2068") - (mark == "\u2069")
            assert depth >= 0
        assert depth == 0


def turned(value: Any) -> Any:
    """Where a made-up name stands, one that turns what follows."""
    if isinstance(value, str):
        return value + NAME if re.search("队员|中队|采集站|脚本|R-|ZL-", value) else value
    if isinstance(value, dict):
        return {key: turned(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(turned(one) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field for field in dataclasses.fields(value) if field.init]
        return dataclasses.replace(
            value, **{field.name: turned(getattr(value, field.name)) for field in fields}
        )
    return value


class Shown(HTMLParser):
    """The texts of a page in which a name stands beside something else."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.apart = 0
        self.beside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if NAME in data:
            self.apart += 1
            if not {"bdi", "textarea", "script"}.intersection(self.within) and NAME in re.sub(
                "\u2068[^\u2069]*\u2069", "", data
            ):
                self.beside.append(data)


@pytest.mark.parametrize("number", range(len(samples.pages())))
def test_no_page_lets_a_name_turn_what_stands_beside_it(number: int) -> None:
    path, _role, template, context = samples.pages()[number]
    viewer = Viewer(f"队员 001{NAME}", f"officer{NAME}", "supervisor", f"二中队{NAME}")
    shown = Shown()
    shown.feed(rendering.text(template, Shell(viewer, csrf_token="x"), **turned(context)))
    assert shown.apart and not shown.beside, path
