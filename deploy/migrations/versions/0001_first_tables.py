"""first tables

Revision: 0001
After: None
"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("external_id", name=op.f("uq_campaigns_external_id")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("seen_request", sa.Integer(), nullable=False),
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("progress_note", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("cost_s", sa.Float(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("reason_params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('intake', 'playable', 'tags', 'link', 'renditions', 'noop')", name=op.f("ck_jobs_kind")
        ),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_leased", "jobs", ["lease_until"], unique=False, postgresql_where="state = 'running'"
    )
    op.create_index("ix_jobs_subject_id", "jobs", ["subject_id"], unique=False)
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["queue", "priority", "not_before"],
        unique=False,
        postgresql_where="state = 'queued'",
    )
    op.create_index("uq_jobs_kind_subject_id", "jobs", ["kind", "subject_id"], unique=True)
    op.create_table(
        "login_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_address"), "login_failures", ["address"], unique=False)
    op.create_index(op.f("ix_login_failures_at"), "login_failures", ["at"], unique=False)
    op.create_index(op.f("ix_login_failures_username"), "login_failures", ["username"], unique=False)
    op.create_table(
        "originals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("store_key", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("store_version", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("lock_mode", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("media_state", sa.String(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("reason_params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measurements", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("measured_duration_s", sa.Float(), nullable=True),
        sa.Column("playable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "media_state IN ('unexamined', 'examined', 'ready', 'partial', 'unplayable', 'refused')",
            name=op.f("ck_originals_media_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_originals")),
        sa.UniqueConstraint("sha256", name=op.f("uq_originals_sha256")),
        sa.UniqueConstraint("store_key", name=op.f("uq_originals_store_key")),
    )
    op.create_table(
        "recorder_models",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("vendor", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conventions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorder_models")),
        sa.UniqueConstraint("code", name=op.f("uq_recorder_models_code")),
    )
    op.create_table(
        "squads",
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_squads")),
        sa.UniqueConstraint("code", name=op.f("uq_squads_code")),
    )
    op.create_table(
        "cases",
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number_folded", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_cases_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number_folded", name=op.f("uq_cases_number_folded")),
    )
    op.create_index(op.f("ix_cases_squad_id"), "cases", ["squad_id"], unique=False)
    op.create_table(
        "job_attempts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("reason_params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('running', 'done', 'retry', 'failed', 'lost')", name=op.f("ck_job_attempts_outcome")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_attempts_job_id")),
        sa.PrimaryKeyConstraint("job_id", "attempt", name=op.f("pk_job_attempts")),
    )
    op.create_table(
        "officers",
        sa.Column("certificate_no", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_officers_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officers")),
        sa.UniqueConstraint("certificate_no", name=op.f("uq_officers_certificate_no")),
    )
    op.create_index(op.f("ix_officers_squad_id"), "officers", ["squad_id"], unique=False)
    op.create_table(
        "recorders",
        sa.Column("serial", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=True),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("last_dock_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('in_use', 'spare', 'repair', 'retired')", name=op.f("ck_recorders_state")
        ),
        sa.ForeignKeyConstraint(["model_id"], ["recorder_models.id"], name=op.f("fk_recorders_model_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_recorders_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorders")),
        sa.UniqueConstraint("serial", name=op.f("uq_recorders_serial")),
    )
    op.create_index(op.f("ix_recorders_squad_id"), "recorders", ["squad_id"], unique=False)
    op.create_table(
        "renditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("store_key", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column("store_version", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("content_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('playback', 'video', 'poster', 'still', 'sprite', 'sprite_map', 'waveform')",
            name=op.f("ck_renditions_kind"),
        ),
        sa.ForeignKeyConstraint(["original_id"], ["originals.id"], name=op.f("fk_renditions_original_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renditions")),
    )
    op.create_index(op.f("ix_renditions_original_id"), "renditions", ["original_id"], unique=False)
    op.create_index(
        "uq_renditions_original_id_kind_position",
        "renditions",
        ["original_id", "kind", "position"],
        unique=True,
    )
    op.create_table(
        "sidecars",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_sidecars_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sidecars")),
    )
    op.create_index("uq_sidecars_squad_id_file_name", "sidecars", ["squad_id", "file_name"], unique=True)
    op.create_table(
        "accounts",
        sa.Column("username", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("display_name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=True),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("locale", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('member', 'reviewer', 'supervisor', 'legal', 'auditor', 'admin')",
            name=op.f("ck_accounts_role"),
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_accounts_officer_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_accounts_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("recorder_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("held_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_to", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("held_to IS NULL OR held_to > held_from", name=op.f("ck_assignments_span")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_assignments_officer_id")),
        sa.ForeignKeyConstraint(["recorder_id"], ["recorders.id"], name=op.f("fk_assignments_recorder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("external_id", name=op.f("uq_assignments_external_id")),
    )
    op.create_index(op.f("ix_assignments_held_from"), "assignments", ["held_from"], unique=False)
    op.create_index(op.f("ix_assignments_officer_id"), "assignments", ["officer_id"], unique=False)
    op.create_index(op.f("ix_assignments_recorder_id"), "assignments", ["recorder_id"], unique=False)
    op.create_index(
        "ix_assignments_recorder_id_held_from", "assignments", ["recorder_id", "held_from"], unique=False
    )
    op.create_table(
        "enforcement_events",
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=128), nullable=True),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("party", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('inspection', 'evidence_collection', 'document_delivery', 'coercion')",
            name=op.f("ck_enforcement_events_kind"),
        ),
        sa.CheckConstraint(
            "departed_at IS NULL OR departed_at >= arrived_at", name=op.f("ck_enforcement_events_span")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_enforcement_events_campaign_id")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_enforcement_events_case_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_enforcement_events_squad_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enforcement_events")),
        sa.UniqueConstraint("external_id", name=op.f("uq_enforcement_events_external_id")),
    )
    op.create_index(
        op.f("ix_enforcement_events_arrived_at"), "enforcement_events", ["arrived_at"], unique=False
    )
    op.create_index(
        op.f("ix_enforcement_events_campaign_id"), "enforcement_events", ["campaign_id"], unique=False
    )
    op.create_index(op.f("ix_enforcement_events_case_id"), "enforcement_events", ["case_id"], unique=False)
    op.create_index(op.f("ix_enforcement_events_kind"), "enforcement_events", ["kind"], unique=False)
    op.create_index(
        "ix_enforcement_events_span",
        "enforcement_events",
        [sa.literal_column("tstzrange(arrived_at, departed_at, '[]'::text)")],
        unique=False,
        postgresql_using="gist",
    )
    op.create_index(op.f("ix_enforcement_events_squad_id"), "enforcement_events", ["squad_id"], unique=False)
    op.create_index(
        "ix_enforcement_events_squad_id_arrived_at",
        "enforcement_events",
        ["squad_id", "arrived_at"],
        unique=False,
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("secret_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('dock', 'full')", name=op.f("ck_api_tokens_scope")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_tokens_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_api_tokens_secret_sha256")),
    )
    op.create_index(op.f("ix_api_tokens_account_id"), "api_tokens", ["account_id"], unique=False)
    op.create_table(
        "custody",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("squad_id", sa.Uuid(), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_custody_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody")),
    )
    op.create_index(op.f("ix_custody_account_id"), "custody", ["account_id"], unique=False)
    op.create_index(op.f("ix_custody_at"), "custody", ["at"], unique=False)
    op.create_index(
        "ix_custody_subject_kind_subject_id", "custody", ["subject_kind", "subject_id"], unique=False
    )
    op.create_table(
        "event_officers",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["enforcement_events.id"], name=op.f("fk_event_officers_event_id")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_event_officers_officer_id")),
        sa.PrimaryKeyConstraint("event_id", "officer_id", name=op.f("pk_event_officers")),
    )
    op.create_index(op.f("ix_event_officers_officer_id"), "event_officers", ["officer_id"], unique=False)
    op.create_table(
        "policy_values",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name=op.f("fk_policy_values_changed_by")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_policy_values")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("original_id", sa.Uuid(), nullable=True),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("reason_params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=False),
        sa.Column("claims", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorder_id", sa.Uuid(), nullable=True),
        sa.Column("officer_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("track", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("playable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('receiving', 'processing', 'ready', 'partial', 'unplayable', 'refused')",
            name=op.f("ck_recordings_state"),
        ),
        sa.CheckConstraint(
            "recorded_to IS NULL OR recorded_to >= recorded_from", name=op.f("ck_recordings_span")
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["recordings.id"], name=op.f("fk_recordings_merged_into")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_recordings_officer_id")),
        sa.ForeignKeyConstraint(["original_id"], ["originals.id"], name=op.f("fk_recordings_original_id")),
        sa.ForeignKeyConstraint(["recorder_id"], ["recorders.id"], name=op.f("fk_recordings_recorder_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_recordings_squad_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["accounts.id"], name=op.f("fk_recordings_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    op.create_index(op.f("ix_recordings_officer_id"), "recordings", ["officer_id"], unique=False)
    op.create_index(op.f("ix_recordings_original_id"), "recordings", ["original_id"], unique=False)
    op.create_index("ix_recordings_received_at_id", "recordings", ["received_at", "id"], unique=False)
    op.create_index(op.f("ix_recordings_recorded_from"), "recordings", ["recorded_from"], unique=False)
    op.create_index(
        "ix_recordings_recorder_id_recorded_from",
        "recordings",
        ["recorder_id", "recorded_from"],
        unique=False,
    )
    op.create_index(
        "ix_recordings_span",
        "recordings",
        [sa.literal_column("tstzrange(recorded_from, recorded_to, '[]'::text)")],
        unique=False,
        postgresql_using="gist",
        postgresql_where="recorded_from IS NOT NULL",
    )
    op.create_index(op.f("ix_recordings_squad_id"), "recordings", ["squad_id"], unique=False)
    op.create_index(
        "ix_recordings_squad_id_received_at", "recordings", ["squad_id", "received_at"], unique=False
    )
    op.create_index(op.f("ix_recordings_state"), "recordings", ["state"], unique=False)
    op.create_index(op.f("ix_recordings_uploaded_by"), "recordings", ["uploaded_by"], unique=False)
    op.create_index(
        "uq_recordings_original_id_squad_id",
        "recordings",
        ["original_id", "squad_id"],
        unique=True,
        postgresql_where="NOT sample",
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("csrf_token", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_ins_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_sign_ins_secret_sha256")),
    )
    op.create_index(op.f("ix_sign_ins_account_id"), "sign_ins", ["account_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("previous_state", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("part_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("part_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_version", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'automatic', 'confirmed', 'rejected')", name=op.f("ck_links_state")
        ),
        sa.CheckConstraint("num_nonnulls(event_id, case_id) = 1", name=op.f("ck_links_target")),
        sa.CheckConstraint("score >= 0 AND score <= 1", name=op.f("ck_links_score")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_links_case_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_links_decided_by")),
        sa.ForeignKeyConstraint(["event_id"], ["enforcement_events.id"], name=op.f("fk_links_event_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_links_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_case_id"), "links", ["case_id"], unique=False)
    op.create_index(op.f("ix_links_event_id"), "links", ["event_id"], unique=False)
    op.create_index(op.f("ix_links_recording_id"), "links", ["recording_id"], unique=False)
    op.create_index(op.f("ix_links_state"), "links", ["state"], unique=False)
    op.create_index(
        "uq_links_recording_id_case_id",
        "links",
        ["recording_id", "case_id"],
        unique=True,
        postgresql_where="case_id IS NOT NULL",
    )
    op.create_index(
        "uq_links_recording_id_event_id",
        "links",
        ["recording_id", "event_id"],
        unique=True,
        postgresql_where="event_id IS NOT NULL",
    )
    op.create_table(
        "removal_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.CheckConstraint(
            "state IN ('asked', 'withdrawn', 'declined', 'granted')", name=op.f("ck_removal_requests_state")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["accounts.id"], name=op.f("fk_removal_requests_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["accounts.id"], name=op.f("fk_removal_requests_decided_by")),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_removal_requests_recording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal_requests")),
    )
    op.create_index(
        op.f("ix_removal_requests_recording_id"), "removal_requests", ["recording_id"], unique=False
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("value", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=True),
        sa.Column("end_s", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "source IN ('container', 'picture', 'sound', 'gps', 'clock', 'file_name', 'sidecar', 'declared', 'person')",
            name=op.f("ck_tags_source"),
        ),
        sa.CheckConstraint("confidence >= 0 AND confidence <= 1", name=op.f("ck_tags_confidence")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_tags_recording_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
    )
    op.create_index("ix_tags_recording_id", "tags", ["recording_id"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("squad_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("upload_offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("release_asked_epoch", sa.Integer(), nullable=False),
        sa.Column("writer_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("concatenates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raw_concat", sqlmodel.sql.sqltypes.AutoString(length=20000), nullable=False),
        sa.Column("raw_metadata", sqlmodel.sql.sqltypes.AutoString(length=20000), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("store_key", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("store_version", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'complete', 'expired', 'terminated')", name=op.f("ck_uploads_state")
        ),
        sa.CheckConstraint("length IS NULL OR upload_offset <= length", name=op.f("ck_uploads_offset")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_uploads_account_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_uploads_recording_id")),
        sa.ForeignKeyConstraint(["squad_id"], ["squads.id"], name=op.f("fk_uploads_squad_id")),
        sa.ForeignKeyConstraint(["token_id"], ["api_tokens.id"], name=op.f("fk_uploads_token_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("store_key", name=op.f("uq_uploads_store_key")),
    )
    op.create_index(op.f("ix_uploads_account_id"), "uploads", ["account_id"], unique=False)
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"], unique=False)
    op.create_index(op.f("ix_uploads_recording_id"), "uploads", ["recording_id"], unique=False)
    op.create_index(op.f("ix_uploads_state"), "uploads", ["state"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recording_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("dock", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("store_key", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("store_version", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("declared_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("stored_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('pending', 'verified', 'duplicate', 'mismatch', 'quarantined')",
            name=op.f("ck_receipts_outcome"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_receipts_account_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=op.f("fk_receipts_recording_id")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_receipts_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_receipts_upload_id")),
    )
    op.create_index(op.f("ix_receipts_account_id"), "receipts", ["account_id"], unique=False)
    op.create_index(op.f("ix_receipts_recording_id"), "receipts", ["recording_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_receipts_recording_id"), table_name="receipts")
    op.drop_index(op.f("ix_receipts_account_id"), table_name="receipts")
    op.drop_table("receipts")
    op.drop_index(op.f("ix_uploads_state"), table_name="uploads")
    op.drop_index(op.f("ix_uploads_recording_id"), table_name="uploads")
    op.drop_index(op.f("ix_uploads_expires_at"), table_name="uploads")
    op.drop_index(op.f("ix_uploads_account_id"), table_name="uploads")
    op.drop_table("uploads")
    op.drop_index("ix_tags_recording_id", table_name="tags")
    op.drop_table("tags")
    op.drop_index(op.f("ix_removal_requests_recording_id"), table_name="removal_requests")
    op.drop_table("removal_requests")
    op.drop_index(
        "uq_links_recording_id_event_id", table_name="links", postgresql_where="event_id IS NOT NULL"
    )
    op.drop_index("uq_links_recording_id_case_id", table_name="links", postgresql_where="case_id IS NOT NULL")
    op.drop_index(op.f("ix_links_state"), table_name="links")
    op.drop_index(op.f("ix_links_recording_id"), table_name="links")
    op.drop_index(op.f("ix_links_event_id"), table_name="links")
    op.drop_index(op.f("ix_links_case_id"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_sign_ins_account_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(
        "uq_recordings_original_id_squad_id", table_name="recordings", postgresql_where="NOT sample"
    )
    op.drop_index(op.f("ix_recordings_uploaded_by"), table_name="recordings")
    op.drop_index(op.f("ix_recordings_state"), table_name="recordings")
    op.drop_index("ix_recordings_squad_id_received_at", table_name="recordings")
    op.drop_index(op.f("ix_recordings_squad_id"), table_name="recordings")
    op.drop_index(
        "ix_recordings_span",
        table_name="recordings",
        postgresql_using="gist",
        postgresql_where="recorded_from IS NOT NULL",
    )
    op.drop_index("ix_recordings_recorder_id_recorded_from", table_name="recordings")
    op.drop_index(op.f("ix_recordings_recorded_from"), table_name="recordings")
    op.drop_index("ix_recordings_received_at_id", table_name="recordings")
    op.drop_index(op.f("ix_recordings_original_id"), table_name="recordings")
    op.drop_index(op.f("ix_recordings_officer_id"), table_name="recordings")
    op.drop_table("recordings")
    op.drop_table("policy_values")
    op.drop_index(op.f("ix_event_officers_officer_id"), table_name="event_officers")
    op.drop_table("event_officers")
    op.drop_index("ix_custody_subject_kind_subject_id", table_name="custody")
    op.drop_index(op.f("ix_custody_at"), table_name="custody")
    op.drop_index(op.f("ix_custody_account_id"), table_name="custody")
    op.drop_table("custody")
    op.drop_index(op.f("ix_api_tokens_account_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index("ix_enforcement_events_squad_id_arrived_at", table_name="enforcement_events")
    op.drop_index(op.f("ix_enforcement_events_squad_id"), table_name="enforcement_events")
    op.drop_index("ix_enforcement_events_span", table_name="enforcement_events", postgresql_using="gist")
    op.drop_index(op.f("ix_enforcement_events_kind"), table_name="enforcement_events")
    op.drop_index(op.f("ix_enforcement_events_case_id"), table_name="enforcement_events")
    op.drop_index(op.f("ix_enforcement_events_campaign_id"), table_name="enforcement_events")
    op.drop_index(op.f("ix_enforcement_events_arrived_at"), table_name="enforcement_events")
    op.drop_table("enforcement_events")
    op.drop_index("ix_assignments_recorder_id_held_from", table_name="assignments")
    op.drop_index(op.f("ix_assignments_recorder_id"), table_name="assignments")
    op.drop_index(op.f("ix_assignments_officer_id"), table_name="assignments")
    op.drop_index(op.f("ix_assignments_held_from"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("accounts")
    op.drop_index("uq_sidecars_squad_id_file_name", table_name="sidecars")
    op.drop_table("sidecars")
    op.drop_index("uq_renditions_original_id_kind_position", table_name="renditions")
    op.drop_index(op.f("ix_renditions_original_id"), table_name="renditions")
    op.drop_table("renditions")
    op.drop_index(op.f("ix_recorders_squad_id"), table_name="recorders")
    op.drop_table("recorders")
    op.drop_index(op.f("ix_officers_squad_id"), table_name="officers")
    op.drop_table("officers")
    op.drop_table("job_attempts")
    op.drop_index(op.f("ix_cases_squad_id"), table_name="cases")
    op.drop_table("cases")
    op.drop_table("squads")
    op.drop_table("recorder_models")
    op.drop_table("originals")
    op.drop_index(op.f("ix_login_failures_username"), table_name="login_failures")
    op.drop_index(op.f("ix_login_failures_at"), table_name="login_failures")
    op.drop_index(op.f("ix_login_failures_address"), table_name="login_failures")
    op.drop_table("login_failures")
    op.drop_index("uq_jobs_kind_subject_id", table_name="jobs")
    op.drop_index("ix_jobs_waiting", table_name="jobs", postgresql_where="state = 'queued'")
    op.drop_index("ix_jobs_subject_id", table_name="jobs")
    op.drop_index("ix_jobs_leased", table_name="jobs", postgresql_where="state = 'running'")
    op.drop_table("jobs")
    op.drop_table("heartbeats")
    op.drop_table("campaigns")
