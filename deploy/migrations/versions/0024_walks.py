"""bytes are gone through behind intake, those that are here already one after the other

Revision: 0024
After: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BEFORE = ("intake", "playable", "tags", "link", "renditions", "clock", "recount", "reindex", "noop")


def allow(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_jobs_kind")
    op.drop_constraint(name, "jobs", type_="check")
    op.create_check_constraint(name, "jobs", f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def upgrade() -> None:
    allow((*BEFORE[:6], "walk", *BEFORE[6:]))
    op.create_table(
        "walks",
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("hole_s", sa.Float(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.Column("trial", postgresql.JSONB(), nullable=False),
        sa.Column("walked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["original_id"], ["originals.id"], name=op.f("fk_walks_original_id")),
        sa.PrimaryKeyConstraint("original_id", name=op.f("pk_walks")),
    )
    op.create_index(
        "ix_originals_unmeasured", "originals", ["id"], postgresql_where=sa.text("stretches IS NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_originals_unmeasured", table_name="originals")
    op.drop_table("walks")
    op.execute("DELETE FROM jobs WHERE kind = 'walk'")
    allow(BEFORE)
