"""sample rows are refused outside a demo database

Revision: 0004
After: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("recordings", "enforcement_events", "cases")


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION sample_needs_demo() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM policy_values WHERE name = 'demo_database' AND value = 'true'::jsonb) THEN
                RAISE EXCEPTION 'sample data is refused: this is not a demo database';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    for table in TABLES:
        op.execute(
            f"""
            CREATE TRIGGER {table}_sample_needs_demo AFTER INSERT OR UPDATE OF sample ON {table}
            FOR EACH ROW WHEN (NEW.sample) EXECUTE FUNCTION sample_needs_demo()
            """
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_sample_needs_demo ON {table}")
    op.execute("DROP FUNCTION sample_needs_demo()")
