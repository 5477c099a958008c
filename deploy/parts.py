"""The parts of one installation: what runs, in which order, with which settings.

A part that the settings name by URL (ZHENGLU_DATABASE_URL, ZHENGLU_REDIS_URL) is somebody else's to run.
"""

import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import sqlalchemy

from deploy.database import upgrade
from deploy.embedded.postgres import Postgres
from deploy.embedded.redis import Redis
from deploy.kept_log import Keeping, KeptLog
from deploy.process import Child
from deploy.serve import queue_worker, web_server
from deploy.supervisor import Part, StartFailed, Step
from deploy.whole_file import write_whole
from service.kernel.database import engine_for, transaction
from service.kernel.queues import QUEUES
from service.kernel.settings import Settings

TREE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Size:
    """How many processes share the work. `queues`: by name, where it is not the queue's own number."""

    web: int = 2
    queues: Mapping[str, int] = field(default_factory=dict)


class Installation:
    def __init__(
        self, settings: Settings, *, host: str, port: int, size: Size, admin_password: str = ""
    ) -> None:
        self.settings = settings
        self._admin_password = admin_password
        self.folder = settings.data_dir
        self.host, self.port, self.size = host, port, size
        self.address = settings.public_url or f"http://{host}:{port}"
        self.logs = self.folder / "logs"
        self.postgres = self.redis = None
        if not settings.database_url:
            self.postgres = Postgres(
                self.folder / "postgres",
                log=self.logs / "postgresql.log",
                kept=self._log("postgresql"),
                settings={"shared_buffers": f"{shared_buffers_mib()}MB"},
            )
        if not settings.redis_url:
            self.redis = Redis(self.folder / "redis", log=self.logs / "redis.log", kept=self._log("redis"))

    def _log(self, part: str) -> KeptLog:
        return KeptLog(self.logs / f"{part}.log", log_keeping(self.settings))

    @property
    def database_url(self) -> str:
        return self.postgres.url() if self.postgres else self.settings.database_url

    def environment(self) -> dict[str, str]:
        """What the parts, and commands beside them, need to know."""
        return {
            "ZHENGLU_DATA_DIR": str(self.folder),
            "ZHENGLU_DATABASE_URL": self.database_url,
            "ZHENGLU_REDIS_URL": self.redis.url() if self.redis else self.settings.redis_url,
            "ZHENGLU_SECRET_KEY": self.settings.secret_key or own_secret(self.folder),
            "ZHENGLU_PUBLIC_URL": self.address,
            # of the machine's memory each has a share
            "ZHENGLU_WORKERS_AT_ONCE": str(self.settings.workers_at_once or sum(self._processes().values())),
            **({"ZHENGLU_DEMO": "1"} if self.settings.demo else {}),
        }

    def stages(self) -> list[Sequence[Part] | Step]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o750, exist_ok=True)
        servers = []
        if self.postgres:
            cluster = self.postgres
            servers.append(
                Part(cluster.child, cluster.ready, cluster.prepare, clean_up=cluster.remove_socket_folder)
            )
        if self.redis:
            servers.append(Part(self.redis.child, self.redis.ready, self.redis.prepare))
        programs = [
            self._program("web", self._web(), self._web_answers, self._port_is_free),
            *(self._worker(name, n) for name, n in self._processes().items()),
            self._program("schedule", ["workers.schedule"], lambda: True),
        ]
        once = [Step("migrations", self._migrate)]
        if self._admin_password:
            once.append(Step("first admin", self._make_first_admin))
        return [servers, *once, programs]

    def _make_first_admin(self) -> None:
        from service.access.actions import ensure_first_admin
        from service.access.errors import WeakPassword

        engine = engine_for(self.database_url, pool_size=1)
        try:
            with transaction(engine) as session:
                ensure_first_admin(session, self._admin_password)
        except WeakPassword as error:
            raise StartFailed(f"ZHENGLU_ADMIN_PASSWORD: {error}") from None
        finally:
            engine.dispose()
            self._admin_password = ""

    def _processes(self) -> dict[str, int]:
        return {one.name: self.size.queues.get(one.name, one.processes) for one in QUEUES.values()}

    def _migrate(self) -> None:
        if self.postgres:
            self.postgres.ensure_database()
        upgrade(self.database_url)

    def _program(
        self,
        name: str,
        module: Sequence[str],
        ready: Callable[[], bool],
        prepare: Callable[[], None] = lambda: None,
    ) -> Part:
        child = Child(
            name,
            [sys.executable, "-m", *module],
            self.logs / f"{name}.log",
            # The tree is where this very module is: the parts must not meet another one.
            env={"PYTHONPATH": os.pathsep.join(filter(None, [str(TREE), os.environ.get("PYTHONPATH", "")]))},
            cwd=self.folder,
            kept=self._log(name),
        )

        def prepared() -> None:
            prepare()
            child.env |= {"PYTHONUNBUFFERED": "1", **self.environment()}

        return Part(child, ready, prepared)

    def _web(self) -> list[str]:
        return web_server(self.host, self.port, self.size.web)

    def _web_answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            url = f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}/readyz"
            return httpx.get(url, timeout=2.0, trust_env=False).status_code == 200
        return False

    def _port_is_free(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise StartFailed(
                    f"Cannot listen on {self.host}:{self.port} ({error.strerror}): choose another --port."
                ) from None

    def _worker(self, queue: str, concurrency: int) -> Part:
        part = self._program(
            queue,
            queue_worker(queue, concurrency),
            lambda: self._beats(part.child.pid),
        )
        return part

    def _beats(self, pid: int) -> bool:
        """The worker has said that it takes work."""
        engine = sqlalchemy.create_engine(self.database_url, poolclass=sqlalchemy.NullPool)
        with contextlib.suppress(sqlalchemy.exc.OperationalError), engine.connect() as connection:
            return bool(
                connection.execute(
                    sqlalchemy.text(
                        "SELECT 1 FROM heartbeats WHERE worker = :worker AND stopped_at IS NULL"
                        " AND seen_at > now() - interval '15 seconds'"
                    ),
                    {"worker": f"{socket.gethostname()}:{pid}"},
                ).scalar()
            )
        return False


def log_keeping(settings: Settings) -> Keeping:
    """Of each part."""
    parts = len(QUEUES) + len(("postgresql", "redis", "web", "schedule"))
    return Keeping.shared(settings.log_bytes, settings.log_days, parts)


def shared_buffers_mib() -> int:
    """A quarter of the memory, between PostgreSQL's own default and 1 GiB: searches read the same pages again."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(128, min(1024, memory // 4 // 2**20))


def own_secret(folder: Path) -> str:
    """The installation's secret, made at its first start and kept in the data folder."""
    file = folder / "secret"
    if not file.exists() or not file.read_text().strip("\0"):
        write_whole(file, secrets.token_urlsafe(48))
    return file.read_text()
