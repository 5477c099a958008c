"""Started by root, everything runs as the system user `zhenglu`, also from a clone that it cannot read."""

import compileall
import hashlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from deploy.account import Account
from service.kernel.environment import for_ours

NAME = "zhenglu"
HOME = Path("/var/lib/zhenglu")
TREE = Path(__file__).parents[1]
FLOORS = ("schemas", "service", "workers", "deploy")


class CannotBecome(RuntimeError):
    """A sentence for the person who started it."""


def become(data: Path, arguments: Sequence[str]) -> None:
    """As root: replaces this process by `zhenglu ARGUMENTS…` run as the service user, who will own `data`.

    As anyone else: returns and does nothing. Paths in `arguments` must be absolute.
    """
    if os.geteuid() != 0:
        return
    account = service_account()
    data.mkdir(mode=0o750, parents=True, exist_ok=True)
    if data.stat().st_uid == 0:
        if any(data.iterdir()):
            raise CannotBecome(
                f"{data} belongs to root: give it to the user {NAME} (chown -R {NAME} {data})."
            )
        account.owns(data)
    environment = {
        **for_ours(),
        "HOME": str(HOME),
        "USER": NAME,
        "LOGNAME": NAME,
        "ZHENGLU_DATA_DIR": str(data),
    }
    if not _as(account, ["test", "-w", str(data)], environment):
        raise CannotBecome(
            f"The user {NAME} cannot reach {data}: choose a --data folder outside of other users' homes."
        )
    python, environment = _program_for(account, environment)
    os.chdir(data)
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)
    os.execve(python, [python, "-m", "deploy.cli", *arguments], environment)


def service_account() -> Account:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        subprocess.run(
            [
                *("useradd", "--system", "--user-group", "--shell", "/usr/sbin/nologin"),
                *("--home-dir", str(HOME), NAME),
            ],
            check=True,
        )
        entry = pwd.getpwnam(NAME)
    account = Account(NAME, entry.pw_uid, entry.pw_gid)
    # 0711: others come through to a data folder of their own, and see no names here.
    HOME.mkdir(mode=0o711, parents=True, exist_ok=True)
    account.owns(HOME)
    return account


def _program_for(account: Account, environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    """An interpreter and an environment with which the account can run this very program."""
    if _runs(account, sys.executable, environment):
        return sys.executable, environment
    # The clone is closed to others (under /root, say): a copy, and any Python of the same version.
    program = HOME / "program"
    tree = _copied_tree(program)
    packages = _copied_packages(program)
    environment = {**environment, "PYTHONPATH": f"{tree}{os.pathsep}{packages}"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (
        os.path.realpath(sys.executable),
        f"/usr/bin/python{version}",
        f"/usr/local/bin/python{version}",
    ):
        if _runs(account, python, environment):
            return python, environment
    raise CannotBecome(
        f"The user {NAME} cannot run {os.path.realpath(sys.executable)}, which .venv was made with: remove .venv, "
        "put Debian's python3 first on the PATH and run setup again, or start zhenglu as an ordinary user."
    )


def _runs(account: Account, python: str, environment: dict[str, str]) -> bool:
    return _as(account, [python, "-c", "import deploy.cli, deploy.parts, celery, uvicorn"], environment)


def _as(account: Account, command: Sequence[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except (PermissionError, FileNotFoundError):  # it may not even execute it, or there is none
        return False
    return done.returncode == 0


def _copied_tree(program: Path) -> Path:
    files = sorted(
        path
        for floor in FLOORS
        for path in (TREE / floor).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    print_of_all = hashlib.sha256()
    for path in files:
        told = path.stat()
        print_of_all.update(f"{path.relative_to(TREE)} {told.st_size} {told.st_mtime_ns}\n".encode())
    return _copied(
        program, "tree", print_of_all.hexdigest()[:16], [(path, path.relative_to(TREE)) for path in files]
    )


def _copied_packages(program: Path) -> Path:
    """What requirements.lock names, without what only the tests need."""
    source = Path(sysconfig.get_path("purelib")).resolve()
    lock = (TREE / "requirements.lock").read_text()
    files = []
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE):
        try:
            listed = metadata.distribution(name).files or []
        except metadata.PackageNotFoundError:  # for another version of Python
            continue
        for file in listed:
            path = Path(str(file.locate())).absolute()
            if path.is_relative_to(source) and path.is_file():
                files.append((path, path.relative_to(source)))
    fingerprint = hashlib.sha256(f"{lock}{sys.version}".encode()).hexdigest()[:16]
    return _copied(program, "packages", fingerprint, files)


def _copied(program: Path, kind: str, fingerprint: str, files: list[tuple[Path, Path]]) -> Path:
    """A folder named by what is in it: an `up` that runs keeps the copy that it was started from."""
    target = program / f"{kind}-{fingerprint}"
    if not target.exists():
        unfinished = program / f"{kind}-{fingerprint}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        before = os.umask(0o022)
        try:
            for source, relative in files:
                copy = unfinished / relative
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)
                copy.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
            # The service user may not write here, and would compile everything again at each start.
            compileall.compile_dir(unfinished, quiet=2, legacy=False)
        finally:
            os.umask(before)
        unfinished.rename(target)
    os.utime(target)
    copies = sorted(program.glob(f"{kind}-*"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in copies[2:]:
        shutil.rmtree(old)
    return target
