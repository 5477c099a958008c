"""recordings are looked at without an encode

Revision: 0045
After: 0044
"""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BEFORE = (
    "assemble", "intake", "playable", "plain", "tags", "link", "renditions", "clock", "walk", "sums", "table", "recount",
    "reindex", "noop",
)  # fmt: skip


def allow(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_jobs_kind")
    op.drop_constraint(name, "jobs", type_="check")
    op.create_check_constraint(name, "jobs", f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def move_walks(queue: str) -> None:
    """Those that are not done; whatever is asked for again goes where its kind goes."""
    op.execute(
        f"UPDATE jobs SET queue = '{queue}', published_at = NULL WHERE kind = 'walk' AND state <> 'done'"
    )


def upgrade() -> None:
    allow((*BEFORE[:9], "looks", *BEFORE[9:]))
    move_walks("looks")


def downgrade() -> None:
    op.execute("DELETE FROM job_attempts USING jobs WHERE job_id = jobs.id AND jobs.kind = 'looks'")
    op.execute("DELETE FROM jobs WHERE kind = 'looks'")
    move_walks("light")
    allow(BEFORE)
