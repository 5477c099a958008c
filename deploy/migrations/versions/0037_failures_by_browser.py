"""of a failed sign-in, the known browser that it came from, and whether it was forgiven

Revision: 0037
After: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_failures", sa.Column("browser", sa.String(length=32), nullable=True))
    op.add_column(
        "login_failures", sa.Column("forgiven", sa.Boolean(), server_default="false", nullable=False)
    )
    op.alter_column("login_failures", "forgiven", server_default=None)


def downgrade() -> None:
    op.drop_column("login_failures", "forgiven")
    op.drop_column("login_failures", "browser")
