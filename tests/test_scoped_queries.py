"""Every query on what a squad may or may not see starts from `visible_*(actor)`, or its module stands here with its
reason.

Seen are select(…), session.get(…), session.get_one(…) and SQL in text(…) that name such a table outside a function
whose own name is visible_…; exists() only narrows rows that were chosen already. A module comes into the list when
someone has read that the rows it answers cannot be another squad's, and goes when it has no such query any more.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1] / "service"
SCOPED = {
    "Case": "cases",
    "CustodyEntry": "custody",
    "Dispute": "disputes",
    "EnforcementEvent": "enforcement_events",
    "EventCoverage": "event_coverage",
    "Explanation": "explanations",
    "Link": "links",
    "Receipt": "receipts",
    "Recording": "recordings",
    "RemovalRequest": "removal_requests",
    "Rendition": "renditions",
    "SnapshotRow": "snapshot_rows",
    "TableImport": "imports",
    "Tag": "tags",
    "Upload": "uploads",
}
IN_SQL = re.compile(rf"\b(?:FROM|JOIN)\s+({'|'.join(SCOPED.values())})\b")

ALLOWED = {
    "settles what follows from a change or is a job's: it acts for nobody, over all that the change touches": """
        finding/linking/batch finding/linking/card_files finding/linking/claims finding/linking/clearing finding/linking/facts finding/linking/writing
        finding/linking/neighbours finding/linking/recognise finding/linking/relink finding/search/project finding/search/renamed
        footage/announcements/adoption footage/recordings/actions footage/recordings/damage footage/uploads/completion
        footage/recordings/needs footage/uploads/joining
        footage/uploads/reaper registry/importing/running
        registry/cases/actions registry/clocks/actions registry/clocks/correcting registry/conventions/actions
        supervision/coverage/counted_by supervision/coverage/counting
    """,
    "looks for a row that must not be there twice, whoever's it is; the caller learns that it is taken": """
        footage/announcements/lists registry/cases/importers
        registry/events/importers
    """,
    "a command that re-reads or locks a row which it found in the caller's scope, or what hangs on it": """
        finding/linking/actions finding/linking/from_recording finding/linking/merging
        footage/announcements/actions footage/recordings/quarantine footage/recordings/removal footage/recordings/times
        footage/uploads/actions
        registry/events/late
        supervision/disputes/approval supervision/explanations/actions supervision/explanations/approval
    """,
    "reads what hangs on rows that came from the caller's scope, by their ids": """
        finding/linking/queries finding/search/cards footage/recordings/playing footage/recordings/queries footage/uploads/queries
        registry/events/recorded
        supervision/coverage/late supervision/coverage/offers supervision/coverage/rows supervision/coverage/timeline
        supervision/disputes/approval supervision/disputes/queries
        supervision/explanations/approval supervision/snapshots/export web/events/detail
        web/recordings/detail
    """,
    "a condition or a sum over rows of the caller's scope: no row of the table itself is answered": """
        footage/uploads/bounds preservation/backups/queries registry/recorders/queries supervision/coverage/lists
        supervision/coverage/sums
        supervision/disputes/subjects
    """,
    "frozen rows: each keeps the squad by which the reading module narrows them": """
        supervision/snapshots/queries supervision/snapshots/recount
    """,
    "uploads and others by their ids, narrowed by the squad of each where they are told": "desk/operations/set_aside",
    "counts of the whole installation, for who runs it": "desk/operations/pace desk/operations/routes",
    "moves what hangs on a row, for who administers the whole bureau and nobody else": "desk/doubles/actions",
}


def names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def asked(call: ast.Call) -> set[str]:
    """The scoped tables that this call asks for."""
    match call:
        case ast.Call(func=ast.Name("select"), args=found):
            return set().union(*map(names, found)) & SCOPED.keys()
        case ast.Call(func=ast.Attribute(attr="get" | "get_one"), args=[ast.Name(table), *_]):
            return {table} & SCOPED.keys()
        case ast.Call(func=ast.Name("text")):
            words = [one.value for one in ast.walk(call) if isinstance(one, ast.Constant)]
            return {found for word in words for found in IN_SQL.findall(str(word))}
    return set()


def queries(node: ast.AST, inside: str = "") -> Iterator[tuple[int, set[str]]]:
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside
        if isinstance(child, ast.Call) and not name.startswith("visible_") and (found := asked(child)):
            yield child.lineno, found
        yield from queries(child, name)


def test_a_query_on_scoped_rows_starts_from_what_the_caller_may_see() -> None:
    listed = {module for modules in ALLOWED.values() for module in modules.split()}
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        module = str(path.relative_to(ROOT).with_suffix(""))
        lines = [
            f"{path}:{line} asks for {', '.join(sorted(of))}"
            for line, of in queries(ast.parse(path.read_text()))
        ]
        if lines:
            found[module] = lines
    assert not [line for module, lines in found.items() if module not in listed for line in lines]
    assert not listed - found.keys(), "these have no such query any more"


def test_the_guard_sees_each_form_of_a_query() -> None:
    code = """
def rows(session, actor):
    select(Recording.id)
    select(func.max(Link.score))
    session.get(Case, one)
    session.get_one(Upload, one)
    text(f"SELECT 1 FROM links l JOIN recordings r ON {HERE}")
    select(Squad)
    exists().where(Link.recording_id == Recording.id)

def visible_things(actor):
    return select(Recording)
"""
    assert [sorted(of) for _line, of in queries(ast.parse(code))] == [
        ["Recording"], ["Link"], ["Case"], ["Upload"], ["links", "recordings"],
    ]  # fmt: skip
