"""deploy/setup.sh on stand-ins for the system's programs that write down how they were called."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/setup.sh"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that setup reads, and an environment that is installed already."""
    clone = tmp_path / "clone"
    (clone / "deploy").mkdir(parents=True)
    for name in ("setup.sh", "packages.txt", "node.lock"):
        (clone / "deploy" / name).write_bytes((ROOT / "deploy" / name).read_bytes())
    (clone / "deploy/setup.sh").chmod(0o755)
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "package.json"):
        (clone / name).write_bytes((ROOT / name).read_bytes())
    (clone / "package-lock.json").write_text("{}")
    (clone / "tsconfig.json").write_text("{}")
    (clone / "service/web/frame/static").mkdir(parents=True)
    return clone


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def programs(tmp_path: Path, calls: Path) -> Path:
    """A folder of programs that come before the system's own."""
    folder = tmp_path / "programs"
    folder.mkdir()

    def program(name: str, body: str = "") -> None:
        (folder / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {calls}\n{body}\n')
        (folder / name).chmod(0o755)

    program("dpkg-query", 'echo -n "installed"')
    program("apt-get")
    program("sudo", "exit 1")
    program("npm", "mkdir -p service/web/frame/static/dist node_modules; [[ $1 == --version ]] || true")
    program("node", "echo 22")
    return folder


def run(clone: Path, programs: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "deploy/setup.sh", *arguments],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def pretend_python(clone: Path, programs: Path, calls: Path) -> None:
    """A .venv whose Python only writes down what it is asked; any user may run it."""
    python = clone / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/bash\necho "python $*" >> {calls}\n')
    python.chmod(0o755)
    (programs / "setpriv").write_text("#!/bin/bash\n")
    (programs / "setpriv").chmod(0o755)


def test_a_second_run_with_nothing_changed_calls_neither_apt_nor_pip_nor_npm(
    clone: Path, programs: Path, calls: Path
) -> None:
    pretend_python(clone, programs, calls)
    first = run(clone, programs, "test")
    assert first.returncode == 0, first.stderr
    told = calls.read_text()
    assert "--require-hashes -r requirements-dev.lock" in told
    assert "npm ci" in told and "npm run --silent build" in told
    assert "apt-get" not in told

    calls.write_text("")
    second = run(clone, programs, "test")
    assert second.returncode == 0 and second.stderr == ""
    told = calls.read_text()
    assert not re.search(r"apt-get|-m pip|npm|sudo", told)
    # What was installed for the tests serves for running too.
    assert run(clone, programs, "run").returncode == 0
    assert "-m pip" not in calls.read_text()


@pytest.mark.parametrize(
    ("changed", "called"),
    [("requirements.lock", "-m pip"), ("package-lock.json", "npm ci"), ("tsconfig.json", "npm run")],
)
def test_what_changed_is_installed_or_built_again(
    clone: Path, programs: Path, calls: Path, changed: str, called: str
) -> None:
    pretend_python(clone, programs, calls)
    assert run(clone, programs, "run").returncode == 0
    calls.write_text("")
    with (clone / changed).open("a") as file:
        file.write("\n")
    assert run(clone, programs, "run").returncode == 0
    assert called in calls.read_text()


def test_without_root_or_sudo_one_sentence_names_the_command(clone: Path, programs: Path) -> None:
    (programs / "dpkg-query").write_text("#!/bin/bash\n[[ ${!#} == ffmpeg ]] && exit 1; echo -n installed\n")
    (programs / "id").write_text("#!/bin/bash\necho 1000\n")
    (programs / "id").chmod(0o755)
    answer = run(clone, programs, "run")
    assert answer.returncode != 0
    assert answer.stderr.strip().splitlines() == [
        "setup: these packages are missing and need root: "
        "apt-get update && apt-get install --no-install-recommends ffmpeg"
    ]


def packages_of_a_fresh_machine(programs: Path, tmp_path: Path, calls: Path, simulation: str) -> None:
    """ffmpeg is missing, and the root script runs for real, but with an apt-get that only writes down."""
    (programs / "dpkg-query").write_text("#!/bin/bash\n[[ ${!#} == ffmpeg ]] && exit 1; echo -n installed\n")
    (programs / "id").write_text("#!/bin/bash\necho 1000\n")
    # Root only in here, and nothing of the machine's own is touched.
    as_root = "bwrap --unshare-user --uid 0 --gid 0 --dev-bind / / --tmpfs /usr/sbin"
    (programs / "sudo").write_text(f'#!/bin/bash\n[[ $1 == -n ]] || exec {as_root} "$@"\n')
    (programs / "apt-get").write_text(
        f'#!/bin/bash\necho "apt-get $*" >> {calls}\n'
        f'case "$*" in\n'
        f"  *update*) touch {tmp_path}/lists ;;\n"
        f"  *--simulate*) {simulation} ;;\n"
        f"  *--assume-no*) echo 'Need to get 248 MB of archives.'; exit 1 ;;\n"
        f'  *" -y "*) echo "E: the mirror has no ffmpeg"; [[ ! -e {tmp_path}/broken ]] ;;\n'
        f"esac\n"
    )
    for name in ("id", "sudo", "apt-get", "dpkg-query"):
        (programs / name).chmod(0o755)


def test_a_fresh_machine_has_no_package_lists_and_sees_no_error_because_of_it(
    clone: Path, programs: Path, calls: Path, tmp_path: Path
) -> None:
    pretend_python(clone, programs, calls)
    packages_of_a_fresh_machine(programs, tmp_path, calls, f"[[ -e {tmp_path}/lists ]]")
    answer = run(clone, programs, "run")
    assert answer.returncode == 0, answer.stderr
    told = [line for line in calls.read_text().splitlines() if line.startswith("apt-get")]
    assert [re.search(r"update|--simulate|--assume-no| -y ", line)[0].strip() for line in told] == [
        *("--simulate", "update", "--assume-no", "-y")
    ]
    assert "248 MB to fetch" in answer.stderr and "E:" not in answer.stderr


@pytest.mark.parametrize("package", ["postgresql", "redis-server", "nginx"])
def test_servers_that_come_with_a_package_are_neither_started_now_nor_at_the_next_boot(
    clone: Path, programs: Path, calls: Path, tmp_path: Path, package: str
) -> None:
    pretend_python(clone, programs, calls)
    packages_of_a_fresh_machine(programs, tmp_path, calls, "true")
    (programs / "dpkg-query").write_text(
        f"#!/bin/bash\n[[ ${{!#}} == {package} ]] && exit 1; echo -n installed\n"
    )
    installing = (programs / "apt-get").read_text()
    seen = f"[[ $* != *' -y '* ]] || ( /usr/sbin/policy-rc.d nginx start; echo policy $? >> {calls} )\n"
    (programs / "apt-get").write_text(installing + seen)
    (programs / "systemctl").write_text(f'#!/bin/bash\necho "systemctl $*" >> {calls}\n')
    (programs / "systemctl").chmod(0o755)
    answer = run(clone, programs, "test")
    assert answer.returncode == 0, answer.stderr
    told = calls.read_text()
    assert "policy 101" in told
    assert f"systemctl disable --quiet {package}" in told


def test_servers_that_were_there_before_are_left_alone(
    clone: Path, programs: Path, calls: Path, tmp_path: Path
) -> None:
    pretend_python(clone, programs, calls)
    packages_of_a_fresh_machine(programs, tmp_path, calls, "true")
    (programs / "systemctl").write_text(f'#!/bin/bash\necho "systemctl $*" >> {calls}\n')
    (programs / "systemctl").chmod(0o755)
    assert run(clone, programs, "test").returncode == 0
    assert "systemctl" not in calls.read_text()


def test_what_apt_could_not_do_is_shown_in_its_own_words(
    clone: Path, programs: Path, calls: Path, tmp_path: Path
) -> None:
    pretend_python(clone, programs, calls)
    packages_of_a_fresh_machine(programs, tmp_path, calls, "true")
    (tmp_path / "broken").touch()
    answer = run(clone, programs, "run")
    assert answer.returncode != 0
    assert "E: the mirror has no ffmpeg" in answer.stderr
    assert answer.stderr.strip().splitlines()[-1] == "setup: apt-get could not install: ffmpeg"


def test_an_environment_that_was_broken_off_while_it_was_made_is_made_again(
    clone: Path, programs: Path, calls: Path
) -> None:
    pretend_python(clone, programs, calls)
    (clone / ".venv/bin/python").write_text("#!/bin/bash\n[[ $* != *pip* ]]\n")
    answer = run(clone, programs, "run", PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0")
    assert "making .venv" in answer.stderr
    assert "pip could not install into .venv" in answer.stderr.strip().splitlines()[-1]


def test_a_clone_that_moved_gets_programs_that_know_where_they_are(
    clone: Path, programs: Path, calls: Path
) -> None:
    pretend_python(clone, programs, calls)
    assert run(clone, programs, "run").returncode == 0
    moved = clone.rename(clone.with_name("moved"))
    answer = run(moved, programs, "run", PIP_INDEX_URL="http://127.0.0.1:1/", PIP_RETRIES="0")
    assert "making .venv" in answer.stderr


def test_what_root_left_in_the_clone_is_said_and_not_stumbled_over(
    clone: Path, programs: Path, calls: Path
) -> None:
    pretend_python(clone, programs, calls)
    assert run(clone, programs, "run").returncode == 0
    with (clone / "requirements.lock").open("a") as file:
        file.write("\n")
    (programs / "id").write_text("#!/bin/bash\necho ann\n")
    (programs / "id").chmod(0o755)
    # A read-only mount: nobody can write there, not even root, who may be running the tests.
    closed = ("bwrap", "--dev-bind", "/", "/", "--ro-bind", clone / ".venv", clone / ".venv")
    answer = subprocess.run(
        [*closed, clone / "deploy/setup.sh", "run"],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert answer.returncode != 0
    assert re.search(r"^setup: \.venv belongs to \w+: .*chown -R ann \.$", answer.stderr.strip()), (
        answer.stderr
    )


def test_tests_need_more_packages_than_running_does(clone: Path) -> None:
    listed = [line.split()[:2] for line in (clone / "deploy/packages.txt").read_text().splitlines()]
    purposes = {name: purpose for name, purpose in listed if name != "#"}
    assert set(purposes.values()) == {"run", "test"}
    assert purposes["ffmpeg"] == "run" and purposes["chromium"] == "test"


def test_the_image_has_the_same_packages(clone: Path) -> None:
    listed = [line.split()[:2] for line in (clone / "deploy/packages.txt").read_text().splitlines()]
    needed = {name for name, purpose in listed if name != "#" and purpose == "run"}
    # Python comes with the image; servers of their own and the demo's voice are not in it.
    needed -= {"python3", "python3-venv", "make", "postgresql", "redis-server", "espeak-ng"}
    assert needed <= set((ROOT / "deploy/Dockerfile").read_text().split())


def test_bash_can_read_it() -> None:
    subprocess.run(["bash", "-n", SCRIPT], check=True)


def test_help_lists_every_target_of_the_makefile() -> None:
    told = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "soak", "bench", "check", "format", "help", "lock", "setup"):
        assert f"make {target} " in told
