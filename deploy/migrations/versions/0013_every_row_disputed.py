"""recordings, recorders and duty days can be disputed; events changed after their deadline are found

Revision: 0013
After: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROW = (
    "(about = 'event') = (event_id IS NOT NULL) AND (about = 'recorder') = (recorder_id IS NOT NULL)"
    " AND (about = 'duty_day') = (squad_id IS NOT NULL)"
    " AND (about IN ('recorder', 'duty_day')) = (day IS NOT NULL)"
    " AND (about <> 'recording' OR recording_id IS NOT NULL)"
)


def upgrade() -> None:
    op.add_column("disputes", sa.Column("about", sa.String(), server_default="event", nullable=False))
    op.alter_column("disputes", "about", server_default=None)
    op.alter_column("disputes", "event_id", nullable=True)
    op.add_column("disputes", sa.Column("recorder_id", sa.Uuid(), nullable=True))
    op.add_column("disputes", sa.Column("squad_id", sa.Uuid(), nullable=True))
    op.add_column("disputes", sa.Column("day", sa.Date(), nullable=True))
    for column, table in (("recorder_id", "recorders"), ("squad_id", "squads")):
        op.create_foreign_key(op.f(f"fk_disputes_{column}"), "disputes", table, [column], ["id"])
    op.create_check_constraint(
        op.f("ck_disputes_about"), "disputes", "about IN ('event', 'recording', 'recorder', 'duty_day')"
    )
    op.create_check_constraint(op.f("ck_disputes_row"), "disputes", ROW)
    op.create_index(
        "ix_custody_deadline",
        "custody",
        ["subject_id"],
        postgresql_where=sa.text("(detail ->> 'deadline'::text) IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_custody_deadline", table_name="custody")
    op.execute("DELETE FROM disputes WHERE about <> 'event'")
    op.drop_constraint(op.f("ck_disputes_row"), "disputes", type_="check")
    op.drop_constraint(op.f("ck_disputes_about"), "disputes", type_="check")
    for column in ("recorder_id", "squad_id"):
        op.drop_constraint(op.f(f"fk_disputes_{column}"), "disputes", type_="foreignkey")
    for column in ("day", "squad_id", "recorder_id", "about"):
        op.drop_column("disputes", column)
    op.alter_column("disputes", "event_id", nullable=False)
