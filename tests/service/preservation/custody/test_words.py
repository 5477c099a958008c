"""Whatever is recorded can be read: an action without words would be shown as a code."""

import ast
from pathlib import Path

import service
from service.preservation.custody.words import ACTIONS

RECORDS = {"record", "_note", "_record"}
ROOT = Path(service.__file__).parents[1]


def recorded_actions() -> set[str]:
    """The names that stand in the calls; those that are passed on stand in another call."""
    found = set()
    for floor in ("service", "workers", "deploy"):
        for path in (ROOT / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and len(node.args) >= 3:
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    action = node.args[2]
                    if name in RECORDS and isinstance(action, ast.Constant) and isinstance(action.value, str):
                        found.add(action.value)
    return found


def test_every_action_has_words() -> None:
    assert len(recorded_actions()) > 40
    assert recorded_actions() - set(ACTIONS) == set()
