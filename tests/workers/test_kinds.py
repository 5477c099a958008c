"""Queues and kinds of job: each is said once, and everything that serves them is there."""

import configparser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from schemas.jobs import JobKind
from schemas.reasons import MESSAGES
from service.kernel.job_kinds import KINDS
from service.kernel.queues import QUEUES
from workers.stages import STAGES

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_every_kind_that_can_be_stored_is_known_with_its_queue_and_has_a_stage() -> None:
    assert set(KINDS) == set(JobKind)
    for code, kind in KINDS.items():
        assert kind.queue in QUEUES.values()
        assert kind.failed is None or kind.failed in MESSAGES
        assert callable(STAGES[code].run) and callable(STAGES[code].failed)


@pytest.mark.parametrize("queue", QUEUES.values(), ids=lambda queue: queue.name)
def test_every_queue_is_served_wherever_the_manifests_put_the_program(queue: Any) -> None:
    yaml = YAML(typ="safe")
    words = ["zhenglu", "worker", queue.name]
    compose = yaml.load((DEPLOY / "compose.yaml").read_text())["services"]
    assert compose[queue.name]["command"][:3] == words
    assert int(compose[queue.name]["command"][4]) == queue.processes
    pods = [
        item["spec"]["template"]["spec"]["containers"]
        for item in yaml.load((DEPLOY / "kubernetes/zhenglu.yaml").read_text())["items"]
        if item["kind"] == "Deployment"
    ]
    assert [one["command"][:3] for (one,) in pods].count(words) == 1


def test_no_manifest_serves_a_queue_that_does_not_exist() -> None:
    yaml = YAML(typ="safe")
    compose = yaml.load((DEPLOY / "compose.yaml").read_text())["services"].values()
    pods = yaml.load((DEPLOY / "kubernetes/zhenglu.yaml").read_text())["items"]
    commands = [one.get("command", []) for one in compose] + [
        one["command"]
        for item in pods
        if item["kind"] == "Deployment"
        for one in item["spec"]["template"]["spec"]["containers"]
    ]
    served = {command[2] for command in commands if command[:2] == ["zhenglu", "worker"]}
    assert served == set(QUEUES)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(DEPLOY / "systemd/zhenglu-worker@.service")
    assert unit["Service"]["ExecStart"].endswith("worker %i"), (
        "one unit serves whatever queue it is started for"
    )
