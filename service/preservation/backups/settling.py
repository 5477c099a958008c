"""What a restored database says of the machine that it came from, made true of the one that it is on."""

import contextlib
import uuid

import psycopg

from schemas.originals import LOOKS
from service.preservation.backups.manifest import Manifest, size_of
from service.preservation.backups.objects import Objects


def settle(connection: psycopg.Connection, manifest: Manifest, objects: Objects) -> None:
    """What was true at the backup's moment and is not here: uploads in progress, held jobs, signed-in browsers, the
    names that the other store gave to versions. In the schema of the backup's time. Custody stays as it was."""
    run = connection.execute
    run("CREATE TEMP TABLE here (key text PRIMARY KEY, version text) ON COMMIT DROP")
    with connection.cursor().copy("COPY here FROM STDIN") as copy:
        for key, _, version in objects.versions():
            copy.write_row((key, version))
    for table in ("originals", "receipts", "renditions", "uploads"):
        run(
            f"UPDATE {table} SET store_version = here.version FROM here"
            f" WHERE here.key = {table}.store_key AND {table}.store_version IS DISTINCT FROM here.version"
        )
    run(
        "UPDATE uploads SET state = 'expired', epoch = epoch + 1, writer_until = NULL, cleared_at = now()"
        " WHERE (state = 'open' AND recording_id IS NULL)"
        # by name: older schemas do not have the column
        " OR (state = 'complete' AND partial AND NOT EXISTS ("
        "SELECT FROM uploads AS final WHERE final.id::text = to_jsonb(uploads) ->> 'joined_into'"
        " AND final.recording_id IS NOT NULL AND (final.state = 'open' OR EXISTS ("
        "SELECT FROM receipts WHERE receipts.upload_id = final.id AND receipts.outcome = 'pending'))))"
    )
    run(
        "UPDATE jobs SET state = 'queued', worker = NULL, lease_until = NULL, published_at = NULL,"
        " not_before = now(), tries = greatest(tries - 1, 0), progress = NULL WHERE state = 'running'"
    )
    run("UPDATE jobs SET published_at = NULL WHERE state = 'queued'")
    run(
        "UPDATE job_attempts SET outcome = 'lost', reason = 'worker_lost', ended_at = now()"
        " WHERE outcome = 'running'"
    )
    _make_again(connection, objects)
    _beyond_unknown(connection, objects)
    run("DELETE FROM rendition_segments")  # no backup takes them along
    run("DELETE FROM heartbeats")
    run("DELETE FROM sign_ins")
    run(
        "UPDATE backups SET state = 'failed', reason = 'backup-interrupted', ended_at = now()"
        " WHERE state = 'running' AND id <> %s",
        [manifest["id"]],
    )
    run(
        "UPDATE backups SET state = 'verified', at = %s, verified_at = %s, ended_at = %s, progress = 1, reason = NULL,"
        " restored_at = now(), size = %s, objects = %s, lacking = %s WHERE id = %s",
        [
            manifest["at"],
            manifest["verified_at"],
            manifest["verified_at"],
            size_of(manifest),
            manifest["objects"],
            manifest["lacking"],
            manifest["id"],
        ],
    )


def _make_again(connection: psycopg.Connection, objects: Objects) -> None:
    """Renditions of which no bytes came along."""
    keys = list(objects.lost_renditions())
    if not keys:
        return
    lost = connection.execute(
        "DELETE FROM renditions WHERE store_key = ANY(%s) RETURNING original_id, kind", [keys]
    ).fetchall()
    connection.execute(
        "UPDATE jobs SET state = 'queued', requested = requested + 1, requested_at = now(), tries = 0,"
        " not_before = now(), published_at = NULL, reason = NULL"
        " WHERE (kind IN ('playable', 'renditions') AND subject_id = ANY(%s))"
        " OR (kind IN ('playable', 'looks') AND subject_id = ANY(%s))",
        [
            list({row[0] for row in lost if row[1] not in LOOKS}),
            list({row[0] for row in lost if row[1] in LOOKS}),
        ],
    )


def _beyond_unknown(connection: psycopg.Connection, objects: Objects) -> None:
    """A store that outlived the database holds what later attempts made, under the very keys that the next attempts
    would use: these begin beyond them."""
    for key in objects.unknown():
        parts = key.split("/")
        if len(parts) != 4 or parts[0] != "renditions":
            continue
        kind, _, attempt = parts[2].rpartition("-")
        if attempt.isdigit():
            with contextlib.suppress(ValueError):
                connection.execute(
                    "UPDATE jobs SET attempt = greatest(attempt, %s) WHERE kind = %s AND subject_id = %s",
                    [int(attempt), kind, uuid.UUID(parts[1])],
                )
