"""Frozen rows as lines of a table, for pages, spreadsheets and the notice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from schemas.coverage import CoverageSnapshot
from service.finding.linking.words import LINKS
from service.footage.recordings.words import STATES
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, moment
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import Subjects
from service.registry.recorders.words import RECORDER_STATES
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS, PLACES, STATUSES
from service.supervision.snapshots.queries import FrozenRow

STANDINGS = {
    "linked": lazy("linked"),
    "unlinked": lazy("not linked"),
    "refused": EXCLUSIONS["refused"],
    "announced": EXCLUSIONS["announced"],
    "within_grace": EXCLUSIONS["within_grace"],
    "good": lazy("in order"),
    "bad": lazy("not in order"),
    "unmeasured": EXCLUSIONS["unmeasured"],
    "not_in_use": EXCLUSIONS["not_in_use"],
}
ABOUT = {
    About.event: lazy("Events"),
    About.recording: lazy("Recordings"),
    About.link: lazy("Links"),
    About.recorder: lazy("Recorders"),
    About.duty_day: lazy("Days on duty"),
}


@dataclass(frozen=True)
class Names:
    """Of squads, as they were called then; of subjects, as they are called now."""

    squads: dict[str, str]
    subjects: Subjects

    @classmethod
    def of(cls, snapshot: CoverageSnapshot, subjects: Subjects) -> "Names":
        found = {
            one["keys"]["squad"]["value"]: one["keys"]["squad"]["label"]
            for basis in snapshot.figures.values()
            for one in basis["squads"]
        }
        return cls(found, subjects)

    def squad(self, one: FrozenRow) -> str:
        return self.squads.get(str(one.row.squad_id), str(one.row.squad_id))


@dataclass(frozen=True)
class Column:
    """`page`: also shown on the page, where the whole row has no room."""

    title: object
    read: Callable[[FrozenRow, Names], Any]
    page: bool = False


def columns(about: About) -> Sequence[Column]:
    return COLUMNS[about]


def event_number(row: dict[str, Any], subject_id: Any) -> str:
    """The number that the bureau knows it by, else the beginning of our id."""
    return row["event"]["external_id"] or str(subject_id)[:13]


def gaps(row: dict[str, Any]) -> str:
    return _("; ").join(gap_sentence(one) for one in row["coverage"]["gaps"])


def gap_sentence(gap: Sequence[Any]) -> str:
    start, end, place, explained = gap
    since, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
    minutes = round((until - since).total_seconds() / 60, 1)
    said = _("{place} {since}–{until} ({n} min)").format(
        place=PLACES[place], since=moment(since, "hour"), until=moment(until, "hour"), n=f"{minutes:g}"
    )
    return said + (_(", explained") if explained else "")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _event(name: str) -> Callable[[FrozenRow, Names], Any]:
    return lambda one, names: one.row.row["event"][name]


def _kept(name: str) -> Callable[[FrozenRow, Names], Any]:
    return lambda one, names: one.row.row["coverage"][name]


def _kept_time(name: str) -> Callable[[FrozenRow, Names], Any]:
    return lambda one, names: _time(one.row.row["coverage"][name])


def _shown(one: FrozenRow, names: Names) -> int | None:
    """None: frozen by the first counting rule, which did not ask."""
    return one.row.row["coverage"].get("shown")


def _plain(name: str) -> Callable[[FrozenRow, Names], Any]:
    return lambda one, names: one.row.row[name]


def _plain_time(name: str) -> Callable[[FrozenRow, Names], Any]:
    return lambda one, names: _time(one.row.row[name])


def _standing(name: str) -> Callable[[FrozenRow, Names], Any]:
    def read(one: FrozenRow, names: Names) -> str:
        state = one.row.row["standings"].get(name)
        return str(STANDINGS[state]) if state else ""

    return read


def _excluded(one: FrozenRow, names: Names) -> str:
    kept = one.row.row["coverage"]
    if kept["excluded"]:
        return str(EXCLUSIONS[kept["excluded"]])
    return str(EXEMPTIONS[kept["exempt"]]) if kept["exempt"] else ""


def _status(one: FrozenRow, names: Names) -> str:
    return str(STATUSES[one.counted.status].label) if one.counted.status else ""


def _squad(one: FrozenRow, names: Names) -> str:
    return names.squad(one)


def _link_state(name: str) -> Callable[[FrozenRow, Names], Any]:
    def read(one: FrozenRow, names: Names) -> str:
        state = one.row.row[name]
        return str(LINKS[state].label) if state in LINKS else state or ""

    return read


COLUMNS: dict[About, tuple[Column, ...]] = {
    About.event: (
        Column(lazy("Event"), lambda one, names: event_number(one.row.row, one.row.subject_id), page=True),
        Column(lazy("Day"), lambda one, names: date.fromisoformat(one.row.row["coverage"]["day"])),
        Column(lazy("Squad"), _squad, page=True),
        Column(
            lazy("Kind"), lambda one, names: str(KINDS[one.row.row["event"]["kind"]].word.label), page=True
        ),
        Column(
            lazy("Subject"),
            lambda one, names: (
                names.subjects.word(one.row.row["coverage"]["subject"])
                if one.row.row["coverage"]["subject"]
                else ""
            ),
        ),
        Column(lazy("What"), _event("title"), page=True),
        Column(lazy("Place"), _event("place")),
        Column(lazy("Officers"), lambda one, names: "、".join(one.row.row["event"]["officers"])),
        Column(lazy("Arrived"), lambda one, names: _time(one.row.row["event"]["arrived_at"]), page=True),
        Column(lazy("Departed"), lambda one, names: _time(one.row.row["event"]["departed_at"])),
        Column(lazy("Status"), _status, page=True),
        Column(lazy("Exempt or left out"), _excluded),
        Column(lazy("Late"), lambda one, names: _("yes") if one.counted.late else ""),
        Column(lazy("Required from"), _kept_time("required_from")),
        Column(lazy("Required to"), _kept_time("required_to")),
        Column(lazy("Required, s"), _kept("required_s")),
        Column(lazy("Recorded, s"), _kept("recorded_s")),
        Column(lazy("Recordings"), _kept("links"), page=True),
        Column(lazy("Recordings that show it"), _shown),
        Column(lazy("Announced"), _kept("announced")),
        Column(lazy("In time"), _kept("in_time")),
        Column(lazy("Upload deadline"), _kept_time("due_at")),
        Column(lazy("Last received"), _kept_time("last_received_at")),
        Column(lazy("Gaps"), lambda one, names: gaps(one.row.row), page=True),
        Column(lazy("Gaps explained"), _kept("gap_explained")),
        Column(lazy("Matters list version"), _kept("matter_version")),
        Column(lazy("Counting rule"), _kept("rule_version")),
        Column("id", lambda one, names: one.row.subject_id),
    ),
    About.recording: (
        Column(lazy("File"), _plain("file_name"), page=True),
        Column(lazy("Squad"), _squad, page=True),
        Column(lazy("Officer"), _plain("officer"), page=True),
        Column(lazy("Recorder"), _plain("recorder"), page=True),
        Column(lazy("Recorded from"), _plain_time("recorded_from"), page=True),
        Column(lazy("Recorded to"), _plain_time("recorded_to")),
        Column(lazy("Received"), _plain_time("received_at"), page=True),
        Column(lazy("State"), lambda one, names: str(STATES[one.row.row["state"]].label)),
        Column(lazy("Counts as"), lambda one, names: str(STANDINGS[one.row.row["standing"]]), page=True),
        Column("id", lambda one, names: one.row.subject_id),
    ),
    About.link: (
        Column(lazy("Recording"), _plain("file_name"), page=True),
        Column(lazy("Squad"), _squad, page=True),
        Column(lazy("Day"), lambda one, names: date.fromisoformat(one.row.row["day"]), page=True),
        Column(lazy("State"), _link_state("state"), page=True),
        Column(lazy("Before the decision"), _link_state("previous_state"), page=True),
        Column(lazy("Score"), lambda one, names: round(one.row.row["score"], 3), page=True),
        Column(lazy("Decided"), _plain_time("decided_at"), page=True),
        Column(lazy("Event id"), _plain("event_id")),
        Column(lazy("Recording id"), _plain("recording_id")),
    ),
    About.recorder: (
        Column(lazy("Recorder"), _plain("serial"), page=True),
        Column(lazy("Squad"), _squad, page=True),
        Column(lazy("State"), lambda one, names: str(RECORDER_STATES[one.row.row["state"]].label), page=True),
        Column(lazy("Clock"), _standing("clocks"), page=True),
        Column(lazy("Clock off by, s"), _plain("clock_offset_s"), page=True),
        Column(lazy("Seen by a dock"), _standing("docked"), page=True),
        Column(lazy("Last seen"), _plain_time("last_seen"), page=True),
    ),
    About.duty_day: (
        Column(lazy("Day"), lambda one, names: date.fromisoformat(one.row.row["day"]), page=True),
        Column(lazy("Squad"), _squad, page=True),
        Column(lazy("Officers on duty"), _plain("officers"), page=True),
        Column(lazy("Recorders"), _plain("recorders"), page=True),
        Column(lazy("Recorders needed"), _plain("needed"), page=True),
    ),
}
