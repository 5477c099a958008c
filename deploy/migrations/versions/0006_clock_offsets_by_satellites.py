"""A clock's offset may be measured against the time of the satellites."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = ("dock", "sidecar", "burned_in", "hand")


def _allow(sources: tuple[str, ...]) -> None:
    values = ", ".join(f"'{source}'" for source in sources)
    op.drop_constraint(op.f("ck_clock_offsets_source"), "clock_offsets", type_="check")
    op.create_check_constraint(op.f("ck_clock_offsets_source"), "clock_offsets", f"source IN ({values})")


def upgrade() -> None:
    _allow(("dock", "sidecar", "gps", "burned_in", "hand"))


def downgrade() -> None:
    op.execute("DELETE FROM clock_offsets WHERE source = 'gps'")
    _allow(BEFORE)
