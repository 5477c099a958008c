"""pieces of an upload are put together by a job, and each knows what it became part of

Revision: 0031
After: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BEFORE = (
    "intake", "playable", "tags", "link", "renditions", "clock", "walk", "recount", "reindex", "noop",
)  # fmt: skip
IN_PROGRESS = "state = 'open' OR (partial AND state = 'complete' AND joined_into IS NULL)"


def allow(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_jobs_kind")
    op.drop_constraint(name, "jobs", type_="check")
    op.create_check_constraint(name, "jobs", f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def upgrade() -> None:
    allow(("assemble", *BEFORE))
    op.add_column("uploads", sa.Column("joined_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_uploads_joined_into"), "uploads", "uploads", ["joined_into"], ["id"])
    op.execute(
        """
        UPDATE uploads SET joined_into = taken.into_id FROM (
            SELECT DISTINCT ON (piece.id) CAST(piece.id AS uuid) AS id, uploads.id AS into_id
            FROM uploads, jsonb_array_elements_text(uploads.concatenates) AS piece(id)
            ORDER BY piece.id, uploads.state = 'open' DESC
        ) AS taken
        WHERE uploads.id = taken.id AND uploads.partial
        """
    )
    op.create_index(op.f("ix_uploads_joined_into"), "uploads", ["joined_into"])
    op.create_index("ix_uploads_in_progress", "uploads", ["squad_id"], postgresql_where=sa.text(IN_PROGRESS))


def downgrade() -> None:
    op.drop_index("ix_uploads_in_progress", table_name="uploads")
    op.drop_index(op.f("ix_uploads_joined_into"), table_name="uploads")
    op.drop_constraint(op.f("fk_uploads_joined_into"), "uploads", type_="foreignkey")
    op.drop_column("uploads", "joined_into")
    op.execute("DELETE FROM job_attempts USING jobs WHERE job_id = jobs.id AND jobs.kind = 'assemble'")
    op.execute("DELETE FROM jobs WHERE kind = 'assemble'")
    allow(BEFORE)
