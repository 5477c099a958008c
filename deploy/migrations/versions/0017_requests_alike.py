"""what one person asks and another answers stands in columns of the same names, whatever it is

Revision: 0017
After: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OF_DISPUTES = {
    "raised_by": "asked_by",
    "raised_at": "asked_at",
    "answered_by": "decided_by",
    "answered_at": "decided_at",
}
SECOND_PERSON = "ck_removal_requests_second_person"


def upgrade() -> None:
    for before, after in OF_DISPUTES.items():
        _rename(before, after)
    # whoever withdrew stood there as the one who decided
    op.execute("UPDATE removal_requests SET decided_by = NULL WHERE decided_by = asked_by")
    op.create_check_constraint(
        op.f(SECOND_PERSON), "removal_requests", "decided_by IS NULL OR decided_by <> asked_by"
    )


def downgrade() -> None:
    op.drop_constraint(op.f(SECOND_PERSON), "removal_requests", type_="check")
    for before, after in OF_DISPUTES.items():
        _rename(after, before)


def _rename(before: str, after: str) -> None:
    """The checks on a column follow its name by themselves."""
    op.alter_column("disputes", before, new_column_name=after)
    if before.endswith("_by"):
        op.execute(f"ALTER TABLE disputes RENAME CONSTRAINT fk_disputes_{before} TO fk_disputes_{after}")
