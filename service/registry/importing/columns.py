"""What the columns of a table mean, in words."""

import enum
import types
import typing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from service.kernel import i18n
from service.kernel.errors import first_fault
from service.kernel.i18n import gettext as _
from service.registry.importing.importer import Importer

_LONGEST_SAID = 40


@dataclass(frozen=True)
class Column:
    """`header`: as a Chinese table says it; `also`: other headers that mean the same."""

    field: str
    header: str
    also: list[str]
    required: bool
    meaning: str


def columns(importer: type[Importer]) -> list[Column]:
    """In the order of the model's fields, what identifies a row first."""
    headers: dict[str, list[str]] = {}
    for header, name in importer.headers.items():
        headers.setdefault(name, []).append(header)
    found = []
    for name, info in importer.model.model_fields.items():
        said = headers.get(name, [])
        found.append(
            Column(
                field=name,
                header=said[0] if said else name,
                also=[*said[1:], name] if said else [],
                required=info.is_required(),
                meaning=_meaning(importer, name, info),
            )
        )
    return sorted(found, key=lambda column: not column.required)


def problem_of(importer: type[Importer], error: ValidationError) -> str:
    """Why a row cannot be read, with the name of the column as the table has it."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    column = next((one for one in columns(importer) if one.field == name), None)
    if column is None:
        return first_fault([first])[1]
    said = first["input"]
    if first["type"] == "missing" or said is None:
        return _("{column} is missing").format(column=title(column))
    return unreadable(importer, name, said)


def unreadable(importer: type[Importer], name: str, said: Any, problem: str = "") -> str:
    """Why a cell of this field cannot be read. `problem`: what there is to say beside what is needed."""
    column = next(one for one in columns(importer) if one.field == name)
    said = str(said)
    short = f"{said[:_LONGEST_SAID]}…" if len(said) > _LONGEST_SAID else said
    sentence = (
        _("{column}: “{said}” cannot be read: {problem}; needed is: {meaning}")
        if problem
        else _("{column}: “{said}” cannot be read; needed is: {meaning}")
    )
    return sentence.format(column=title(column), said=short, meaning=column.meaning, problem=problem)


@cache
def numbers(importer: type[Importer]) -> frozenset[str]:
    """The fields that hold a number."""
    fields = importer.model.model_fields.items()
    return frozenset(name for name, info in fields if _plain(info.annotation)[0] in (int, float))


def title(column: Column) -> str:
    """As the reader of this language knows it."""
    return column.header if i18n.current() == "zh_CN" else column.field


def template_table(importer: type[Importer]) -> tuple[str, list[str], list[list[str]]]:
    """An empty table: its title, its Chinese headers, and what a second sheet explains of each column."""
    found = columns(importer)
    notes = [[_("Column"), _("Field"), _("Needed"), _("What it holds"), _("Other names")]] + [
        [c.header, c.field, _("yes") if c.required else "", c.meaning, "、".join(c.also)] for c in found
    ]
    return str(importer.word.label), [c.header for c in found], notes


def _meaning(importer: type[Importer], name: str, info: FieldInfo) -> str:
    if name in importer.meanings:
        return _(importer.meanings[name])
    kind, several = _plain(info.annotation)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        words = importer.words.get(kind, {})
        codes = [str(code) for code in kind]
        allowed = [str(words[code].label) if code in words else code for code in codes]
        return (_("several of: {words}") if several else _("one of: {words}")).format(
            words="、".join(allowed)
        )
    if several:
        return _("several, parted by 、")
    if kind is datetime:
        return _("time, for instance {example}").format(example="2026-03-02 08:10")
    if kind is date:
        return _("day, for instance {example}").format(example="2026-03-02")
    if kind is bool:
        return _("yes or no")
    if kind in (int, float):
        low = next((m.ge for m in info.metadata if hasattr(m, "ge")), None)
        high = next((m.le for m in info.metadata if hasattr(m, "le")), None)
        if low is not None and high is not None:
            return _("number from {low} to {high}").format(low=low, high=high)
        return _("number")
    longest = next((m.max_length for m in info.metadata if getattr(m, "max_length", None)), None)
    return _("text, at most {n} characters").format(n=longest) if longest else _("text")


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The type inside Optional, Annotated and list, and whether it is a list."""
    several = False
    while True:
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
        elif origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin is list:
            several, annotation = True, typing.get_args(annotation)[0]
        else:
            return annotation, several
