"""An installation of a measure's own: chosen parts, as `zhenglu up` runs them, in a folder that is removed."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlmodel import Session

from deploy.account import named
from deploy.parts import Installation, Size
from deploy.process import Child, free_port, wait_until
from deploy.supervisor import Part, Step
from schemas.accounts import AccountCreate, Role, TokenScope
from schemas.people import Squad
from service.access.actions import create_account, create_token
from service.kernel.actor import Actor
from service.kernel.settings import Settings
from tests.fixtures.ceph import CephNode
from tests.fixtures.jobs import forget_settings
from workers.media.sandbox import Sandbox

SQUAD, PASSWORD = "1", "a-long-enough-word"


@dataclass(frozen=True)
class Running:
    """`dock`: a dock's token; `actor`: its account. `children` by the names of the parts. The settings of this
    process are those of the installation too."""

    folder: Path
    address: str
    environment: dict[str, str]
    engine: sqlalchemy.Engine
    redis_url: str
    children: dict[str, Child]
    actor: Actor
    dock: str

    @property
    def uploads(self) -> str:
        return f"{self.address}/api/v1/uploads"


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """0711: as root the servers run as another user and must get through to their own folders."""
    folder = Path(tempfile.mkdtemp(prefix="zl-bench-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def installed(*programs: str, ceph: CephNode | None = None, size: Size | None = None) -> Iterator[Running]:
    """PostgreSQL, Redis, and of the programs (web, schedule, a queue's worker by the queue's name) those named. Without
    `ceph` the store is a directory."""
    with workspace() as folder, contextlib.ExitStack() as stack:
        extra = {"ZHENGLU_SECRET_KEY": "of-a-benchmark-0123456789abcdef-0123"}
        if ceph is not None:
            extra |= {
                "ZHENGLU_OBJECT_STORE": ceph.url("bench"),
                "ZHENGLU_S3_ACCESS_KEY": ceph.access_key,
                "ZHENGLU_S3_SECRET_KEY": ceph.secret_key,
            }
        stack.enter_context(_environment(extra))
        plan = _plan(folder / "data", size or Size())
        children = _start(plan, programs, stack)
        environment = {**extra, **plan.environment()}
        stack.enter_context(_environment(environment))
        engine = sqlalchemy.create_engine(plan.database_url)
        stack.callback(engine.dispose)
        actor, dock = _people(engine)
        redis_url = environment["ZHENGLU_REDIS_URL"]
        yield Running(folder, plan.address, environment, engine, redis_url, children, actor, dock)


def _plan(data: Path, size: Size) -> Installation:
    plan = Installation(Settings(data_dir=data), host="127.0.0.1", port=free_port(), size=size)
    for server, user in ((plan.postgres, "postgres"), (plan.redis, "redis")):
        if server is not None:
            server.account = server.child.account = named(user, "nobody")
    media_user = Sandbox.here().user
    if media_user is not None:
        # Under `up` the service's user is the sandbox's. Here it is root: by their group, which new files take
        # from their folder, originals can be read in place all the same.
        objects = data / "objects"
        objects.mkdir(parents=True)
        os.chown(objects, 0, media_user[1])
        objects.chmod(0o2750)
    return plan


def _start(plan: Installation, programs: Sequence[str], stack: contextlib.ExitStack) -> dict[str, Child]:
    children = {}
    for stage in plan.stages():
        if isinstance(stage, Step):
            stage.act()
            continue
        parts = [part for part in stage if part.name in ("postgresql", "redis", *programs)]
        for part in parts:
            stack.callback(part.child.stop)
            part.start()
            children[part.name] = part.child
        for part in parts:
            _wait(part)
    return children


def _look(part: Part) -> bool:
    part.is_ready = part.ready()
    return part.is_ready


def _wait(part: Part) -> None:
    wait_until(lambda: _look(part) or not part.child.running, part.ready_within_s, every_s=0.1)
    if not part.is_ready:
        raise RuntimeError(f"{part.name} did not start; its log says:\n{part.child.output()[-3000:]}")


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """For this process and the children to come."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    forget_settings()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        forget_settings()


def _people(engine: sqlalchemy.Engine) -> tuple[Actor, str]:
    with Session(engine, expire_on_commit=False) as session:
        session.add(Squad(code=SQUAD, name="第一中队"))
        session.flush()
        wanted = AccountCreate(username="dock", password=PASSWORD, role=Role.member, squad=SQUAD)
        account = create_account(session, "bench", wanted)
        actor = Actor(account.id, account.username, Role.member, account.squad_id)
        secret, _ = create_token(session, actor, "dock", TokenScope.dock)
        session.commit()
    return actor, secret
