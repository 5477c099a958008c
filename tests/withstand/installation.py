"""An installation to be hurt: `zhenglu up` as a bureau runs it, in a folder of its own, under the service's own user.

What is killed here comes back by what the program itself does, never by the test. Only the object store of Ceph is
somebody else's part: the test starts that again, as its own machine would.
"""

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy
from sqlmodel import Session

from deploy.process import Child, ProcessId, free_port, wait_until
from deploy.running import Running
from schemas.accounts import AccountCreate, Role, TokenScope
from schemas.people import Squad
from service.access.actions import create_account, create_token
from service.kernel.actor import Actor
from tests.fixtures.ceph import DAEMONS, CephNode
from tests.fixtures.processes import Processes

BACK_WITHIN_S = 120.0
PASSWORD = "a-long-enough-word"
BUCKET = "originals-and-more"


@dataclass
class House:
    """`environment`: of its parts, and of commands beside them. `dock`, `admin`: tokens. `bucket`: on `ceph`; without
    it originals lie in the data folder."""

    folder: Path
    address: str
    child: Child
    ceph: CephNode | None
    extra: dict[str, str] = field(default_factory=dict)
    bucket: str = BUCKET
    dock: str = ""
    admin: str = ""

    @property
    def running(self) -> Running:
        found = Running.read(self.folder)
        assert found is not None, self.child.output()[-3000:]
        return found

    @property
    def environment(self) -> dict[str, str]:
        return {**self.extra, **self.running.environment}

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Waits for a database that is on its way back."""
        url = self.running.environment["ZHENGLU_DATABASE_URL"]
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        deadline = time.monotonic() + BACK_WITHIN_S
        while True:
            try:
                with engine.begin() as connection:
                    result = connection.execute(sqlalchemy.text(statement), values)
                    return list(result) if result.returns_rows else []
            except sqlalchemy.exc.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)

    def settle(self, within_s: float) -> None:
        """Until nothing is owed: no job waits, runs or has failed its tries, and no recording is on its way."""

        def left() -> list[Any]:
            return self.sql(
                "SELECT 'job', kind, state, coalesce(reason, ''), count(*) FROM jobs"
                " WHERE state IN ('queued', 'running') GROUP BY 1, 2, 3, 4"
                " UNION ALL SELECT 'recording', state, '', coalesce(reason, ''), count(*) FROM recordings"
                " WHERE state IN ('receiving', 'processing') AND merged_into IS NULL GROUP BY 1, 2, 3, 4"
            )

        if not wait_until(lambda: not left(), within_s, every_s=0.5):
            raise AssertionError(
                f"not settled within {within_s:.0f} s: {left()}\n{self.child.output()[-3000:]}"
            )


@contextmanager
def installed(processes: Processes, folder: Path, ceph: CephNode | None = None) -> Iterator[House]:
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    port = free_port()
    extra = {"ZHENGLU_ENCODE_THREADS": "1"}
    if ceph is not None:
        extra |= {
            "ZHENGLU_OBJECT_STORE": ceph.url(BUCKET),
            "ZHENGLU_S3_ACCESS_KEY": ceph.access_key,
            "ZHENGLU_S3_SECRET_KEY": ceph.secret_key,
        }
    command = ("up", "--port", str(port), "--data", str(folder), "--web", "2", "--light", "2")
    child = processes.start(
        [sys.executable, "-m", "deploy.cli", *command],
        name="up",
        env={"PYTHONUNBUFFERED": "1", "ZHENGLU_DATABASE_URL": "", "ZHENGLU_REDIS_URL": "", **extra},
        grace_s=60.0,
    )
    processes.wait_for_output("Ctrl-C", child, timeout_s=240.0)
    house = House(folder, f"http://127.0.0.1:{port}", child, ceph, extra)
    house.dock, house.admin = _tokens(house)
    yield house
    child.stop()


def _tokens(house: House) -> tuple[str, str]:
    engine = sqlalchemy.create_engine(house.running.environment["ZHENGLU_DATABASE_URL"])
    with Session(engine, expire_on_commit=False) as session:
        session.add(Squad(code="1", name="第一中队"))
        session.flush()
        made = []
        for name, role, squad, scope in (
            ("dock", Role.member, "1", TokenScope.dock),
            ("overseer", Role.admin, None, TokenScope.full),
        ):
            wanted = AccountCreate(username=name, password=PASSWORD, role=role, squad=squad)
            account = create_account(session, "tests", wanted)
            actor = Actor(account.id, account.username, role, account.squad_id)
            made.append(create_token(session, actor, name, scope)[0])
        session.commit()
    engine.dispose()
    return made[0], made[1]


@dataclass(frozen=True)
class Way:
    """One way of killing a part. `strike` kills; it answers what tells that the part is back."""

    words: str
    strike: Callable[[House, random.Random], Callable[[], bool]]


def all_of(name: str) -> Way:
    """The part with all that it started."""

    def strike(house: House, _chance: random.Random) -> Callable[[], bool]:
        before = house.running.children[name]
        assert before.send(signal.SIGKILL, group=True)
        return _again(house, name, before)

    return Way(f"{name}: all processes", strike)


def first_of(name: str) -> Way:
    """The process that leads the part; the others have to find out."""

    def strike(house: House, _chance: random.Random) -> Callable[[], bool]:
        before = house.running.children[name]
        assert before.send(signal.SIGKILL)
        return _again(house, name, before)

    return Way(f"{name}: its first process", strike)


def one_below(name: str) -> Way:
    """A process that the part had started; the part itself makes up for it."""

    def strike(house: House, chance: random.Random) -> Callable[[], bool]:
        assert wait_until(
            lambda: bool(_below(house, name)), BACK_WITHIN_S
        )  # it may just have come back itself
        struck = chance.choice(_below(house, name))
        struck.kill()
        return lambda: not struck.is_running() or struck.status() == psutil.STATUS_ZOMBIE

    return Way(f"{name}: one process of it", strike)


def _below(house: House, name: str) -> list[psutil.Process]:
    with suppress(KeyError, psutil.NoSuchProcess):
        below = psutil.Process(house.running.children[name].pid).children()
        return [process for process in below if "resource_tracker" not in " ".join(process.cmdline())]
    return []


def _again(house: House, name: str, before: ProcessId) -> Callable[[], bool]:
    return lambda: house.running.children.get(name, before) != before


def daemons(*names: str) -> Way:
    """Of the store. It comes back as soon as it may: a machine that starts it again."""

    def strike(house: House, chance: random.Random) -> Callable[[], bool]:
        ceph = house.ceph
        assert ceph is not None
        ceph.kill(*names)
        wait_until(lambda: False, chance.uniform(0.0, 2.0))
        ceph.start()
        return lambda: True

    return Way(f"{', '.join(names or DAEMONS)}", strike)
