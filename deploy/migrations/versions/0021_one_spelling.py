"""separators, brackets and quotes that look alike are one: cases are found by the new spelling, documents follow

Revision: 0021
After: 0020
"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from service.registry.cases.rules import case_number_fold

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SPELLING = "00000000-0000-0000-0000-000000000001"  # service.finding.search.renamed


def upgrade() -> None:
    op.alter_column("cases", "number_folded", existing_type=sa.String(100), nullable=True)
    op.add_column("cases", sa.Column("double_of", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_cases_double_of"), "cases", "cases", ["double_of"], ["id"])
    op.create_index(op.f("ix_cases_double_of"), "cases", ["double_of"])
    _cases()
    _evidence()
    _ask("reindex", f"SELECT CAST('{SPELLING}' AS uuid) WHERE EXISTS (SELECT FROM search_documents)")


def _cases() -> None:
    """Of those that are one from now on the oldest is found; whether they are, a person says."""
    by_fold = defaultdict(list)
    rows = op.get_bind().execute(
        sa.text("SELECT id, number, number_folded FROM cases ORDER BY created_at, id")
    )
    for row in rows:
        by_fold[case_number_fold(row.number)[:100]].append(row)
    doubles = [(row.id, same[0].id) for same in by_fold.values() for row in same[1:]]
    fresh = [(same[0].id, fold) for fold, same in by_fold.items() if same[0].number_folded != fold]
    for statement, pairs in (
        ("UPDATE cases SET number_folded = NULL, double_of = CAST(:value AS uuid) WHERE id = :id", doubles),
        ("UPDATE cases SET number_folded = id::text WHERE id = :id", fresh),  # out of each other's way
        ("UPDATE cases SET number_folded = :value WHERE id = :id", fresh),
    ):
        if pairs:
            op.get_bind().execute(sa.text(statement), [{"id": key, "value": value} for key, value in pairs])


def _evidence() -> None:
    said = op.get_bind().scalars(
        sa.text("SELECT DISTINCT case_folded FROM link_evidence WHERE case_folded IS NOT NULL")
    )
    otherwise = {old: new for old in said if (new := case_number_fold(old)[:128]) != old}
    if otherwise:
        op.get_bind().execute(
            sa.text(
                """
                UPDATE link_evidence AS e SET case_folded = t.new
                FROM unnest(CAST(:old AS text[]), CAST(:new AS text[])) AS t (old, new) WHERE e.case_folded = t.old
                """
            ),
            {"old": list(otherwise), "new": list(otherwise.values())},
        )
        _ask(
            "link",
            "SELECT recording_id FROM link_evidence WHERE case_folded = ANY(:said)",
            list(otherwise.values()),
        )


def _ask(kind: str, subjects: str, said: list[str] | None = None) -> None:
    op.get_bind().execute(
        sa.text(
            f"""
            INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,
                              max_tries, seen_request, not_before, progress_note, reason_params, created_at,
                              requested_at)
            SELECT gen_random_uuid(), '{kind}', one.id, 'light', 7, 'queued', 1, 0, 0, 0, 5, 0, now(), '', '{{}}',
                   now(), now()
            FROM ({subjects}) AS one (id)
            ON CONFLICT (kind, subject_id) DO UPDATE
            SET requested = jobs.requested + 1, requested_at = now(), not_before = now(),
                state = CASE WHEN jobs.state = 'running' THEN jobs.state ELSE 'queued' END
            """
        ),
        {"said": said} if said is not None else {},
    )


def downgrade() -> None:
    op.execute("UPDATE cases SET number_folded = left(number, 60) || id WHERE number_folded IS NULL")
    op.drop_index(op.f("ix_cases_double_of"), table_name="cases")
    op.drop_constraint(op.f("fk_cases_double_of"), "cases", type_="foreignkey")
    op.drop_column("cases", "double_of")
    op.alter_column("cases", "number_folded", existing_type=sa.String(100), nullable=False)
