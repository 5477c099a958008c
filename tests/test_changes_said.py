"""Whoever writes a table from which something else follows says so: `changed` stands in the module that writes it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import service.reactions  # noqa: F401  fills the list of reactions
from schemas.coverage import Explanation
from schemas.events import EventOfficer
from schemas.links import Link
from schemas.recordings import Tag
from service.kernel import changes

ROOT = Path(__file__).parents[1]
# What a reaction watches, and what is told as a change of these.
WATCHED: set[type[SQLModel]] = {thing for reaction in changes._reactions for thing in reaction.watches} | {
    Explanation, EventOfficer, Link, Tag,
}  # fmt: skip
NAMES = {thing.__name__ for thing in WATCHED}
TABLES = {str(thing.__tablename__) for thing in WATCHED}
COLUMNS = {thing.__name__: set(thing.model_fields) for thing in WATCHED}
WRITTEN_IN_SQL = re.compile(rf"(?:INSERT INTO|UPDATE|DELETE FROM)\s+({'|'.join(sorted(TABLES))})\b")

# Where the rows are only made, or filled in, for a caller who keeps them and says so.
EXCEPTIONS = {
    "service/supervision/coverage/counted_by.py:recount_if_changed": "it notes what the rows are counted by",
    "service/supervision/explanations/actions.py:_ask": "only a decision counts: approval.py beside it says so",
    "service/footage/tags.py:row": "workers.stages.tags.reading and announcements.adoption keep it",
    "workers/stages/tags/clock.py:weigh": "workers.stages.tags.reading keeps it",
}


class Writes(ast.NodeVisitor):
    """The watched tables that a function writes, as far as a reader sees it: rows made, statements, attributes set on
    what is annotated, read or made as such a row."""

    def __init__(self, answers: dict[str, str], rows: set[str]) -> None:
        self.answers, self.rows = answers, rows
        self.types: dict[str, str] = {}
        self.found: set[str] = set()

    def _type(self, value: ast.AST | None) -> str | None:
        """Of a call by what it is told to answer; of a query by the first table that it names."""
        if value is None:
            return None
        if isinstance(value, ast.Name):
            return self.types.get(value.id)
        if isinstance(value, ast.Await | ast.Starred | ast.Subscript):
            return self._type(value.value)
        for node in ast.walk(value):
            if isinstance(node, ast.Call):
                name = _called(node)
                if name in NAMES:
                    return name
                if name in ("select", "get", "get_one") and (known := _first_name(node.args)):
                    return known
                if name in self.answers:
                    return self.answers[name]
        return None

    def visit_arg(self, node: ast.arg) -> None:
        if known := _annotated(node.annotation):
            self.types[node.arg] = known

    def visit_For(self, node: ast.For) -> None:
        self._bind(node.target, self._type(node.iter))
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            for one in target.elts if isinstance(target, ast.Tuple) else [target]:
                self._written(one)
                self._bind(one, self._type(node.value))
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._written(node.target)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind(node.target, _annotated(node.annotation) or self._type(node.value))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        if name in self.rows and isinstance(node.func, ast.Name):
            self.found.add(name)
        if name in ("update", "sql_update", "insert", "delete", "sql_delete") and (
            known := _first_name(node.args)
        ):
            self.found.add(known)
        if name in ("setattr", "delete", "differences") and node.args and (known := self._type(node.args[0])):
            self.found.add(known)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and (found := WRITTEN_IN_SQL.search(node.value)):
            self.found.add(found.group(1))

    def _bind(self, target: ast.AST, known: str | None) -> None:
        for one in target.elts if isinstance(target, ast.Tuple) else [target]:
            if isinstance(one, ast.Name) and known:
                self.types[one.id] = known

    def _written(self, target: ast.AST) -> None:
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            known = self.types.get(target.value.id)
            if known and target.attr in COLUMNS[known]:
                self.found.add(known)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _first_name(nodes: list[ast.expr]) -> str | None:
    return next((one.id for one in nodes[:1] if isinstance(one, ast.Name) and one.id in NAMES), None)


def _annotated(annotation: ast.AST | None) -> str | None:
    if annotation is None:
        return None
    return next((n.id for n in ast.walk(annotation) if isinstance(n, ast.Name) and n.id in NAMES), None)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("service", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def written(tree: ast.Module, answers: dict[str, str]) -> dict[str, set[str]]:
    """By function ("" for what stands outside of any)."""
    rows = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("schemas.")
        for alias in node.names
    } & NAMES
    found: dict[str, set[str]] = {}
    outside = [one for one in tree.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    for name, node in [*((one.name, one) for one in functions(tree)), *(("", one) for one in outside)]:
        writes = Writes(answers, rows)
        writes.visit(node)
        found.setdefault(name, set()).update(writes.found)
    return found


def answers_of(trees: dict[str, ast.Module]) -> dict[str, str]:
    """What functions of one name are told to answer, wherever they stand."""
    return {
        one.name: known
        for tree in trees.values()
        for one in functions(tree)
        if (known := _annotated(one.returns))
    }


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return dict(modules())


def test_whoever_writes_what_is_watched_says_that_it_changed(trees: dict[str, ast.Module]) -> None:
    answers = answers_of(trees)
    silent = {
        f"{path}:{name}": sorted(what)
        for path, tree in trees.items()
        if not any(_called(node) == "changed" for node in ast.walk(tree) if isinstance(node, ast.Call))
        for name, what in written(tree, answers).items()
        if what
    }
    told = [f"{name} writes {', '.join(what)}" for name, what in silent.items() if name not in EXCEPTIONS]
    assert not told, "\n".join([*told, "and nothing in these modules says `changed`"])
    assert set(EXCEPTIONS) <= set(silent), "an exception that is none any more"


@pytest.mark.parametrize(
    ("thing", "path", "name"),
    [
        ("EnforcementEvent", "service/registry/events/actions.py", "update_event"),
        ("EventOfficer", "service/registry/events/actions.py", "set_officers"),
        ("Recording", "service/footage/announcements/actions.py", "withdraw"),
        ("Assignment", "service/registry/recorders/actions.py", "remove_assignment"),
        ("Case", "service/registry/cases/importers.py", "apply"),
        ("Link", "service/finding/linking/writing.py", "_apply"),
        ("Explanation", "service/supervision/explanations/actions.py", "_ask"),
        ("Tag", "workers/stages/tags/reading.py", "_publish"),
    ],
)
def test_what_is_written_is_seen(trees: dict[str, ast.Module], thing: str, path: str, name: str) -> None:
    """Were the reader blind, the test above would find nothing wrong."""
    assert thing in written(trees[path], answers_of(trees))[name]
