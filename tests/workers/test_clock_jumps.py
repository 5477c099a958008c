"""The server's clock jumps, forward and back, by an hour, a day, a year: nothing is lost, nothing is done twice, and
nothing waits for the calendar.

`jump` moves every time that the database holds back by as much as the clock goes forward: for whoever compares the two
it is the same, and no clock of this machine has to be set.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text, update

from schemas.accounts import Account, LoginFailure, SignIn
from schemas.backups import Backup, BackupObjects, BackupState
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.jobs import AttemptOutcome, Heartbeat, Job, JobAttempt, JobKind, JobState
from schemas.server_clock import ClockJump, ClockMark
from schemas.uploads import Upload, UploadState
from service.access.actions import open_session
from service.app import create_app
from service.footage.recordings import acts
from service.footage.recordings.queries import note_use
from service.footage.uploads import reaper
from service.kernel import clock_jumps
from service.kernel.database import transaction
from service.kernel.i18n import speaking
from service.kernel.jobs import queue_health, request_job
from service.preservation.backups.queries import is_due, standing
from tests.fixtures.jobs import Bureau
from workers import clock_watch, schedule
from workers.lease import LEASE, LeaseLost, give_back, take

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
JUMPS = [HOUR, -HOUR, DAY, -DAY, YEAR, -YEAR]
NAMES = ["hour", "-hour", "day", "-day", "year", "-year"]
all_jumps = pytest.mark.parametrize("by", JUMPS, ids=NAMES)

COLUMNS = text(
    """
    SELECT c.table_name, array_agg(quote_ident(c.column_name)) FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.data_type = 'timestamp with time zone' AND t.table_type = 'BASE TABLE'
      AND c.table_name NOT IN ('custody', 'search_documents') GROUP BY 1
    """
)


def jump(by: timedelta) -> None:
    with transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table, columns in session.execute(COLUMNS).all():
            moved = ", ".join(f"{column} = {column} - :by" for column in columns)
            session.execute(text(f"UPDATE {table} SET {moved}"), {"by": by})


@pytest.fixture(autouse=True)
def watched(bureau: Bureau) -> None:
    assert clock_watch.look() is None, "the first look only remembers"


def seen() -> list[ClockJump]:
    with transaction() as session:
        return clock_jumps.jumps(session)


def queued(kind: JobKind = JobKind.noop) -> UUID:
    with transaction() as session:
        return request_job(session, kind, new_id())


def one(job_id: UUID) -> Job:
    with transaction() as session:
        return session.get_one(Job, job_id)


def test_a_clock_that_goes_on_is_no_jump() -> None:
    for step in (timedelta(), timedelta(seconds=2), -timedelta(seconds=2)):
        jump(step)
        assert clock_watch.look() is None
    assert seen() == []


@all_jumps
def test_a_jump_is_seen_once_and_said(bureau: Bureau, by: timedelta) -> None:
    jump(by)
    found = clock_watch.look()
    assert found is not None and abs(found - by) < timedelta(seconds=2)
    assert clock_watch.look() is None
    (told,) = seen()
    assert told.certain and abs(told.by_s - by.total_seconds()) < 2
    with speaking("en"):
        assert ("forward" if by > timedelta() else "back") in clock_jumps.told(told)


@all_jumps
def test_a_living_workers_lease_holds_and_a_dead_ones_runs_out(by: timedelta) -> None:
    job_id = queued()
    held = take(job_id, "living")
    assert held is not None
    jump(by)
    clock_watch.look()
    assert take(job_id, "other") is None, "it is held, whatever the clock says"
    held.finish()
    assert one(job_id).state == JobState.done
    dead = queued()
    assert take(dead, "dead") is not None
    with transaction() as session:
        session.execute(update(Job).where(Job.id == dead).values(lease_until=func.now() - LEASE))
    jump(by)
    clock_watch.look()
    again = take(dead, "next")
    assert again is not None and again.attempt == 2, "taken over, though the calendar shows another year"


@all_jumps
def test_a_pause_before_the_next_try_lasts_as_long_as_it_should(by: timedelta) -> None:
    job_id = queued()
    held = take(job_id, "w")
    assert held is not None
    give_back(held, "store_away", {}, after_s=60)
    jump(by)
    clock_watch.look()
    left = one(job_id).not_before - datetime.now(UTC)
    assert timedelta(seconds=50) < left <= timedelta(seconds=60)


@all_jumps
def test_a_nudge_that_was_lost_is_sent_again_in_time(
    bureau: Bureau, by: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = queued()
    with transaction() as session:
        session.execute(
            update(Job).where(Job.id == job_id).values(published_at=func.now() - schedule.REPUBLISH_AFTER)
        )
    jump(by)
    clock_watch.look()
    assert schedule.sweep() == 1
    assert schedule.sweep() == 0


def an_upload(bureau: Bureau) -> UUID:
    """Half of it is there."""
    with transaction() as session:
        upload = Upload(
            account_id=bureau.actor().account_id,
            squad_id=bureau.squad(),
            file_name="half.mp4",
            store_key=f"originals/{new_id()}",
            length=10,
            upload_offset=5,
            expires_at=datetime.now(UTC) + 7 * DAY,
        )
        session.add(upload)
        return upload.id


@all_jumps
def test_no_upload_in_progress_ends_by_a_jump(bureau: Bureau, by: timedelta) -> None:
    upload_id = an_upload(bureau)
    jump(by)
    schedule.perform(schedule.Duty("expire-uploads", 60, reaper.expire))
    with transaction() as session:
        upload = session.get_one(Upload, upload_id)
        assert upload.state == UploadState.open
        left = upload.expires_at - datetime.now(UTC)
        assert 7 * DAY - HOUR / 60 < left <= 7 * DAY
        upload.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    schedule.perform(schedule.Duty("expire-uploads", 60, reaper.expire))
    with transaction() as session:
        assert session.get_one(Upload, upload_id).state == UploadState.expired, (
            "its own time ends it all the same"
        )


@all_jumps
def test_whoever_is_signed_in_stays_so_and_no_longer(bureau: Bureau, by: timedelta) -> None:
    with TestClient(create_app()) as client:
        with transaction() as session:
            account = session.get_one(Account, bureau.actor().account_id)
            secret, _ = open_session(session, account)
        client.headers["Authorization"] = f"Bearer {secret}"
        assert client.get("/api/v1/session").status_code == 200
        jump(by)
        clock_watch.look()
        assert client.get("/api/v1/session").status_code == 200
        with transaction() as session:
            session.execute(update(SignIn).values(expires_at=func.now() - timedelta(seconds=1)))
        jump(by)
        clock_watch.look()
        assert client.get("/api/v1/session").status_code == 401


@all_jumps
def test_wrong_passwords_are_neither_forgiven_nor_held_against_anyone_for_a_year(
    bureau: Bureau, by: timedelta
) -> None:
    with transaction() as session:
        session.add(LoginFailure(username="leg", address="10.0.0.1"))
    jump(by)
    clock_watch.look()
    with transaction() as session:
        at = session.scalars(select(LoginFailure.at)).one()
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


@all_jumps
def test_a_worker_that_is_gone_does_not_count_as_living(bureau: Bureau, by: timedelta) -> None:
    with transaction() as session:
        session.add(Heartbeat(worker="gone:1", queue="light", seen_at=datetime.now(UTC) - HOUR))
        session.add(Heartbeat(worker="here:1", queue="light"))
    jump(by)
    clock_watch.look()
    with transaction() as session:
        (light,) = [health for health in queue_health(session) if health.queue == "light"]
    assert [beat.worker for beat in light.workers] == ["here:1"]


@pytest.mark.parametrize("by", [-DAY, -YEAR], ids=["-day", "-year"])
def test_a_play_is_written_down_also_after_the_clock_was_put_back(bureau: Bureau, by: timedelta) -> None:
    """What a player asks for in one sitting is one play; a play of the future is none of this sitting."""
    recording = bureau.recording(bureau.receive(b"bytes"))
    with transaction() as session:
        entry = CustodyEntry(
            at=datetime.now(UTC) - by, account_id=bureau.actor().account_id, actor="m", action="play",
            subject_kind="recording", subject_id=recording.id,
        )  # fmt: skip
        session.add(entry)
        session.flush()
        note_use(session, bureau.actor(), acts.PLAY, recording)
        note_use(session, bureau.actor(), acts.PLAY, recording)
    with transaction() as session:
        plays = session.scalars(
            select(CustodyEntry).where(CustodyEntry.action == "play").order_by(CustodyEntry.id)
        ).all()
    assert len(plays) == 2 and plays[1].at < plays[0].at, "in the order in which it happened"


@pytest.mark.parametrize("by", [-DAY, -YEAR], ids=["-day", "-year"])
def test_a_backup_of_the_future_is_no_reason_to_make_none(bureau: Bureau, by: timedelta) -> None:
    ahead = Backup(
        at=datetime.now(UTC) - by,
        state=BackupState.verified,
        by="t",
        folder="/b",
        objects_by=BackupObjects.copy,
    )
    with transaction() as session:
        session.add(ahead)
    with transaction() as session:
        assert is_due(session)
        session.add(Backup(state=BackupState.verified, by="t", folder="/b", objects_by=BackupObjects.copy))
    with transaction() as session:
        assert not is_due(session), "and one is enough"
        newest = standing(session).newest
        assert newest is not None and newest.id != ahead.id


def test_what_is_over_by_the_calendar_is_not_forgotten_on_the_day_of_a_jump(bureau: Bureau) -> None:
    done: list[str] = []
    forgetting = schedule.Duty("forget-imports", 1, lambda: done.append("forgot"), forgets=True)
    schedule.perform(forgetting)
    assert done == ["forgot"]
    jump(YEAR)
    schedule.perform(forgetting)
    assert done == ["forgot"]
    with transaction() as session:
        session.execute(update(ClockJump).values(seen_at=func.now() - 2 * DAY))
    schedule.perform(forgetting)
    assert done == ["forgot", "forgot"]


def test_a_machine_that_rested_gives_uploads_their_time_and_nobody_a_longer_session(bureau: Bureau) -> None:
    """Another start of the machine: whether its clock was set meanwhile cannot be told."""
    upload_id = an_upload(bureau)
    with transaction() as session:
        account = session.get_one(Account, bureau.actor().account_id)
        open_session(session, account)
    jump(10 * DAY)
    with transaction() as session:
        session.execute(update(ClockMark).values(boot="an earlier start"))
        before = session.scalars(select(SignIn.expires_at)).one()
    clock_watch.look()
    reaper.expire()
    with transaction() as session:
        assert session.get_one(Upload, upload_id).state == UploadState.open
        assert session.scalars(select(SignIn.expires_at)).one() == before
    (told,) = seen()
    assert not told.certain
    jump(-3 * DAY)
    with transaction() as session:
        session.execute(update(ClockMark).values(boot="another start"))
    clock_watch.look()
    assert [jump.by_s < 0 for jump in seen()] == [True, False], "that the clock is behind is certain"


def test_an_attempt_after_a_jump_is_not_counted_twice(bureau: Bureau) -> None:
    """Forward: the sweeper must not hand out what a living worker holds; back: the worker's word counts on."""
    job_id = queued()
    held = take(job_id, "w")
    assert held is not None
    for by in JUMPS:
        jump(by)
        schedule.perform(schedule.Duty("publish-jobs", 10, schedule.sweep))
        assert held.renew()
    held.finish()
    with pytest.raises(LeaseLost):
        held.finish()
    with transaction() as session:
        outcomes = session.scalars(select(JobAttempt.outcome).where(JobAttempt.job_id == job_id)).all()
    assert outcomes == [AttemptOutcome.done] and one(job_id).attempt == 1
