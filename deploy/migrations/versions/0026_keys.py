"""keys are known by their fold: one row a key from now on, and those that were two before are marked

Revision: 0026
After: 0025
"""

import sqlalchemy as sa
from alembic import op

from service.kernel.keys import FUNCTION

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = {
    "squads": "code",
    "officers": "certificate_no",
    "recorder_models": "code",
    "recorders": "serial",
    "enforcement_events": "external_id",
    "campaigns": "external_id",
    "rosters": "external_id",
    "assignments": "external_id",
    "clock_offsets": "external_id",
}
CLAIMS = {
    "officer": "officer_id IS NULL",
    "recorder": "recorder_id IS NULL",
    "event": "{claimed} IS NOT NULL",
}


def upgrade() -> None:
    op.execute(sa.text(FUNCTION.replace(":", r"\:")))
    for table, key in TABLES.items():
        op.add_column(
            table,
            sa.Column(
                "folded", sa.String(), sa.Computed(f"key_fold(({key})::text)", persisted=True), nullable=True
            ),
        )
        op.add_column(table, sa.Column("double_of", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_double_of"), table, table, ["double_of"], ["id"])
        # the first is the one that is written most plainly, else the oldest
        op.execute(
            f"""
            UPDATE {table} AS t SET double_of = same.first
            FROM (
                SELECT id, first_value(id) OVER (PARTITION BY folded ORDER BY lower({key}) <> folded, id) AS first
                FROM {table} WHERE folded IN (SELECT folded FROM {table} GROUP BY folded HAVING count(*) > 1)
            ) AS same
            WHERE same.id = t.id AND same.first <> t.id
            """
        )
        op.create_index(
            f"uq_{table}_folded",
            table,
            ["folded"],
            unique=True,
            postgresql_where=sa.text("double_of IS NULL"),
        )
    for name, where in CLAIMS.items():
        _index_claims(name, where, f"key_fold({claimed(name)})")


def claimed(name: str) -> str:
    return (
        f"COALESCE(claims ->> '{name}'::text, (claims -> 'sidecar'::text) ->> '{name}'::text, "
        f"(claims -> 'file_name'::text) ->> '{name}'::text)"
    )


def _index_claims(name: str, where: str, expression: str) -> None:
    index = f"ix_recordings_claimed_{name}"
    op.drop_index(index, table_name="recordings")
    op.create_index(
        index,
        "recordings",
        [sa.literal_column(expression)],
        postgresql_where=sa.literal_column(where.format(claimed=claimed(name))),
    )


def downgrade() -> None:
    for name, where in CLAIMS.items():
        _index_claims(name, where, claimed(name))
    for table in TABLES:
        op.drop_index(f"uq_{table}_folded", table_name=table)
        op.drop_constraint(op.f(f"fk_{table}_double_of"), table, type_="foreignkey")
        op.drop_column(table, "double_of")
        op.drop_column(table, "folded")
    op.execute("DROP FUNCTION key_fold(text)")
