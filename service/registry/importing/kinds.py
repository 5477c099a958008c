"""What can be imported as a table, in the order in which a new installation needs it; and what its columns mean."""

import enum
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from schemas.events import EventKind
from schemas.matters import Duty, Moment, Step
from schemas.recorders import RecorderState
from service.kernel import i18n
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.kernel.words import Word
from service.registry.cases.importers import CampaignImporter, CaseImporter
from service.registry.clocks.importers import ClockOffsetImporter
from service.registry.events.importers import EventImporter
from service.registry.events.words import KINDS
from service.registry.importing.actions import Importer
from service.registry.importing.errors import NoSuchImport
from service.registry.importing.words import IMPORT_KINDS
from service.registry.matters.importers import MatterImporter
from service.registry.matters.words import DUTIES, MOMENTS, STEPS
from service.registry.people.importers import OfficerImporter, RosterImporter, SquadImporter
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter
from service.registry.recorders.words import RECORDER_STATES


@dataclass(frozen=True)
class ImportKind:
    name: str
    importer: type[Importer]

    @property
    def word(self) -> Word:
        return IMPORT_KINDS[self.name]


_IMPORTERS: tuple[type[Importer], ...] = (
    SquadImporter,
    OfficerImporter,
    RecorderImporter,
    AssignmentImporter,
    ClockOffsetImporter,
    RosterImporter,
    CaseImporter,
    CampaignImporter,
    EventImporter,
    MatterImporter,
)
IMPORTS: dict[str, ImportKind] = {one.kind: ImportKind(one.kind, one) for one in _IMPORTERS}

_LONGEST_SAID = 40

_WORDS: dict[type, Mapping[str, Word]] = {
    EventKind: KINDS,
    RecorderState: RECORDER_STATES,
    Duty: DUTIES,
    Moment: MOMENTS,
    Step: STEPS,
}


# What a column of text refers to, whichever table it stands in.
_SAID: dict[str, str] = {
    "external_id": _n("its number in the other system, by which the row is known the next time"),
    "squad": _n("code or name of a squad"),
    "officer": _n("certificate number of an officer"),
    "officers": _n("certificate numbers of those who took part, parted by 、"),
    "recorder": _n("serial number of a recorder"),
    "model": _n("code of a recorder model"),
    "case": _n("case number, however it is written"),
    "campaign": _n("external id or name of a campaign"),
    "starts_at": _n("time, for instance 2026-03-02 08:10; with a day also 08:10"),
    "ends_at": _n("time, for instance 2026-03-02 16:00; with a day also 16:00, or 08:00 of the next day"),
    "held_to": _n("time; empty while it is still held"),
    "hand_over": _n("yes: from then on nobody else holds this recorder"),
    "left_on": _n("the first day on which the officer is no longer there"),
    "retention_days": _n("number of days, or permanent (永久); empty is permanent"),
    "subject": _n("what it is about, by code or word; empty: any other subject of that kind"),
    "offset_s": _n("seconds that the clock was fast; slow with a minus"),
    "device_time": _n("in place of the seconds: what the recorder showed at that time"),
    "doubt_s": _n("right within ± so many seconds"),
    "battery_percent": _n("0 to 100, when it last sat in its dock"),
}


def import_kind(name: str) -> ImportKind:
    if name not in IMPORTS:
        raise NoSuchImport(name=name)
    return IMPORTS[name]


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
                meaning=_(_SAID[name]) if name in _SAID else _meaning(info.annotation, info.metadata),
            )
        )
    return sorted(found, key=lambda column: not column.required)


def problem_of(importer: type[Importer], error: ValidationError) -> str:
    """Why a row cannot be read, with the name of the column as the table has it."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    column = next((one for one in columns(importer) if one.field == name), None)
    if column is None:
        return first["msg"]
    title = column.header if i18n.current() == "zh_CN" else name
    said = first["input"]
    if first["type"] == "missing" or said is None:
        return _("{column} is missing").format(column=title)
    said = str(said)
    short = f"{said[:_LONGEST_SAID]}…" if len(said) > _LONGEST_SAID else said
    return _("{column}: “{said}” cannot be read; needed is: {meaning}").format(
        column=title, said=short, meaning=column.meaning
    )


def template_table(kind: ImportKind) -> tuple[str, list[str], list[list[str]]]:
    """An empty table: its title, its Chinese headers, and what a second sheet explains of each column."""
    found = columns(kind.importer)
    notes = [[_("Column"), _("Field"), _("Needed"), _("What it holds"), _("Other names")]] + [
        [c.header, c.field, _("yes") if c.required else "", c.meaning, "、".join(c.also)] for c in found
    ]
    return str(kind.word.label), [c.header for c in found], notes


def _meaning(annotation: Any, metadata: list[Any]) -> str:
    kind, several = _plain(annotation)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        words = _WORDS.get(kind, {})
        allowed = [str(words[code].label) if code in words else str(code) for code in kind]
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
        low = next((m.ge for m in metadata if hasattr(m, "ge")), None)
        high = next((m.le for m in metadata if hasattr(m, "le")), None)
        if low is not None and high is not None:
            return _("number from {low} to {high}").format(low=low, high=high)
        return _("number")
    longest = next((m.max_length for m in metadata if getattr(m, "max_length", None)), None)
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
