"""Frozen months, as the API answers them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.coverage import Basis, CoverageSnapshot, DisputeRead, SnapshotFile
from service.kernel.contract import Page
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.reads import DefinitionRead, FigureRowRead
from service.supervision.coverage.status import Status
from service.supervision.snapshots.queries import FrozenRow, Month, Preview
from service.supervision.snapshots.recount import Check
from service.supervision.snapshots.rules import name_of


class MonthRead(BaseModel):
    """`month`: 2024-06. `events`: of what the caller may see. `backdated`: days of it are counted by a matters list
    that was published after them. `taken_at`, `as_of`: null where it is not frozen."""

    month: str
    over: bool
    events: int
    backdated: bool
    frozen: bool
    taken_at: datetime | None
    as_of: datetime | None


class SnapshotHead(BaseModel):
    """`rows_sha256`: the fingerprint of its frozen rows."""

    month: str
    as_of: datetime
    taken_at: datetime
    rule_version: str
    rows_sha256: str


class MattersInForce(BaseModel):
    """`version`: on the first day, 0 for the built-in default; `changes`: [from a later day on, version];
    `backdated`: [version, published on] of those that were published after the first day from which they hold."""

    version: int
    changes: list[tuple[date, int]]
    backdated: list[tuple[int, date]] = []


class SnapshotFileRead(BaseModel):
    format: str
    locale: str
    made_at: datetime
    size: int
    sha256: str


class SnapshotRead(SnapshotHead):
    """`total`: only for who sees the whole bureau. `definitions`, `policy` and `matters` are those of the day of
    freezing. `upheld_disputes`: since then, beside the figures. `changed_since_month_before`: what makes the two no
    longer compare, null where that month is not frozen."""

    basis: Basis
    total: FigureRowRead | None
    squads: list[FigureRowRead]
    definitions: list[DefinitionRead]
    policy: dict[str, Any]
    matters: MattersInForce
    upheld_disputes: list[DisputeRead]
    files: list[SnapshotFileRead]
    counted_anew_by_board: bool
    changed_since_month_before: list[str] | None


class PreviewRead(BaseModel):
    """What freezing the month now would leave unsettled. `ready`: it can be frozen."""

    month: str
    as_of: datetime
    over: bool
    frozen: bool
    recounting: bool
    events: int
    not_due: int
    disputes: int
    explanations: int
    announced: int
    standings: dict[str, int]
    ready: bool


class CheckRead(BaseModel):
    """`figures`: they are what the rows add up to. `rows`: their fingerprint is that of the day of freezing."""

    good: bool
    figures: bool
    rows: bool


class FrozenRowRead(BaseModel):
    """Further members are the row as it was frozen. `basis`: null where rows do not differ by it."""

    model_config = ConfigDict(extra="allow")

    id: UUID
    squad_id: UUID
    basis: Basis | None
    status: Status | None


class FrozenRowsRead(Page[FrozenRowRead]):
    """`about`: what the items are."""

    about: About


def month_read(one: Month) -> MonthRead:
    return MonthRead(
        month=name_of(one.month),
        over=one.over,
        events=one.events,
        backdated=one.backdated,
        frozen=one.snapshot is not None,
        taken_at=one.snapshot.taken_at if one.snapshot else None,
        as_of=one.snapshot.as_of if one.snapshot else None,
    )


def head_read(snapshot: CoverageSnapshot) -> SnapshotHead:
    return SnapshotHead(
        month=name_of(snapshot.month),
        as_of=snapshot.as_of,
        taken_at=snapshot.taken_at,
        rule_version=snapshot.rule_version,
        rows_sha256=snapshot.rows_sha256,
    )


def file_read(one: SnapshotFile) -> SnapshotFileRead:
    return SnapshotFileRead(
        format=one.form, locale=one.locale, made_at=one.made_at, size=one.size, sha256=one.sha256
    )


def preview_read(found: Preview) -> PreviewRead:
    own = {name: getattr(found, name) for name in PreviewRead.model_fields if name != "month"}
    return PreviewRead(month=name_of(found.month), **own)


def check_read(found: Check) -> CheckRead:
    return CheckRead(good=found.good, figures=found.figures, rows=found.rows)


def frozen_row_read(one: FrozenRow) -> FrozenRowRead:
    return FrozenRowRead(
        **{
            "id": one.row.subject_id,
            "squad_id": one.row.squad_id,
            "basis": one.row.basis or None,
            "status": one.counted.status,
            **one.row.row,
        }
    )
