"""A private Redis, made from Debian's package in a folder of ours."""

import secrets
import shutil
from pathlib import Path

import redis

from deploy.account import Account
from deploy.kept_log import KeptLog
from deploy.process import Child, free_port, wait_until
from deploy.whole_file import write_whole
from service.kernel.boot import boot_id


class RedisError(RuntimeError):
    """A sentence for the person who started it."""


class Redis:
    """One server on 127.0.0.1, behind a password made at its first start and kept in `folder`.

    `durable=True` keeps an append-only file, so queued jobs survive a restart; they survive without it too,
    only later (the job table is the truth). The port is a free one at each start unless given.
    """

    def __init__(
        self,
        folder: Path,
        *,
        account: Account | None = None,
        log: Path | None = None,
        kept: KeptLog | None = None,
        port: int | None = None,
        durable: bool = True,
        die_with_parent: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.account = account
        self.port = port
        self.durable = durable
        self.child = Child(
            name="redis",
            argv=[],
            log=log or self.folder / "redis.log",
            cwd=self.folder,
            account=account,
            ours=False,
            kept=kept,
            grace_s=10.0,
        )
        if not die_with_parent:
            self.child.death_signal = None

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def url(self, database: int = 0) -> str:
        return f"redis://:{self._password_file.read_text()}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._password_file.exists() or not self._password_file.read_text().strip("\0"):
            write_whole(self._password_file, secrets.token_urlsafe(32))
        program = shutil.which("redis-server")
        if program is None:
            raise RedisError("Redis is not installed: run `sudo apt-get install redis-server`.")
        self.port = self.port or free_port()
        self._forget_another_start()
        configuration = self.folder / "redis.conf"
        # A file, so that the password is not in the process list.
        text = (
            "bind 127.0.0.1\n"
            f"port {self.port}\n"
            f"requirepass {self._password_file.read_text()}\n"
            f'dir "{self.folder}"\n'
            f"appendonly {'yes' if self.durable else 'no'}\n"
            'save ""\n'
            # Evicting a queued message would be a lost nudge: refuse writes instead.
            "maxmemory-policy noeviction\n"
        )
        if not configuration.exists() or configuration.read_text() != text:  # a full disk takes no second one
            write_whole(configuration, text)
        if self.account:
            for path in (self.folder, self._password_file, configuration):
                self.account.owns(path)
        self.child.argv = [program, str(configuration)]

    def _forget_another_start(self) -> None:
        """After a power cut the append-only file may be one that Redis refuses to read, and then it never starts. All
        in it stands in the database, too, and is sent anew."""
        mark = self.folder / "boot"
        if not mark.exists() or mark.read_text() != boot_id():
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
            write_whole(mark, boot_id())

    def start(self, timeout_s: float = 20.0) -> None:
        self.prepare()
        self.child.start()
        self.wait_ready(timeout_s)

    def wait_ready(self, timeout_s: float = 20.0) -> None:
        wait_until(lambda: self.ready() or not self.child.running, timeout_s)
        if not self.ready():
            self.child.stop()
            raise RedisError(f"Redis did not start; its log says:\n{self.child.output()[-2000:]}")

    def ready(self) -> bool:
        """Answers, and has finished reading its append-only file."""
        try:
            with redis.Redis.from_url(self.url(), socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        self.child.stop()
