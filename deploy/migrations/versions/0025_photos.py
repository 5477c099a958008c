"""photos are recordings; each says whether it is a video, sound alone or a photo

Revision: 0025
After: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BEFORE = ("playback", "video", "poster", "still", "sprite", "sprite_map", "waveform")
MEDIA = ("video", "sound", "photo")
SOUND_TOKEN = -534294154  # by which a search for sound alone finds it: service.finding.search.rules.key_token

_HAS = """
    EXISTS (SELECT FROM jsonb_array_elements(o.media -> 'probe' -> 'streams') AS s
            WHERE s ->> 'kind' = '{}' AND NOT coalesce((s ->> 'cover_art')::boolean, false))
"""


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    op.create_check_constraint(
        op.f(f"ck_{table}_{column}"), table, f"{column} IN ({', '.join(repr(one) for one in values)})"
    )


def upgrade() -> None:
    op.drop_constraint(op.f("ck_renditions_kind"), "renditions", type_="check")
    _allow("renditions", "kind", (*BEFORE[:3], "picture", *BEFORE[3:]))
    op.add_column("recordings", sa.Column("media", sa.String(), nullable=True))
    op.execute(
        f"""
        UPDATE recordings SET media = known.media FROM (
            SELECT o.id, CASE WHEN {_HAS.format("video")} THEN 'video' WHEN {_HAS.format("audio")} THEN 'sound' END AS media
            FROM originals o WHERE jsonb_typeof(o.media -> 'probe' -> 'streams') = 'array'
        ) AS known WHERE known.id = recordings.original_id AND known.media IS NOT NULL
        """
    )
    _allow("recordings", "media", MEDIA)
    # nearly all are videos: so the other rows alone are written
    op.execute("ALTER TABLE search_documents ADD COLUMN IF NOT EXISTS media text NOT NULL DEFAULT 'video'")
    op.execute("ALTER TABLE search_documents ALTER COLUMN media DROP DEFAULT")
    op.execute(
        f"""
        UPDATE search_documents SET media = coalesce(r.media, ''),
            grams = CASE WHEN r.media = 'sound' THEN grams || {SOUND_TOKEN} ELSE grams END
        FROM recordings r WHERE r.id = recording_id AND r.media IS DISTINCT FROM 'video'
        """
    )
    op.execute(
        "INSERT INTO search_values SELECT DISTINCT 'media', media FROM recordings WHERE media IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE search_documents DROP COLUMN media")
    op.execute("DELETE FROM search_values WHERE facet = 'media'")
    op.drop_column("recordings", "media")
    op.execute("DELETE FROM renditions WHERE kind = 'picture'")
    op.drop_constraint(op.f("ck_renditions_kind"), "renditions", type_="check")
    _allow("renditions", "kind", BEFORE)
