"""Whatever the real actions change, in whatever order: after each commit search finds what a full rebuild would find and
the kept coverage is that of a full recount; once the link jobs have run, the links are those of relinking everything."""

import json
import os
from datetime import timedelta
from random import Random
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlmodel import Session, select, text

from schemas.cases import Campaign, CampaignCreate, Case, CaseCreate
from schemas.claims import Claims
from schemas.events import EnforcementEvent, EventUpdate
from schemas.jobs import JobKind
from schemas.links import Link
from schemas.originals import Original
from schemas.people import Officer, OfficerCreate
from schemas.recorders import Assignment, AssignmentCreate, Recorder, RecorderCreate
from schemas.recordings import Recording, RecordingState
from service.desk.operations.policies import set_policy
from service.finding.linking.batch import relink_all
from service.finding.search.documents import COLUMNS, row
from service.finding.search.project import documents
from service.finding.search.schema import TABLE
from service.footage.announcements.actions import announce, restore, withdraw
from service.footage.announcements.lists import Listed
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings.actions import Arrival, assign_original, receive, refresh_recording
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.registry.cases.actions import create_campaign, create_case, update_campaign, update_case
from service.registry.cases.updates import CampaignUpdate, CaseUpdate
from service.registry.conventions.rules import Facts
from service.registry.events.actions import update_event
from service.registry.events.importers import EventImporter
from service.registry.events.policy import SUBJECTS
from service.registry.importing.actions import run_import
from service.registry.people.actions import create_officer, update_officer
from service.registry.people.importers import SquadImporter
from service.registry.people.updates import OfficerUpdate
from service.registry.recorders.actions import (
    create_assignment,
    create_recorder,
    remove_assignment,
    update_assignment,
    update_recorder,
)  # fmt: skip
from service.registry.recorders.updates import AssignmentUpdate, RecorderUpdate
from tests.fixtures.jobs import bureau as installation  # noqa: F401  the tests here stand on it
from tests.fixtures.jobs import run_all_jobs
from tests.service.finding.linking.field import Field
from tests.service.supervision.coverage.walk import STEPS, Walk, differences

LINKS = (JobKind.tags, JobKind.link)
OF_ALL = (JobKind.recount, JobKind.reindex)  # what follows from a change of rules, in the background
# The pseudo-random walk is the same each time; a longer one: SETTLED_STEPS=2000 pytest ...
LENGTH = int(os.environ.get("SETTLED_STEPS", "60"))


class Everything(Walk):
    """The walk of coverage, and whatever else may change what is found."""

    def claims(self) -> Claims:
        said = {
            "officer": f"{self.chance.randrange(10):03}",
            "recorder": f"R-{self.chance.randrange(8)}",
            "event": f"E-{self.chance.randrange(20)}",
            "case": self.number(),
        }
        return cast(Claims, {name: value for name, value in said.items() if self.chance.random() < 0.2})

    def number(self) -> str:
        return f"蓉城管罚〔2024〕{self.chance.randrange(1, 7)}号"

    def squad(self) -> str:
        return self.chance.choice(["one", "two"])

    # ---- cases and campaigns ----

    def open_case(self, session: Session) -> None:
        wanted = CaseCreate(number=self.number(), title=f"案 {self.chance.randrange(99)}", squad=self.squad())
        create_case(session, self.actor(session), wanted)

    def change_case(self, session: Session) -> None:
        wanted = self.chance.choice(
            [
                CaseUpdate(number=self.number()),
                CaseUpdate(title=f"改 {self.chance.randrange(99)}", party="某公司"),
                CaseUpdate(squad=self.squad()),
            ]
        )
        update_case(session, self.actor(session), self.one(session, Case).id, wanted)

    def put_in_case(self, session: Session) -> None:
        case = self.one(session, Case).number if self.chance.random() < 0.8 else None
        update_event(
            session, self.actor(session), self.one(session, EnforcementEvent).id, EventUpdate(case=case)
        )

    def campaign(self, session: Session) -> None:
        actor, name = self.actor(session), f"专项 {uuid4().hex[:6]}"
        if self.chance.random() < 0.3:
            create_campaign(session, actor, CampaignCreate(name=name))
        elif self.chance.random() < 0.5:
            update_campaign(session, actor, self.one(session, Campaign).id, CampaignUpdate(name=name))
        else:
            wanted = EventUpdate(campaign=self.one(session, Campaign).name)
            update_event(session, actor, self.one(session, EnforcementEvent).id, wanted)

    def reword(self, session: Session) -> None:
        wanted = EventUpdate(title=f"检查 {uuid4().hex[:4]}", place="天府大街")
        update_event(session, self.actor(session), self.one(session, EnforcementEvent).id, wanted)

    def import_events(self, session: Session) -> None:
        """Some known ones moved, renamed, cancelled, of another squad or crew, in another case; and a new one."""
        rows = []
        for event in {
            one.id: one for one in (self.one(session, EnforcementEvent) for _ in range(2))
        }.values():
            start = self.moment()
            rows.append(
                {
                    "external_id": event.external_id, "title": f"导入 {self.chance.randrange(9)}",
                    "kind": event.kind, "squad": self.squad(), "arrived_at": start.isoformat(),
                    "departed_at": (start + timedelta(minutes=20)).isoformat(), "officers": self.crew(),
                    "cancelled": self.chance.random() < 0.2,
                }
            )  # fmt: skip
        self.made += 1
        rows.append(rows[0] | {"external_id": f"E-{self.made}"})
        run_import(
            EventImporter(session, self.actor(session)),
            json.dumps([one for one in rows if one["external_id"]]).encode(),
            "application/json",
            dry_run=self.chance.random() < 0.1,
        )

    # ---- people and recorders ----

    def people(self, session: Session) -> None:
        actor, chance = self.actor(session), self.chance
        number = f"{chance.randrange(10):03}"
        if not session.scalars(select(Officer.id).where(Officer.certificate_no == number)).first():
            create_officer(
                session, actor, OfficerCreate(certificate_no=number, name=number, squad=self.squad())
            )
            return
        wanted = OfficerUpdate(name=f"改名 {chance.randrange(99)}")
        if chance.random() < 0.5:
            wanted = OfficerUpdate(squad=self.squad())
        update_officer(session, actor, self.one(session, Officer).id, wanted)

    def rename_squad(self, session: Session) -> None:
        rows = [{"code": self.squad(), "name": f"中队 {uuid4().hex[:4]}"}]
        importer = SquadImporter(session, self.actor(session))
        run_import(importer, json.dumps(rows).encode(), "application/json", dry_run=False)

    def recorder(self, session: Session) -> None:
        actor, serial = self.actor(session), f"R-{self.chance.randrange(8)}"
        known = session.scalars(select(Recorder).where(Recorder.serial == serial)).first()
        if known is None:
            create_recorder(session, actor, RecorderCreate(serial=serial, squad=self.squad()))
        else:
            update_recorder(session, actor, known.id, RecorderUpdate(squad=self.squad()))

    def hold(self, session: Session) -> None:
        actor, chance, start = self.actor(session), self.chance, self.moment()
        end = start + timedelta(hours=chance.choice([1, 5]))
        if chance.random() < 0.4:
            wanted = AssignmentCreate(
                recorder=self.one(session, Recorder).serial,
                officer=self.one(session, Officer).certificate_no,
                held_from=start,
                held_to=end if chance.random() < 0.6 else None,
                hand_over=chance.random() < 0.3,
            )
            create_assignment(session, actor, wanted)
        elif chance.random() < 0.7:
            put_right = AssignmentUpdate(held_from=start, held_to=end)
            update_assignment(session, actor, self.one(session, Assignment).id, put_right)
        else:
            remove_assignment(session, actor, self.one(session, Assignment).id)

    def subjects(self, session: Session) -> None:
        words = SUBJECTS.default | {"dust": {"zh": f"扬尘 {uuid4().hex[:4]}", "en": "Dust"}}
        set_policy(session, self.actor(session), SUBJECTS.name, words)

    # ---- footage ----

    def list_files(self, session: Session) -> None:
        chance, start = self.chance, self.moment()
        files = [
            Listed(
                f"F{chance.randrange(12)}.mp4",
                Facts(
                    recorder=f"R-{chance.randrange(8)}",
                    officer=chance.choice(["", f"{chance.randrange(10):03}"]),
                    event=chance.choice(["", f"E-{chance.randrange(20)}"]),
                    start=start + timedelta(minutes=20 * n),
                    end=start + timedelta(minutes=20 * n + 10),
                    size=1000,
                ),
            )
            for n in range(chance.randint(1, 3))
        ]
        squad = Field(session, self.known).squad(self.squad())
        announce(session, self.actor(session), files, squad_id=squad.id, complete=chance.random() < 0.5)

    def take_off_the_list(self, session: Session) -> None:
        if self.chance.random() < 0.6:
            waiting = self.one(session, Recording, Recording.state == RecordingState.announced)
            withdraw(session, self.actor(session), waiting.id, "lost")
        else:
            restore(
                session,
                self.actor(session),
                self.one(session, Recording, Recording.reason == WITHDRAWN).id,
                "-",
            )

    def arrive(self, session: Session) -> None:
        squad = Field(session, self.known).squad(self.squad())
        arrival = Arrival(
            store_key=uuid4().hex,
            store_version=None,
            size=1000,
            squad_id=squad.id,
            file_name=f"F{self.chance.randrange(12)}.mp4",
            claims=self.claims(),
        )
        recording = receive(session, self.actor(session), arrival)
        request_job(session, JobKind.link, recording.id)  # as intake and tags do in the end

    def same_bytes(self, session: Session) -> None:
        """As intake finds it: what one of them said, the other says."""
        kept = self.one(
            session, Recording, Recording.original_id.is_not(None), Recording.merged_into.is_(None)
        )
        other = self.one(
            session,
            Recording,
            Recording.original_id.is_(None),
            Recording.merged_into.is_(None),
            Recording.squad_id == kept.squad_id,
            Recording.state == RecordingState.ready,
        )
        for one in sorted((kept.id, other.id)):
            request_job(session, JobKind.link, one)
        survivor = assign_original(session, other, session.get_one(Original, kept.original_id))
        refresh_recording(session, survivor.id)


MORE = {
    "open_case": (Everything.open_case, 3), "change_case": (Everything.change_case, 3),
    "put_in_case": (Everything.put_in_case, 4), "campaign": (Everything.campaign, 3),
    "reword": (Everything.reword, 2), "import_events": (Everything.import_events, 3),
    "people": (Everything.people, 4), "rename_squad": (Everything.rename_squad, 1),
    "recorder": (Everything.recorder, 3), "hold": (Everything.hold, 4), "subjects": (Everything.subjects, 1),
    "list_files": (Everything.list_files, 3), "take_off_the_list": (Everything.take_off_the_list, 2),
    "arrive": (Everything.arrive, 4), "same_bytes": (Everything.same_bytes, 2),
}  # fmt: skip


def run_jobs_of_links() -> None:
    """Those that wait a second for each other, too."""
    waiting = text("UPDATE jobs SET not_before = now() WHERE state = 'queued' AND kind = ANY(:kinds)")
    while True:
        with transaction() as session:
            session.execute(waiting, {"kinds": [str(kind) for kind in LINKS]})
        if not run_all_jobs(LINKS):
            return


def stale_documents() -> dict[Any, Any]:
    with transaction() as session:
        ids = list(session.scalars(select(Recording.id)))
        wanted = {one.recording_id: row(one) for one in documents(session, ids)}
        held = {one[0]: tuple(one) for one in session.execute(text(f"SELECT {COLUMNS} FROM {TABLE}"))}
    return {
        one: (held.get(one), wanted.get(one))
        for one in held.keys() | wanted
        if held.get(one) != wanted.get(one)
    }


def machine_links() -> set[tuple]:
    with transaction() as session:
        return {
            (
                one.recording_id,
                one.event_id,
                one.case_id,
                one.state,
                one.score,
                str(one.reasons),
                one.part_from,
            )
            for one in session.scalars(select(Link))
        }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_what_follows_is_what_a_full_rebuild_would_give(installation: Any, seed: int) -> None:  # noqa: F811
    walk = Everything(Random(seed), steps=STEPS | MORE)
    walk.prepare()
    done: list[str] = []
    while (taken := sum(walk.taken.values())) < LENGTH:
        if not (name := walk.step()):
            continue  # refused, or nothing there yet that it could be about
        done.append(name)
        run_all_jobs(OF_ALL)
        assert not (stale := stale_documents()), (done[-6:], stale)
        assert not (wrong := differences()), (done[-6:], wrong)
        if taken % 12 == 11:
            run_jobs_of_links()
            assert not (stale := stale_documents()), (done[-6:], stale)
            assert not (wrong := differences()), (done[-6:], wrong)
            before = machine_links()
            relink_all()
            after = machine_links()
            assert after == before, (done[-15:], before - after, after - before)
    assert len(walk.taken) > len(walk.steps) * 0.6, walk.taken
