"""recordings of which a file's name, read by no model of its recorder, said who and what: read once more

Revision: 0018
After: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,
                          max_tries, seen_request, not_before, progress_note, reason_params, created_at, requested_at)
        SELECT gen_random_uuid(), 'tags', r.id, 'light', 7, 'queued', 1, 0, 0, 0, 5, 0, now(), '', '{}', now(), now()
        FROM recordings r
        LEFT JOIN recorders d ON d.id = r.recorder_id
        WHERE r.claims -> 'file_name' ?| '{officer,case,event,recorder}' AND d.model_id IS NULL
          AND r.merged_into IS NULL AND r.state NOT IN ('refused', 'receiving')
        ON CONFLICT (kind, subject_id) DO UPDATE
        SET requested = jobs.requested + 1, requested_at = now(), not_before = now(),
            state = CASE WHEN jobs.state = 'running' THEN jobs.state ELSE 'queued' END
        """
    )


def downgrade() -> None:
    pass
