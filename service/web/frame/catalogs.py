"""`python -m service.web.frame.catalogs [fragment.po …]`: brings the Chinese catalog in line with the code.

New sentences are added (with the fragments' Chinese where there is one), dead ones go, and those still
without Chinese are listed. With `--check` nothing is written; it fails until the catalog is in line and complete.
"""

import re
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).parents[3]
CHINESE = REPOSITORY / "service/web/frame/locales/zh_CN/LC_MESSAGES/messages.po"
KEYWORDS = ("_", "_l", "_n", "lazy", "noop", "gettext", "ngettext:1,2")
PASSING = re.compile(
    r'"(POT-Creation|PO-Revision|Last-Trans|Language-Team|Report-Msgid|Generated-By)[^\n]*\n'
)


def key(message: Message) -> str:
    sentence = message.id
    return sentence if isinstance(sentence, str) else sentence[0]


def said(message: Message) -> str:
    """The Chinese: one form, whatever the number."""
    forms = message.string or ("",)
    return forms if isinstance(forms, str) else forms[0]


def read(file: Path) -> Catalog:
    return read_po(BytesIO(file.read_bytes()), locale="zh_CN")


def used() -> Catalog:
    """All sentences in code and templates."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "messages.pot"
        words = [part for keyword in KEYWORDS for part in ("-k", keyword)]
        mapping, sources = REPOSITORY / "babel.cfg", str(REPOSITORY)
        arguments = [
            "pybabel",
            "-q",
            "extract",
            "--no-location",
            "-F",
            str(mapping),
            "-o",
            str(target),
            *words,
        ]
        CommandLineInterface().run([*arguments, sources])
        return read_po(BytesIO(target.read_bytes()))


def merged(sentences: Catalog, sources: list[Catalog]) -> Catalog:
    known = {key(m): said(m) for source in sources for m in source if m.id and said(m)}
    made = Catalog(locale="zh_CN", project="Zhenglu", version="1", charset="utf-8", fuzzy=False)
    made.header_comment = (
        "# Chinese of Zhenglu 证录; the keys are the English sentences in code and templates."
    )
    for message in sentences:
        if message.id:
            chinese = known.get(key(message), "")
            made.add(message.id, chinese if isinstance(message.id, str) else (chinese,), flags=message.flags)
    return made


def write(catalog: Catalog, file: Path) -> None:
    out = BytesIO()
    write_po(out, catalog, width=110, sort_output=True)
    # Babel would call it zh_Hans_CN, a name under which nothing is ever found, and date it anew each time.
    text = PASSING.sub("", out.getvalue().decode()).replace("zh_Hans_CN", "zh_CN")
    file.write_text(text, encoding="utf-8")


def stale(catalog: Catalog) -> list[str]:
    """What keeps the catalog from being in line with the code, a sentence each."""
    needed = {key(message) for message in used() if message.id}
    translated = {key(message) for message in catalog if message.id and said(message)}
    return [
        *(f"without Chinese: {sentence}" for sentence in sorted(needed - translated)),
        *(f"no longer used: {sentence}" for sentence in sorted(translated - needed)),
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        problems = stale(read(CHINESE))
        if not problems:
            sys.exit()
        sys.exit("\n".join([*problems, "run python -m service.web.frame.catalogs, then fill messages.po"]))
    catalog = merged(used(), [*map(read, map(Path, sys.argv[1:])), read(CHINESE)])
    write(catalog, CHINESE)
    for message in catalog:
        if message.id and not said(message):
            print(f"without Chinese: {key(message)}")
