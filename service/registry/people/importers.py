"""Squads, officers and their duties from a table."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from pydantic import model_validator
from sqlalchemy import select

from schemas.people import Officer, OfficerCreate, Roster, RosterCreate, Squad, SquadCreate
from schemas.recorders import Assignment, Recorder
from service.access.queries import visible_recorders
from service.kernel.changes import NEW, changed
from service.kernel.clock import as_utc, day_start, local
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.i18n import moment as shown
from service.kernel.i18n import noop as _n
from service.kernel.keys import ByKey, known
from service.kernel.policy import policy
from service.kernel.words import Word
from service.registry.importing.errors import RowRefused
from service.registry.importing.importer import Importer, Outcome, differences
from service.registry.importing.rules import day
from service.registry.importing.words import EXTERNAL_ID, OFFICER, SQUAD
from service.registry.people.errors import OnDutyElsewhere
from service.registry.people.policy import LONGEST_DUTY
from service.registry.people.queries import known_officers, squad_called, squads_said
from service.registry.people.rules import Span, clock_or_moment, left_by, overlapping, shift


class SquadImporter(Importer):
    name = "squads"
    known_by = "code"
    word = Word(
        lazy("Squads"), icon="users", meaning=lazy("Code and name; the other tables name squads by either.")
    )
    model = SquadCreate
    of_bureau = True
    headers: ClassVar = {
        "编号": "code",
        "中队编号": "code",
        "代码": "code",
        "中队代码": "code",
        "单位编号": "code",
        "名称": "name",
        "中队": "name",
        "中队名称": "name",
        "单位名称": "name",
    }

    def key(self, wanted: SquadCreate) -> str:
        return wanted.code

    def load(self, wanted: Sequence[SquadCreate]) -> None:
        codes = [one.code for one in wanted]
        found = self.session.scalars(select(Squad).where(known(Squad, codes)))
        self.known = ByKey((squad.code, squad) for squad in found)
        self.fresh: list[UUID] = []
        self.changed: list[UUID] = []

    def apply(self, wanted: SquadCreate) -> tuple[Outcome, list[str]]:
        squad = self.known.get(wanted.code)
        if squad is None:
            squad = Squad(**wanted.model_dump())
            self.session.add(squad)
            self.fresh.append(squad.id)
            return Outcome.created, []
        changes = differences(squad, {"name": wanted.name})
        if changes:
            self.changed.append(squad.id)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        changed(self.session, Squad, self.fresh, NEW)
        changed(self.session, Squad, self.changed, {"name"})


class OfficerImporter(Importer):
    name = "officers"
    known_by = "certificate_no"
    word = Word(
        lazy("Officers"),
        icon="user",
        meaning=lazy("Known by the certificate number. After the leaving date no new duty can begin."),
    )
    meanings: ClassVar = {
        "left_on": _n("the first day on which the officer is no longer there"),
        "squad": SQUAD,
    }
    model = OfficerCreate
    headers: ClassVar = {
        "证号": "certificate_no",
        "执法证号": "certificate_no",
        "警号": "certificate_no",
        "编号": "certificate_no",
        "证件号": "certificate_no",
        "执法证件号": "certificate_no",
        "执法证编号": "certificate_no",
        "证件编号": "certificate_no",
        "证件号码": "certificate_no",
        "人员编号": "certificate_no",
        "姓名": "name",
        "人员姓名": "name",
        "执法人员姓名": "name",
        "中队": "squad",
        "中队编号": "squad",
        "所属中队": "squad",
        "中队名称": "squad",
        "所属单位": "squad",
        "所属部门": "squad",
        "离职日期": "left_on",
        "离任日期": "left_on",
        "调离日期": "left_on",
    }
    cells: ClassVar = {"left_on": day}

    def key(self, wanted: OfficerCreate) -> str:
        return wanted.certificate_no

    def load(self, wanted: Sequence[OfficerCreate]) -> None:
        numbers = [one.certificate_no for one in wanted]
        self.squads = squads_said(self.session)
        found = self.session.scalars(select(Officer).where(known(Officer, numbers)))
        self.known = ByKey((officer.certificate_no, officer) for officer in found)
        self.fresh: list[UUID] = []
        self.changed: dict[UUID, list[str]] = {}
        self.held = self._held([o.id for o in self.known.values()])

    def _held(self, officers: list[UUID]) -> dict[UUID, list[tuple[str, datetime | None]]]:
        """What each holds, with the end; a leaver must hand it in."""
        held: dict[UUID, list[tuple[str, datetime | None]]] = {}
        for officer_id, serial, until in self.session.execute(
            select(Assignment.officer_id, Recorder.serial, Assignment.held_to)
            .join(Recorder, Recorder.id == Assignment.recorder_id)
            .where(
                Assignment.officer_id.in_(officers),
                Recorder.id.in_(visible_recorders(self.actor).with_only_columns(Recorder.id)),
            )
            .order_by(Recorder.serial)
        ):
            held.setdefault(officer_id, []).append((serial, until))
        return held

    def apply(self, wanted: OfficerCreate) -> tuple[Outcome, list[str]]:
        squad = squad_called(self.squads, wanted.squad, self.in_scope)
        values = wanted.model_dump(exclude_unset=True, exclude={"squad"}) | {"squad_id": squad.id}
        officer = self.known.get(wanted.certificate_no)
        if officer is not None:
            values.pop("certificate_no")  # it stays as it was delivered first
        if officer is None:
            officer = Officer(**values)
            self.session.add(officer)
            self.fresh.append(officer.id)
            return Outcome.created, []
        if not self.in_scope(officer.squad_id):
            raise RowRefused(_("this id cannot be used"))
        if wanted.left_on:
            gone = day_start(wanted.left_on)
            kept = sorted(
                {serial for serial, until in self.held.get(officer.id, []) if until is None or until > gone}
            )
            if kept:
                self.note = _("still holds {recorders} after leaving").format(recorders="、".join(kept))
        changes = differences(officer, values)
        if changes:
            self.changed[officer.id] = changes
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        changed(self.session, Officer, self.fresh, NEW)
        for officer_id, fields in self.changed.items():
            changed(self.session, Officer, [officer_id], fields)


class RosterRow(RosterCreate):
    """As created through the API; a table may also say the day and clock times, and 20:00–08:00 ends the day after."""

    day: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _shift(cls, values: Any) -> Any:
        return shift(values) if isinstance(values, dict) else values


class RosterImporter(Importer):
    """Known by the external id; without one by officer and start. One officer cannot be on two duties at a time: the
    second is refused, and whoever keeps the roster decides which is right."""

    name = "rosters"
    known_by = "external_id"
    word = Word(
        lazy("Duty rosters"),
        icon="calendar-clock",
        meaning=lazy("A day with clock times, or two whole times; 20:00–08:00 ends on the next day."),
    )
    meanings: ClassVar = {
        "external_id": EXTERNAL_ID,
        "officer": OFFICER,
        "squad": SQUAD,
        "starts_at": _n("time, for instance 2026-03-02 08:10; with a day also 08:10"),
        "ends_at": _n("time, for instance 2026-03-02 16:00; with a day also 16:00, or 08:00 of the next day"),
    }
    model = RosterRow
    headers: ClassVar = {
        "外部编号": "external_id",
        "值班编号": "external_id",
        "编号": "external_id",
        "执法证号": "officer",
        "证号": "officer",
        "执法人员": "officer",
        "值班人员": "officer",
        "证件号": "officer",
        "执法证件号": "officer",
        "人员编号": "officer",
        "中队": "squad",
        "中队编号": "squad",
        "所属中队": "squad",
        "中队名称": "squad",
        "所属单位": "squad",
        "所属部门": "squad",
        "日期": "day",
        "值班日期": "day",
        "开始时间": "starts_at",
        "上班时间": "starts_at",
        "结束时间": "ends_at",
        "下班时间": "ends_at",
    }

    cells: ClassVar = {"day": day, "starts_at": clock_or_moment, "ends_at": clock_or_moment}

    def key(self, wanted: RosterRow) -> str:
        return wanted.external_id or f"{wanted.officer}/{shown(as_utc(wanted.starts_at), 'second')}"

    def load(self, wanted: Sequence[RosterRow]) -> None:
        session = self.session
        self.longest = policy(session, LONGEST_DUTY)
        self.squads = squads_said(session)
        numbers = {one.officer for one in wanted}
        found = session.scalars(
            known_officers(self.actor)
            .where(known(Officer, numbers))
            .order_by(Officer.id)
            .with_for_update(key_share=True)
        )
        self.officers = ByKey((officer.certificate_no, officer) for officer in found)
        names = [one.external_id for one in wanted if one.external_id]
        rosters = session.scalars(select(Roster).where(known(Roster, names)))
        self.named = ByKey((roster.external_id, roster) for roster in rosters)
        ids = [officer.id for officer in self.officers.values()]
        spans = [(as_utc(one.starts_at), as_utc(one.ends_at)) for one in wanted]
        near: Sequence[Roster] = []
        if spans:
            near = session.scalars(
                select(Roster).where(
                    Roster.officer_id.in_(ids),
                    Roster.starts_at < max(end for _start, end in spans),
                    Roster.ends_at > min(start for start, _end in spans),
                )
            ).all()
        self.natural = {(r.officer_id, r.starts_at): r for r in near if self.in_scope(r.squad_id)}
        # Duties that this table says anew are judged as it says them, in whatever order its rows stand.
        said = {row.id for row in map(self._known, wanted) if row is not None}
        self.taken: dict[UUID, list[Span]] = {}
        self.elsewhere: set[tuple[UUID, Span]] = set()  # duties whose hours are not the importer's to know
        for roster in near:
            if roster.id not in said:
                span = (roster.starts_at, roster.ends_at)
                self.taken.setdefault(roster.officer_id, []).append(span)
                if not self.in_scope(roster.squad_id):
                    self.elsewhere.add((roster.officer_id, span))

    def _known(self, wanted: RosterRow) -> Roster | None:
        if wanted.external_id:
            return self.named.get(wanted.external_id)
        officer = self.officers.get(wanted.officer)
        return self.natural.get((officer.id, as_utc(wanted.starts_at))) if officer else None

    def apply(self, wanted: RosterRow) -> tuple[Outcome, list[str]]:
        officer = self.officers.get(wanted.officer)
        if officer is None:
            raise RowRefused(_("officer {name} is not known").format(name=wanted.officer))
        known = self._known(wanted)
        values: dict[str, Any] = {
            "officer_id": officer.id,
            "squad_id": self._squad(wanted, officer, known),
            "starts_at": as_utc(wanted.starts_at),
            "ends_at": as_utc(wanted.ends_at),
        }
        if known is not None and not self.in_scope(known.squad_id):
            raise RowRefused(_("this id cannot be used"))
        self._possible(officer, values["starts_at"], values["ends_at"])
        self.taken.setdefault(officer.id, []).append((values["starts_at"], values["ends_at"]))
        if known is None:
            self.session.add(Roster(external_id=wanted.external_id, **values))
            return Outcome.created, []
        changes = differences(known, values)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def _squad(self, wanted: RosterRow, officer: Officer, known: Roster | None) -> UUID:
        """As said, else as it stands, else the officer's own: a transfer does not rewrite past duties."""
        if wanted.squad:
            squad = squad_called(self.squads, wanted.squad, self.in_scope)
            return squad.id
        if known is not None and known.officer_id == officer.id:
            return known.squad_id
        if not self.in_scope(officer.squad_id):
            raise RowRefused(
                _("officer {name} is of another squad: name the squad").format(name=wanted.officer)
            )
        return officer.squad_id

    def _possible(self, officer: Officer, start: datetime, end: datetime) -> None:
        if end <= start:
            raise RowRefused(_("the end must lie after the start"))
        if end - start > timedelta(hours=self.longest):
            raise RowRefused(
                _("a duty of more than {hours} hours looks like a slip of the pen").format(hours=self.longest)
            )
        if left_by(officer.left_on, local(start).date()):
            raise RowRefused(
                _("officer {name} left on {day}").format(name=officer.certificate_no, day=officer.left_on)
            )
        taken = overlapping((start, end), self.taken.get(officer.id, []))
        if taken and (officer.id, taken) in self.elsewhere:
            raise RowRefused(OnDutyElsewhere(officer=officer.certificate_no).say())
        if taken:
            raise RowRefused(
                _("officer {name} is on duty then already: {since} – {until}").format(
                    name=officer.certificate_no, since=shown(taken[0]), until=shown(taken[1])
                )
            )
