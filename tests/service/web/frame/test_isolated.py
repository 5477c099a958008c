"""Words of somebody's own stand by themselves: a name in Arabic, or one with marks of direction, turns nothing beside
it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.kernel.templates import isolated

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
