"""what is given out is proven block by block

Revision: 0039
After: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BEFORE = (
    "assemble", "intake", "playable", "tags", "link", "renditions", "clock", "walk", "table", "recount", "reindex",
    "noop",
)  # fmt: skip


def allow(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_jobs_kind")
    op.drop_constraint(name, "jobs", type_="check")
    op.create_check_constraint(name, "jobs", f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def upgrade() -> None:
    allow((*BEFORE[:8], "sums", *BEFORE[8:]))
    op.create_table(
        "block_sums",
        sa.Column("store_key", sa.String(300), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sums", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("store_key", name=op.f("pk_block_sums")),
    )
    # Sums do not compress, and a part of them is read without the rest only where nobody tried to.
    op.execute("ALTER TABLE block_sums ALTER COLUMN sums SET STORAGE EXTERNAL")
    time = sa.DateTime(timezone=True)
    op.create_table(
        "damages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store_key", sa.String(300), nullable=False),
        sa.Column("store_version", sa.String(200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", time, nullable=False),
        sa.Column("looked_at", time, nullable=False),
        sa.Column("told_at", time, nullable=True),
        sa.Column("mended_at", time, nullable=True),
        sa.CheckConstraint("kind IN ('changed', 'missing')", name=op.f("ck_damages_kind")),
        sa.ForeignKeyConstraint(
            ["original_id"], ["originals.id"], name=op.f("fk_damages_original_id_originals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_damages")),
    )
    op.create_index("ix_damages_original_id", "damages", ["original_id"])
    op.create_index(
        "uq_damages_store_key",
        "damages",
        ["store_key"],
        unique=True,
        postgresql_where=sa.text("mended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("damages")
    op.drop_table("block_sums")
    op.execute("DELETE FROM job_attempts USING jobs WHERE job_id = jobs.id AND jobs.kind = 'sums'")
    op.execute("DELETE FROM jobs WHERE kind = 'sums'")
    allow(BEFORE)
