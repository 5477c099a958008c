"""Squads and officers from a table."""

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import select

from schemas.people import Officer, OfficerCreate, Squad, SquadCreate
from service.i18n import gettext as _
from service.importing.actions import Importer, Outcome, differences
from service.importing.errors import RowRefused
from service.importing.rules import day
from service.linking.relink import relink_claims


class SquadImporter(Importer):
    kind = "squads"
    model = SquadCreate
    headers: ClassVar = {
        "编号": "code",
        "中队编号": "code",
        "代码": "code",
        "名称": "name",
        "中队": "name",
        "中队名称": "name",
    }

    def key(self, wanted: SquadCreate) -> str:
        return wanted.code

    def load(self, wanted: Sequence[SquadCreate]) -> None:
        codes = [one.code for one in wanted]
        self.known = {s.code: s for s in self.session.scalars(select(Squad).where(Squad.code.in_(codes)))}

    def apply(self, wanted: SquadCreate) -> tuple[Outcome, list[str]]:
        squad = self.known.get(wanted.code)
        if squad is None:
            if self.scope is not None:
                raise RowRefused(_("a new squad is for those who see the whole bureau"))
            self.session.add(Squad(**wanted.model_dump()))
            return Outcome.created, []
        if not self.in_scope(squad.id):
            raise RowRefused(_("this belongs to another squad"))
        changes = differences(squad, {"name": wanted.name})
        return (Outcome.changed if changes else Outcome.unchanged), changes


class OfficerImporter(Importer):
    kind = "officers"
    model = OfficerCreate
    headers: ClassVar = {
        "证号": "certificate_no",
        "执法证号": "certificate_no",
        "警号": "certificate_no",
        "编号": "certificate_no",
        "姓名": "name",
        "中队": "squad",
        "中队编号": "squad",
        "离职日期": "left_on",
        "离任日期": "left_on",
    }
    cells: ClassVar = {"left_on": day}

    def key(self, wanted: OfficerCreate) -> str:
        return wanted.certificate_no

    def load(self, wanted: Sequence[OfficerCreate]) -> None:
        numbers = [one.certificate_no for one in wanted]
        self.squads = {squad.code: squad for squad in self.session.scalars(select(Squad))}
        self.known = {
            officer.certificate_no: officer
            for officer in self.session.scalars(select(Officer).where(Officer.certificate_no.in_(numbers)))
        }
        self.fresh: list[str] = []

    def apply(self, wanted: OfficerCreate) -> tuple[Outcome, list[str]]:
        squad = self.squads.get(wanted.squad)
        if squad is None or not self.in_scope(squad.id):
            raise RowRefused(_("squad {name} is not known").format(name=wanted.squad))
        values = wanted.model_dump(exclude_unset=True, exclude={"squad"}) | {"squad_id": squad.id}
        officer = self.known.get(wanted.certificate_no)
        if officer is None:
            self.session.add(Officer(**values))
            self.fresh.append(wanted.certificate_no)
            return Outcome.created, []
        if not self.in_scope(officer.squad_id):
            raise RowRefused(_("this belongs to another squad"))
        changes = differences(officer, values)
        return (Outcome.changed if changes else Outcome.unchanged), changes

    def finish(self) -> None:
        relink_claims(self.session, "officer", self.fresh)
