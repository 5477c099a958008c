"""The files for other ways to run it: checked as far as can be without running them."""

import configparser
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from ruamel.yaml import YAML

from deploy.cli import app
from service.kernel.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has them
SETTINGS = {f"ZHENGLU_{name.upper()}" for name in Settings.model_fields}


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


def assert_command_exists(command: list[str]) -> None:
    """`zhenglu <sub-command> --option …` is one that the command line has, with these options."""
    assert command[0] == "zhenglu"
    found = COMMANDS[command[1]]
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in command if word.startswith("--")} <= known


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
            assert set(service["environment"]) <= SETTINGS
            assert set(service["depends_on"]) <= set(compose["services"])
        for mount in service.get("volumes", []):
            assert mount.split(":")[0] in compose["volumes"]


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


def test_nginx_neither_buffers_nor_bounds_an_upload_and_keeps_the_store_inside() -> None:
    site = (DEPLOY / "nginx/zhenglu.conf").read_text()
    assert site.count("{") == site.count("}")
    for directive in ("client_max_body_size 0;", "proxy_request_buffering off;", "proxy_http_version 1.1;"):
        assert directive in site
    store = re.search(r"location /_objects/ \{(.*?)\n    \}", site, re.DOTALL)
    assert store and "internal;" in store[1]
