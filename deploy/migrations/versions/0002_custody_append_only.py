"""custody rows are never changed or removed

Revision: 0002
After: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION custody_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'custody rows are append-only';
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER custody_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody
        FOR EACH STATEMENT EXECUTE FUNCTION custody_refuse_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER custody_append_only ON custody")
    op.execute("DROP FUNCTION custody_refuse_change()")
