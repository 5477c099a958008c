"""Secrets: whether others of the machine can read them, and whether any is kept longer than it is needed."""

import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.database import connected
from deploy.doctor.findings import Finding, broken, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.settings import Settings

LEAST_SECRET = 32
FIRST_PASSWORD = "ZHENGLU_ADMIN_PASSWORD"
FOR_SYSTEMD = Path("/etc/zhenglu/environment")
# In the data folder.
KEYS = ("secret", "up.json", "redis/password", "redis/redis.conf")


def secrets(settings: Settings) -> Iterator[Finding]:
    open_files = [path for path in _keys(settings.data_dir) if seen_by_others(path)]
    still = _still_holding(settings)
    if open_files:
        names = " ".join(map(str, open_files))
        yield broken(
            "secrets",
            _("other users of the machine may read {names}").format(names=names),
            _("Run `chmod o= {names}`, and choose new ones if somebody may have.").format(names=names),
        )
    elif settings.secret_key and len(settings.secret_key) < LEAST_SECRET:
        yield warning(
            "secrets",
            _("ZHENGLU_SECRET_KEY has {n} characters").format(n=len(settings.secret_key)),
            _("Choose a random one of {n} or more: `openssl rand -base64 32`.").format(n=LEAST_SECRET),
        )
    elif still:
        yield warning(
            "secrets",
            _("{name} is still set ({where}), though an administrator exists").format(
                name=FIRST_PASSWORD, where=", ".join(still)
            ),
            _("Take {name} out of the settings and start anew: only the first start needs it.").format(
                name=FIRST_PASSWORD
            ),
        )
    else:
        yield ok("secrets", _("nobody else of this machine can read them"))


def seen_by_others(path: Path) -> bool:
    """False for what is not there or not to be seen from here."""
    try:
        return bool(path.stat().st_mode & stat.S_IRWXO) and _reached_by_others(path)
    except OSError:
        return False


def _reached_by_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)


def _keys(folder: Path) -> list[Path]:
    return [*(folder / name for name in KEYS), FOR_SYSTEMD]


def _still_holding(settings: Settings) -> list[str]:
    """Which parts and files keep the first password: as far as it may be looked at from here."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    from deploy.running import Running

    with connected(settings) as connection:
        if connection is None:
            return []
        try:
            there = connection.execute(
                sqlalchemy.text("SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'admin')")
            ).scalar_one()
        except SQLAlchemyError:  # its schema's own check has said why
            return []
    if not there:
        return []
    state = Running.read(settings.data_dir)
    parts = state.children if state and state.alive else {}
    found = [name for name, process in parts.items() if process.alive and holds_password(process.pid)]
    kept = [str(FOR_SYSTEMD)] if _says_password(FOR_SYSTEMD) else []
    return [*found, *kept, *([_("here")] if settings.admin_password else [])]


def _says_password(file: Path) -> bool:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip().startswith(f"{FIRST_PASSWORD}=") for line in lines)


def holds_password(pid: int) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(one.startswith(f"{FIRST_PASSWORD}=".encode()) and one.partition(b"=")[2] for one in variables)
