"""whom the bureau leaves out plays a plain copy

Revision: 0044
After: 0043
"""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

JOBS = (
    "assemble", "intake", "playable", "tags", "link", "renditions", "clock", "walk", "sums", "table", "recount",
    "reindex", "noop",
)  # fmt: skip
RENDITIONS = ("playback", "video", "poster", "picture", "still", "sprite", "sprite_map", "waveform")


def _allow(table: str, kinds: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_kind")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"kind IN ({', '.join(repr(kind) for kind in kinds)})")


def upgrade() -> None:
    _allow("jobs", (*JOBS[:3], "plain", *JOBS[3:]))
    _allow("renditions", (*RENDITIONS[:2], "plain", *RENDITIONS[2:]))


def downgrade() -> None:
    op.execute("DELETE FROM renditions WHERE kind = 'plain'")
    op.execute("DELETE FROM job_attempts USING jobs WHERE job_id = jobs.id AND jobs.kind = 'plain'")
    op.execute("DELETE FROM jobs WHERE kind = 'plain'")
    _allow("renditions", RENDITIONS)
    _allow("jobs", JOBS)
