"""search documents are written anew in the background

Revision: 0016
After: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = ("intake", "playable", "tags", "link", "renditions", "clock", "recount", "noop")


def allow(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_jobs_kind")
    op.drop_constraint(name, "jobs", type_="check")
    op.create_check_constraint(name, "jobs", f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def upgrade() -> None:
    allow((*BEFORE[:-1], "reindex", "noop"))


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE kind = 'reindex'")
    allow(BEFORE)
