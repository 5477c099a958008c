"""matters, coverage, clocks, rosters

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


JOB_KINDS = ("intake", "playable", "tags", "link", "renditions", "noop")
RECORDING_STATES = ("receiving", "processing", "ready", "partial", "unplayable", "refused")


def allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """The values that a text enum may have."""
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({', '.join(repr(value) for value in values)})")


def upgrade() -> None:
    allow("jobs", "kind", (*JOB_KINDS, "clock", "recount"))
    allow("recordings", "state", ("announced", *RECORDING_STATES))
    op.create_table(
        "rosters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_rosters_span")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_rosters_officer_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_rosters_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
        sa.UniqueConstraint("external_id", name=op.f("uq_rosters_external_id")),
    )
    op.create_index(op.f("ix_rosters_officer_id"), "rosters", ["officer_id"], unique=False)
    op.create_index("ix_rosters_squad_id_starts_at", "rosters", ["squad_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_rosters_starts_at"), "rosters", ["starts_at"], unique=False)
    op.create_table(
        "coverage_snapshots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("definitions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rows_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["taken_by"], ["accounts.id"], name=op.f("fk_coverage_snapshots_taken_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_snapshots")),
        sa.UniqueConstraint("month", name=op.f("uq_coverage_snapshots_month")),
    )
    op.create_table(
        "event_coverage",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("excluded", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("exempt", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=True),
        sa.Column("matter_version", sa.Integer(), nullable=True),
        sa.Column("rule_version", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("required_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("required_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("required_s", sa.Float(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("recorded_s", sa.Float(), nullable=False),
        sa.Column("late_start_s", sa.Float(), nullable=False),
        sa.Column("early_stop_s", sa.Float(), nullable=False),
        sa.Column("gap_count", sa.Integer(), nullable=False),
        sa.Column("gap_explained", sa.Integer(), nullable=False),
        sa.Column("gaps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("basis IN ('counted', 'confirmed')", name=op.f("ck_event_coverage_basis")),
        sa.CheckConstraint(
            "excluded IN ('cancelled', 'merged', 'not_required')", name=op.f("ck_event_coverage_excluded")
        ),
        sa.CheckConstraint(
            "kind IN ('inspection', 'evidence_collection', 'document_delivery', 'coercion')",
            name=op.f("ck_event_coverage_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_event_coverage_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["enforcement_events.id"], name=op.f("fk_event_coverage_event_id")
        ),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_event_coverage_squad_id")),
        sa.PrimaryKeyConstraint("event_id", "basis", name=op.f("pk_event_coverage")),
    )
    op.create_index("ix_event_coverage_basis_day", "event_coverage", ["basis", "day"], unique=False)
    op.create_index(
        "ix_event_coverage_squad_id_basis_day", "event_coverage", ["squad_id", "basis", "day"], unique=False
    )
    op.create_table(
        "explanations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("gap_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gap_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.CheckConstraint(
            "(kind = 'gap_reason') = (gap_from IS NOT NULL AND gap_to > gap_from)",
            name=op.f("ck_explanations_stretch"),
        ),
        sa.CheckConstraint("kind IN ('exemption', 'gap_reason')", name=op.f("ck_explanations_kind")),
        sa.CheckConstraint(
            "reason IN ('secret_or_privacy', 'urgent', 'objective_cause', 'device_fault')",
            name=op.f("ck_explanations_reason"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'approved', 'declined', 'withdrawn')", name=op.f("ck_explanations_state")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> asked_by", name=op.f("ck_explanations_second_person")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name=op.f("fk_explanations_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_explanations_decided_by")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["enforcement_events.id"], name=op.f("fk_explanations_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanations")),
    )
    op.create_index(op.f("ix_explanations_event_id"), "explanations", ["event_id"], unique=False)
    op.create_index(op.f("ix_explanations_state"), "explanations", ["state"], unique=False)
    op.create_table(
        "matter_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["published_by"], ["accounts.id"], name=op.f("fk_matter_lists_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter_lists")),
        sa.UniqueConstraint("version", name=op.f("uq_matter_lists_version")),
    )
    op.create_index(op.f("ix_matter_lists_in_force_from"), "matter_lists", ["in_force_from"], unique=False)
    op.create_table(
        "clock_offsets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("recorder_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_s", sa.Float(), nullable=False),
        sa.Column("doubt_s", sa.Float(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "source IN ('dock', 'sidecar', 'burned_in', 'hand')", name=op.f("ck_clock_offsets_source")
        ),
        sa.CheckConstraint("doubt_s >= 0", name=op.f("ck_clock_offsets_doubt")),
        sa.ForeignKeyConstraint(["created_by"], ["accounts.id"], name=op.f("fk_clock_offsets_created_by")),
        sa.ForeignKeyConstraint(["recorder_id"], ["recorders.id"], name=op.f("fk_clock_offsets_recorder_id")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_clock_offsets_recording_id")
        ),
        sa.ForeignKeyConstraint(
            ["withdrawn_by"], ["accounts.id"], name=op.f("fk_clock_offsets_withdrawn_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_offsets")),
        sa.UniqueConstraint("external_id", name=op.f("uq_clock_offsets_external_id")),
    )
    op.create_index(
        "ix_clock_offsets_recorder_id_measured_at",
        "clock_offsets",
        ["recorder_id", "measured_at"],
        unique=False,
    )
    op.create_index(
        "uq_clock_offsets_recording_id_source",
        "clock_offsets",
        ["recording_id", "source"],
        unique=True,
        postgresql_where="recording_id IS NOT NULL AND withdrawn_at IS NULL",
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("statement", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'dismissed', 'withdrawn')", name=op.f("ck_disputes_state")
        ),
        sa.CheckConstraint(
            "answered_by IS NULL OR answered_by <> raised_by", name=op.f("ck_disputes_second_person")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["accounts.id"], name=op.f("fk_disputes_answered_by")),
        sa.ForeignKeyConstraint(["event_id"], ["enforcement_events.id"], name=op.f("fk_disputes_event_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["accounts.id"], name=op.f("fk_disputes_raised_by")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_disputes_recording_id")),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["coverage_snapshots.id"], name=op.f("fk_disputes_snapshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index(op.f("ix_disputes_event_id"), "disputes", ["event_id"], unique=False)
    op.create_index(op.f("ix_disputes_snapshot_id"), "disputes", ["snapshot_id"], unique=False)
    op.create_index(op.f("ix_disputes_state"), "disputes", ["state"], unique=False)
    op.create_table(
        "recording_matters",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("from_moment", sa.String(), nullable=False),
        sa.Column("from_offset_s", sa.Integer(), nullable=False),
        sa.Column("to_moment", sa.String(), nullable=False),
        sa.Column("to_offset_s", sa.Integer(), nullable=False),
        sa.Column("late_start_s", sa.Integer(), nullable=False),
        sa.Column("early_stop_s", sa.Integer(), nullable=False),
        sa.Column("gap_s", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("upload_hours", sa.Integer(), nullable=False),
        sa.Column("filing_days", sa.Integer(), nullable=False),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("carrier", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("duty IN ('must', 'text_suffices')", name=op.f("ck_recording_matters_duty")),
        sa.CheckConstraint(
            "from_moment IN ('arrival', 'departure')", name=op.f("ck_recording_matters_from_moment")
        ),
        sa.CheckConstraint(
            "kind IN ('inspection', 'evidence_collection', 'document_delivery', 'coercion')",
            name=op.f("ck_recording_matters_kind"),
        ),
        sa.CheckConstraint(
            "to_moment IN ('arrival', 'departure')", name=op.f("ck_recording_matters_to_moment")
        ),
        sa.CheckConstraint(
            "late_start_s >= 0 AND early_stop_s >= 0 AND gap_s >= 0",
            name=op.f("ck_recording_matters_tolerances"),
        ),
        sa.CheckConstraint(
            "upload_hours >= 0 AND filing_days >= 0", name=op.f("ck_recording_matters_deadlines")
        ),
        sa.ForeignKeyConstraint(["list_id"], ["matter_lists.id"], name=op.f("fk_recording_matters_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording_matters")),
    )
    op.create_index(
        "uq_recording_matters_list_id_kind_subject",
        "recording_matters",
        ["list_id", "kind", "subject"],
        unique=True,
    )
    op.create_table(
        "snapshot_rows",
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.Column("about", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["coverage_snapshots.id"], name=op.f("fk_snapshot_rows_snapshot_id")
        ),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_snapshot_rows_squad_id")),
        sa.PrimaryKeyConstraint("snapshot_id", "about", "subject_id", "basis", name=op.f("pk_snapshot_rows")),
    )
    op.create_index("ix_snapshot_rows_subject_id", "snapshot_rows", ["subject_id"], unique=False)
    op.add_column("enforcement_events", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_enforcement_events_merged_into"), "enforcement_events", ["merged_into"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_enforcement_events_merged_into"),
        "enforcement_events",
        "enforcement_events",
        ["merged_into"],
        ["id"],
    )
    op.add_column("links", sa.Column("part_start_s", sa.Float(), nullable=True))
    op.add_column("links", sa.Column("part_end_s", sa.Float(), nullable=True))
    op.add_column("recorders", sa.Column("battery_percent", sa.Integer(), nullable=True))
    op.add_column("recordings", sa.Column("claimed_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("recordings", sa.Column("clock_offset_s", sa.Float(), nullable=True))
    op.add_column("recordings", sa.Column("clock_doubt_s", sa.Float(), nullable=True))
    op.add_column("recordings", sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("recordings", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "recordings", sa.Column("device_file_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True)
    )
    op.create_index(
        "ix_recordings_announced",
        "recordings",
        ["squad_id", "due_at"],
        unique=False,
        postgresql_where="state = 'announced'",
    )
    op.create_index(
        "uq_recordings_recorder_id_device_file_id",
        "recordings",
        ["recorder_id", "device_file_id"],
        unique=True,
        postgresql_where="device_file_id IS NOT NULL AND merged_into IS NULL",
    )


def downgrade() -> None:
    allow("jobs", "kind", JOB_KINDS)
    allow("recordings", "state", RECORDING_STATES)
    op.drop_index(
        "uq_recordings_recorder_id_device_file_id",
        table_name="recordings",
        postgresql_where="device_file_id IS NOT NULL AND merged_into IS NULL",
    )
    op.drop_index("ix_recordings_announced", table_name="recordings", postgresql_where="state = 'announced'")
    op.drop_column("recordings", "device_file_id")
    op.drop_column("recordings", "due_at")
    op.drop_column("recordings", "announced_at")
    op.drop_column("recordings", "clock_doubt_s")
    op.drop_column("recordings", "clock_offset_s")
    op.drop_column("recordings", "claimed_from")
    op.drop_column("recorders", "battery_percent")
    op.drop_column("links", "part_end_s")
    op.drop_column("links", "part_start_s")
    op.drop_constraint(op.f("fk_enforcement_events_merged_into"), "enforcement_events", type_="foreignkey")
    op.drop_index(op.f("ix_enforcement_events_merged_into"), table_name="enforcement_events")
    op.drop_column("enforcement_events", "merged_into")
    op.drop_index("ix_snapshot_rows_subject_id", table_name="snapshot_rows")
    op.drop_table("snapshot_rows")
    op.drop_index("uq_recording_matters_list_id_kind_subject", table_name="recording_matters")
    op.drop_table("recording_matters")
    op.drop_index(op.f("ix_disputes_state"), table_name="disputes")
    op.drop_index(op.f("ix_disputes_snapshot_id"), table_name="disputes")
    op.drop_index(op.f("ix_disputes_event_id"), table_name="disputes")
    op.drop_table("disputes")
    op.drop_index(
        "uq_clock_offsets_recording_id_source",
        table_name="clock_offsets",
        postgresql_where="recording_id IS NOT NULL AND withdrawn_at IS NULL",
    )
    op.drop_index("ix_clock_offsets_recorder_id_measured_at", table_name="clock_offsets")
    op.drop_table("clock_offsets")
    op.drop_index(op.f("ix_matter_lists_in_force_from"), table_name="matter_lists")
    op.drop_table("matter_lists")
    op.drop_index(op.f("ix_explanations_state"), table_name="explanations")
    op.drop_index(op.f("ix_explanations_event_id"), table_name="explanations")
    op.drop_table("explanations")
    op.drop_index("ix_event_coverage_squad_id_basis_day", table_name="event_coverage")
    op.drop_index("ix_event_coverage_basis_day", table_name="event_coverage")
    op.drop_table("event_coverage")
    op.drop_table("coverage_snapshots")
    op.drop_index(op.f("ix_rosters_starts_at"), table_name="rosters")
    op.drop_index("ix_rosters_squad_id_starts_at", table_name="rosters")
    op.drop_index(op.f("ix_rosters_officer_id"), table_name="rosters")
    op.drop_table("rosters")
