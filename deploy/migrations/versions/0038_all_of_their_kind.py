"""brackets, dashes, dots and what nobody sees fold together as Unicode lists them, and case numbers as people write them

Revision: 0038
After: 0037
"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from service.kernel.keys import FUNCTION
from service.registry.cases.rules import case_number_fold

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

SPELLING = "00000000-0000-0000-0000-000000000001"  # service.finding.search.renamed
TABLES = {
    "squads": "code",
    "officers": "certificate_no",
    "recorder_models": "code",
    "recorders": "serial",
    "enforcement_events": "external_id",
    "campaigns": "external_id",
    "rosters": "external_id",
    "assignments": "external_id",
    "clock_offsets": "external_id",
}
CLAIMS = ("officer", "recorder", "event")
_UNSEEN = (
    (0x01, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x1680, 0x1680),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE01EF),
)  # fmt: skip
_DROPPED = "[\"''“”„‟‘’‚‛«»‹›〝〞〟′″´`" + "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in _UNSEEN) + "]+"
_FROM = "‐‑‒–—―−﹣─━АВЕКМНОРСТХУІЈЅаеорсхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧοABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO = "----------abekmhopctxyijsaeopcxyijsabezhikmnoptyxoabcdefghijklmnopqrstuvwxyz"
AS_BEFORE = f"""
    CREATE OR REPLACE FUNCTION key_fold(key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ltrim(normalize(translate(
        regexp_replace(normalize(regexp_replace(key, '{_DROPPED}', '', 'g'), NFKC), '{_DROPPED}', '', 'g'),
        '{_FROM}', '{_TO}'), NFKC), '=')
"""


def upgrade() -> None:
    op.execute(sa.text(FUNCTION.replace(":", r"\:")))
    for table, key in TABLES.items():
        _keys(table, key)
    for claim in CLAIMS:
        op.execute(f"REINDEX INDEX ix_recordings_claimed_{claim}")
    _cases()
    _evidence()
    _ask("reindex", f"SELECT CAST('{SPELLING}' AS uuid) WHERE EXISTS (SELECT FROM search_documents)")


def _keys(table: str, key: str) -> None:
    """Only rows that fold otherwise are written. Of those that are one from now on the one that was found before is
    found, else the one that is written most plainly, else the oldest; whether they are one, a person says."""
    otherwise = (
        sa.select(sa.text("1")).select_from(sa.text(table)).where(sa.text(f"folded <> key_fold({key})"))
    )
    if not op.get_bind().scalar(sa.select(otherwise.exists())):
        return
    op.execute(
        f"""
        UPDATE {table} AS t SET double_of = same.first
        FROM (
            SELECT id, double_of, folds, count(*) OVER one AS times, first_value(id) OVER (
                one ORDER BY double_of IS NOT NULL, lower({key}) <> folds, {key} ~ '[^ -~]', id
            ) AS first
            FROM (SELECT id, double_of, {key}, key_fold({key}) AS folds FROM {table} WHERE {key} IS NOT NULL) AS each
            WINDOW one AS (PARTITION BY folds)
        ) AS same
        WHERE same.id = t.id AND same.times > 1 AND same.first <> t.id AND t.double_of IS DISTINCT FROM same.first
        """
    )
    op.execute(f"UPDATE {table} SET {key} = {key} WHERE folded <> key_fold({key})")


def _cases() -> None:
    by_fold = defaultdict(list)
    rows = op.get_bind().execute(
        sa.text(
            "SELECT id, number, number_folded, double_of FROM cases"
            " ORDER BY double_of IS NOT NULL, created_at, id"
        )
    )
    for row in rows:
        by_fold[case_number_fold(row.number)[:100]].append(row)
    doubles = [
        (row.id, same[0].id) for same in by_fold.values() for row in same[1:] if row.double_of != same[0].id
    ]
    fresh = [
        (same[0].id, fold)
        for fold, same in by_fold.items()
        if same[0].double_of is None and same[0].number_folded != fold
    ]
    for statement, pairs in (
        ("UPDATE cases SET number_folded = NULL, double_of = CAST(:value AS uuid) WHERE id = :id", doubles),
        ("UPDATE cases SET number_folded = id::text WHERE id = :id", fresh),  # out of each other's way
        ("UPDATE cases SET number_folded = :value WHERE id = :id", fresh),
    ):
        if pairs:
            op.get_bind().execute(sa.text(statement), [{"id": key, "value": value} for key, value in pairs])


def _evidence() -> None:
    said = op.get_bind().scalars(
        sa.text("SELECT DISTINCT case_folded FROM link_evidence WHERE case_folded IS NOT NULL")
    )
    otherwise = {old: new for old in said if (new := case_number_fold(old)[:128]) != old}
    if otherwise:
        op.get_bind().execute(
            sa.text(
                """
                UPDATE link_evidence AS e SET case_folded = t.new
                FROM unnest(CAST(:old AS text[]), CAST(:new AS text[])) AS t (old, new) WHERE e.case_folded = t.old
                """
            ),
            {"old": list(otherwise), "new": list(otherwise.values())},
        )
        _ask(
            "link",
            "SELECT recording_id FROM link_evidence WHERE case_folded = ANY(:said)",
            list(otherwise.values()),
        )


def _ask(kind: str, subjects: str, said: list[str] | None = None) -> None:
    op.get_bind().execute(
        sa.text(
            f"""
            INSERT INTO jobs (id, kind, subject_id, queue, priority, state, requested, satisfied, attempt, tries,
                              max_tries, seen_request, not_before, progress_note, reason_params, created_at,
                              requested_at)
            SELECT gen_random_uuid(), '{kind}', one.id, 'light', 7, 'queued', 1, 0, 0, 0, 5, 0, now(), '', '{{}}',
                   now(), now()
            FROM ({subjects}) AS one (id)
            ON CONFLICT (kind, subject_id) DO UPDATE
            SET requested = jobs.requested + 1, requested_at = now(), not_before = now(),
                state = CASE WHEN jobs.state = 'running' THEN jobs.state ELSE 'queued' END
            """
        ),
        {"said": said} if said is not None else {},
    )


def downgrade() -> None:
    """What was marked as standing twice stays marked."""
    op.execute(sa.text(AS_BEFORE.replace(":", r"\:")))
    for table, key in TABLES.items():
        op.execute(f"UPDATE {table} SET {key} = {key} WHERE folded <> key_fold({key})")
    for claim in CLAIMS:
        op.execute(f"REINDEX INDEX ix_recordings_claimed_{claim}")
