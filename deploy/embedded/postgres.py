"""A private PostgreSQL, made from Debian's package in a folder of ours."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy.account import Account
from deploy.kept_log import KeptLog
from deploy.process import Child, ProcessId, wait_until
from service.kernel.environment import for_others
from service.kernel.storage.directory import sync_folder

SUPERUSER = "zhenglu"
SOCKET_PATH_MAX = 107  # sun_path holds 108 bytes with its closing zero
DEFAULT_PORT = 5432  # only names the socket file as long as nothing listens on TCP

UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
}


class PostgresError(RuntimeError):
    """A sentence for the person who started it."""


def programs(major: str | None = None) -> Path:
    """The folder of initdb and postgres: of this major version, or the newest installed."""
    installed = {
        folder.parent.name: folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (folder / "initdb").exists() and (folder / "postgres").exists()
    }
    if not installed:
        raise PostgresError("PostgreSQL is not installed: run `sudo apt-get install postgresql`.")
    if major is None:
        return installed[max(installed, key=int)]
    if major not in installed:
        there = ", ".join(sorted(installed))
        raise PostgresError(
            f"The database folder was made by PostgreSQL {major}, and here only {there} is installed: "
            f"install postgresql-{major}, or start on an empty folder and restore a backup."
        )
    return installed[major]


class Postgres:
    """One cluster in `folder`, reached by a unix socket in a folder that only its owner enters.

    `folder` must lie where `account` can reach it (root only). Anyone who can enter the socket folder is the
    superuser: there is no password. With `tcp_port` it listens on 127.0.0.1 too; there a password is asked for
    (SCRAM), and none is set: set one first.
    `durable=False` gives up crash safety for speed: tests only.
    """

    def __init__(
        self,
        folder: Path,
        *,
        account: Account | None = None,
        log: Path | None = None,
        kept: KeptLog | None = None,
        tcp_port: int | None = None,
        durable: bool = True,
        die_with_parent: bool = True,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.account = account
        self.tcp_port = tcp_port
        self.port = tcp_port or DEFAULT_PORT
        self.durable = durable
        self.settings = settings or {}
        self.child = Child(
            name="postgresql",
            argv=[],
            log=log or self.folder / "postgres.log",
            cwd=self.folder,
            account=account,
            ours=False,
            kept=kept,
            stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client to leave
            death_signal=signal.SIGINT if die_with_parent else None,
            grace_s=30.0,
        )

    @property
    def socket_folder(self) -> Path:
        """In the data folder, or, where that path is too long for a socket, in the temp folder."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / f".s.PGSQL.{self.port}.lock")) <= SOCKET_PATH_MAX:
            return inside
        owner = self.account.uid if self.account else os.getuid()
        short = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"zhenglu-{owner}-{short}"

    def url(self, database: str = "zhenglu") -> str:
        """SQLAlchemy's form, for psycopg 3."""
        host = quote(str(self.socket_folder), safe="/")
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={host}&port={self.port}"

    def dsn(self, database: str = "postgres") -> str:
        """libpq's form."""
        return make_conninfo(host=str(self.socket_folder), port=self.port, user=SUPERUSER, dbname=database)

    def prepare(self) -> None:
        """Makes the cluster where there is none; ends what a crash left running in it."""
        self._own_folder(self.folder)
        self._own_folder(self.socket_folder)
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        major = (self.data / "PG_VERSION").read_text().strip()
        self.end_orphan()
        listen = "127.0.0.1" if self.tcp_port else ""
        options = {
            "listen_addresses": listen,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if self.durable else UNSAFE_BUT_FAST),
            **self.settings,
        }
        self.child.argv = [str(programs(major) / "postgres"), "-D", str(self.data)]
        self.child.argv += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]

    def start(self, timeout_s: float = 60.0) -> None:
        try:
            self.prepare()
        except PostgresError:
            self.remove_socket_folder()
            raise
        self.child.start()
        self.wait_ready(timeout_s)

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        wait_until(lambda: self.ready() or not self.child.running, timeout_s)
        if not self.ready():
            self.stop()
            raise PostgresError(f"PostgreSQL did not start; its log says:\n{self.child.output()[-2000:]}")

    def ready(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Fast shutdown: clients are cut off, everything committed is on disk."""
        if self.child.process is not None:
            self.child.stop()
        else:
            self.end_orphan()
        self.remove_socket_folder()

    def remove_socket_folder(self) -> None:
        """Once the server has stopped: nothing of it is left in the temp folder."""
        folder = self.socket_folder
        if folder.parent == self.folder or self.orphans():
            return
        with contextlib.suppress(OSError):  # not there, somebody else's, or not empty: it stays
            if self._is_ours(folder):
                for name in (f".s.PGSQL.{self.port}", f".s.PGSQL.{self.port}.lock"):  # what a kill leaves
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()

    def ensure_database(self, name: str = "zhenglu") -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def orphans(self) -> list[ProcessId]:
        """Every postgres process that works in our data folder: the postmaster and what outlived it."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                # Both must fit: after a restart of the machine the number in postmaster.pid may be anyone's.
                ours = (entry / "comm").read_text().strip() == "postgres"
                ours = ours and (entry / "cwd").readlink() == self.data
            except OSError:  # gone meanwhile, or another user's
                continue
            if ours and (process := ProcessId.of(int(entry.name))):
                found.append(process)
        return found

    def end_orphan(self) -> None:
        """Shuts down a server that a crash left behind, and removes its stale postmaster.pid."""
        pid_file = self.data / "postmaster.pid"
        orphans = self.orphans()
        if orphans:
            master = int(pid_file.read_text().split()[0]) if pid_file.exists() else None
            for process in orphans:
                if process.pid == master:
                    process.send(signal.SIGINT)
            # The others leave by themselves when the postmaster is gone; a stuck one is told to.
            if not wait_until(lambda: not any(process.alive for process in orphans), 30.0):
                for process in orphans:
                    process.send(signal.SIGQUIT)
                wait_until(lambda: not any(process.alive for process in orphans), 10.0)
        if any(process.alive for process in orphans):
            pids = ", ".join(str(process.pid) for process in orphans if process.alive)
            raise PostgresError(
                f"An old PostgreSQL still runs in {self.data} (process {pids}): end it first."
            )
        # Nobody works here now, whoever bears these numbers today.
        pid_file.unlink(missing_ok=True)
        (self.socket_folder / f".s.PGSQL.{self.port}.lock").unlink(missing_ok=True)

    def _initdb(self) -> None:
        """Beside its place, which it takes when it is whole: half a cluster would never start."""
        made = self.folder / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        command = [
            *(str(programs() / "initdb"), "-D", str(made), "-U", SUPERUSER),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"),
        ]
        if not self.durable:
            command.append("--no-sync")
        who = self.account
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=for_others(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=who.uid if who else None,
            group=who.gid if who else None,
            extra_groups=[] if who else None,
        )
        if done.returncode:
            raise PostgresError(f"initdb failed in {self.data}: {done.stderr.strip()}")
        made.rename(self.data)
        sync_folder(self.folder)

    def _own_folder(self, folder: Path) -> None:
        """Makes `folder` for its owner alone; refuses one that somebody else put there (the temp folder)."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._is_ours(folder):
            raise PostgresError(
                f"{folder} belongs to somebody else: remove it, or choose another data folder."
            )
        if self.account:
            self.account.owns(folder)
        folder.chmod(0o700)

    def _is_ours(self, folder: Path) -> bool:
        owner = self.account.uid if self.account else os.getuid()
        return not folder.is_symlink() and folder.stat().st_uid in (owner, os.getuid())
