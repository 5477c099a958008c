"""the search table, partitioned by month of arrival

Revision: 0003
After: 0002
"""

from alembic import op

from service.finding.search.schema import DDL, DROP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in DDL:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROP:
        op.execute(statement)
