"""The files for other ways to run it: checked as far as can be without running them."""

import configparser
import ipaddress
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from deploy.cli import app
from service.kernel.queues import QUEUES
from service.kernel.settings import Settings, proxies
from workers import memory

DEPLOY = Path(__file__).parents[2] / "deploy"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has them
SETTINGS = {f"ZHENGLU_{name.upper()}" for name in Settings.model_fields}
# By which a service knows where its parts are, by what address it is asked, and whose word on who asks it may believe.
NEEDED = {
    *("ZHENGLU_DATABASE_URL", "ZHENGLU_REDIS_URL", "ZHENGLU_OBJECT_STORE", "ZHENGLU_SECRET_KEY"),
    *("ZHENGLU_PUBLIC_URL", "ZHENGLU_TIMEZONE", "ZHENGLU_TRUSTED_PROXIES"),
}
OWN = {
    "ZHENGLU_BACKUPS",
    *(f"ZHENGLU_{queue.upper()}_MEMORY" for queue in QUEUES),
}  # of the compose file alone
GIB = 2**30
LOGS_KEPT_DAYS = 190


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


def assert_command_exists(command: list[str]) -> None:
    """`zhenglu <sub-command> --option …` is one that the command line has, with these options."""
    assert command[0] == "zhenglu"
    found = COMMANDS[command[1]]
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in command if word.startswith("--")} <= known


def size(said: str) -> int:
    """Of memory, as compose and Kubernetes write it; of compose's own variables what holds without a .env."""
    said = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", said)
    number, unit = re.fullmatch(r"(\d+)([a-zA-Z]*)", said).groups()
    return int(number) * {"m": 2**20, "Mi": 2**20, "g": GIB, "Gi": GIB}[unit]


def assert_shares_its_memory(command: list[str], at_once: str, limit: int) -> None:
    """What a worker may take for all that it does at once fits into its container, and leaves it room for itself."""
    n = int(command[command.index("--concurrency") + 1])
    assert int(at_once) == n
    assert n * memory.share_of(limit, n) <= 0.75 * limit


def named_in(text: str) -> set[str]:
    return {name for name in re.findall(r"\bZHENGLU_[A-Z0-9_]+[A-Z0-9]\b", text) if name != "ZHENGLU_LANG"}


SHIPPED = [
    *(DEPLOY / name for name in ("compose.yaml", "Dockerfile", "README.md", "environment")),
    *(DEPLOY / "nginx").iterdir(),
    *(DEPLOY / "systemd").iterdir(),
    *(DEPLOY / "kubernetes").iterdir(),
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    processes = {str(option.envvar) for option in COMMANDS["up"].params if getattr(option, "envvar", None)}
    assert named_in(path.read_text()) <= SETTINGS | OWN | processes


def test_compose_keeps_to_its_schema() -> None:
    checked = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"),
        ],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_compose_runs_commands_and_settings_that_exist() -> None:
    compose = load(DEPLOY / "compose.yaml")
    for service in compose["services"].values():
        if service["image"] == "zhenglu":
            assert_command_exists(service["command"])
            assert NEEDED <= set(service["environment"]) <= SETTINGS
            assert set(service["depends_on"]) <= set(compose["services"])
        for mount in service.get("volumes", []):
            source = re.sub(r"^\$\{\w+:-(.*)\}:", r"\1:", mount)
            assert source.split(":")[0] in compose["volumes"]


def test_compose_lets_no_container_take_the_machine_and_its_journal_keeps_what_they_say() -> None:
    compose = load(DEPLOY / "compose.yaml")
    for name, service in compose["services"].items():
        assert service["logging"]["driver"] == "journald", name
        assert service["mem_limit"], name
    for name in QUEUES:
        worker = compose["services"][name]
        at_once = worker["environment"]["ZHENGLU_WORKERS_AT_ONCE"]
        assert_shares_its_memory(worker["command"], at_once, size(worker["mem_limit"]))
    broker = compose["services"]["broker"]["command"]
    assert broker[broker.index("--maxmemory-policy") + 1] == "noeviction"
    assert broker[broker.index("--appendonly") + 1] == "yes"


def test_in_compose_the_machine_itself_is_believed_and_reaches_the_service_alone() -> None:
    """Else all clients share one address, or anybody says who calls."""
    compose = load(DEPLOY / "compose.yaml")
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    web = compose["services"]["web"]
    said = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", web["environment"]["ZHENGLU_TRUSTED_PROXIES"])
    (believed,) = proxies(said)
    assert believed == ipaddress.ip_network(network["gateway"])
    assert ipaddress.ip_address(network["gateway"]) in ipaddress.ip_network(network["subnet"])
    assert all(port.startswith("127.0.0.1:") for port in web["ports"])
    assert not any("ports" in other for name, other in compose["services"].items() if name != "web")


def test_in_compose_what_runs_the_schedule_makes_backups_into_a_volume_of_their_own() -> None:
    compose = load(DEPLOY / "compose.yaml")
    beat = compose["services"]["beat"]
    folder = beat["environment"]["ZHENGLU_BACKUP_DIR"]
    (mount,) = [one for one in beat["volumes"] if one.endswith(f":{folder}")]
    assert "backups" in mount and "backups" in compose["volumes"]
    assert f"--mode 0700 {folder}" in (DEPLOY / "Dockerfile").read_text()


def items(kind: str) -> list[dict[str, Any]]:
    return [item for item in load(DEPLOY / "kubernetes/zhenglu.yaml")["items"] if item["kind"] == kind]


@pytest.mark.parametrize(
    "item", items("Deployment") + items("Job"), ids=lambda item: item["metadata"]["name"]
)
def test_kubernetes_workloads_fit_together(item: dict[str, Any]) -> None:
    template = item["spec"]["template"]
    if item["kind"] == "Deployment":
        assert item["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    volumes = {volume["name"] for volume in template["spec"].get("volumes", [])}
    for container in template["spec"]["containers"]:
        assert_command_exists(container["command"])
        assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
        assert container["resources"]["limits"]["memory"]
        assert container["securityContext"]["runAsNonRoot"] is True
        names = [source[kind]["name"] for source in container["envFrom"] for kind in source]
        assert names == ["zhenglu", "zhenglu"]
        own = {one["name"]: one["value"] for one in container.get("env", [])}
        assert set(own) <= SETTINGS
        if "worker" in container["command"]:
            limit = size(container["resources"]["limits"]["memory"])
            assert_shares_its_memory(container["command"], own["ZHENGLU_WORKERS_AT_ONCE"], limit)


def test_every_queue_is_worked_on_in_kubernetes() -> None:
    containers = [
        one for item in items("Deployment") for one in item["spec"]["template"]["spec"]["containers"]
    ]
    served = [one["command"][2] for one in containers if "worker" in one["command"]]
    assert sorted(served) == sorted(QUEUES)


def test_kubernetes_traffic_reaches_the_pods() -> None:
    (service,), (ingress,), (settings,) = items("Service"), items("Ingress"), items("ConfigMap")
    web = next(item for item in items("Deployment") if item["metadata"]["name"] == "zhenglu-web")
    pod = web["spec"]["template"]
    assert service["spec"]["selector"] == pod["metadata"]["labels"]
    ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == service["metadata"]["name"]
    assert set(settings["data"]) <= SETTINGS
    notes = ingress["metadata"]["annotations"]
    assert {name.partition("/")[2]: value for name, value in notes.items() if "buffering" in name} == {
        "proxy-request-buffering": "off",
        "proxy-buffering": "off",
    }
    secret = set(re.findall(r"--from-literal=(\w+)=", (DEPLOY / "kubernetes/zhenglu.yaml").read_text()))
    assert secret | set(settings["data"]) >= NEEDED
    # Who may say who calls is a whole network of pods: so nobody but the web server in front reaches the service.
    (policy,) = items("NetworkPolicy")
    assert policy["spec"]["podSelector"]["matchLabels"] == pod["metadata"]["labels"]
    ((rule,),) = [one["from"] for one in policy["spec"]["ingress"]]
    assert rule["namespaceSelector"]["matchLabels"]
    assert {one["port"] for one in policy["spec"]["ingress"][0]["ports"]} <= ports


def test_in_kubernetes_what_runs_the_schedule_makes_backups_into_a_volume_that_stays() -> None:
    (beat,) = [one for one in items("Deployment") if one["metadata"]["name"] == "zhenglu-beat"]
    (claim,) = items("PersistentVolumeClaim")
    pod = beat["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (folder,) = [one["value"] for one in container["env"] if one["name"] == "ZHENGLU_BACKUP_DIR"]
    (mounted,) = [one["name"] for one in container["volumeMounts"] if one["mountPath"] == folder]
    (volume,) = [one for one in pod["volumes"] if one["name"] == mounted]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert pod["securityContext"]["fsGroup"] == container["securityContext"]["runAsUser"]


@pytest.mark.parametrize("unit", sorted((DEPLOY / "systemd").iterdir()), ids=lambda path: path.name)
def test_systemd_units_start_commands_that_exist(unit: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
    parser.read(unit)
    program, *words = parser["Service"]["ExecStart"].split()
    assert program.endswith("/.venv/bin/zhenglu")
    assert_command_exists(["zhenglu", *words])
    assert parser["Service"]["User"] == "zhenglu"
    assert parser["Install"]["WantedBy"] == "multi-user.target"
    assert parser["Service"]["TimeoutStopSec"] and parser["Service"]["LimitNOFILE"]
    if "worker" in words or "up" in words:
        # One ffmpeg that takes too much must not end all that runs beside it, which is systemd's way.
        assert parser["Service"]["OOMPolicy"] == "continue" and parser["Service"]["MemoryMax"]


def test_the_settings_for_systemd_are_those_that_the_site_of_nginx_asks_for() -> None:
    lines = [one for one in (DEPLOY / "environment").read_text().splitlines() if not one.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    asked = named_in((DEPLOY / "nginx/zhenglu.conf").read_text())
    assert asked <= set(given) <= SETTINGS and "ZHENGLU_BACKUP_DIR" in given
    made = Settings.model_validate(
        {name.removeprefix("ZHENGLU_").lower(): value for name, value in given.items()}
    )
    assert made.accel_redirect == "/_objects" and proxies(made.trusted_proxies)


def test_the_journal_keeps_half_a_year_and_has_room_for_it() -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
    parser.read(DEPLOY / "journald.conf")
    journal = parser["Journal"]
    assert journal["MaxRetentionSec"] == f"{LOGS_KEPT_DAYS}day" and journal["Storage"] == "persistent"
    assert size(journal["SystemMaxUse"].lower()) >= 8 * GIB  # journald's own bound is 4


def test_nginx_neither_buffers_nor_bounds_an_upload_and_keeps_the_store_inside() -> None:
    site = (DEPLOY / "nginx/zhenglu.conf").read_text()
    assert site.count("{") == site.count("}")
    for directive in ("client_max_body_size 0;", "proxy_request_buffering off;", "proxy_http_version 1.1;"):
        assert directive in site
    store = re.search(r"location /_objects/ \{(.*?)\n    \}", site, re.DOTALL)
    assert store and "internal;" in store[1]
