"""From the last byte of a large H.264 MP4 until it can be watched, beside reading and hashing the file once."""

import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
from sqlalchemy import text

from deploy.process import wait_until
from tests.bench.footage import clip, long_clip, never_seen, renew
from tests.bench.installation import PASSWORD, Running, installed, workspace
from tests.bench.report import Row, compared
from tests.bench.scale import MIB, Scale
from tests.bench.tus_client import send

REFERENCE = """
import hashlib, sys, time
started = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    hashlib.file_digest(file, "sha256").hexdigest()
print(time.perf_counter() - started)
"""
WITHIN_S = 120
WARM_UP = 2


def run(scale: Scale) -> list[Row]:
    with workspace() as folder, installed("web", "light") as running:
        file = never_seen(long_clip(scale.video_bytes, scale.clip_s), folder / "long.mp4")
        waits, references, parts = [], [], []
        # The first one of a worker process opens what the later ones find open.
        for _ in range(WARM_UP):
            first = send(running.uploads, running.dock, never_seen(clip(scale.clip_s), folder / "first.mp4"))
            watchable(running, str(first.recording))
            settle(running)
        for _ in range(scale.rounds):
            renew(file)
            sent = send(running.uploads, running.dock, file)
            assert sent.recording is not None
            seen_at = watchable(running, sent.recording)
            waits.append(seen_at - sent.answered_at)
            parts.append(story(running, sent.recording))
            settle(running)
            references.append(hashed(file))
        size = file.stat().st_size
    return [
        compared(
            f"last byte → playable, H.264 MP4 of {size // MIB} MiB",
            "s",
            waits,
            references,
            f"python -c '{REFERENCE}' FILE",
            at_most=1.1,
            parts=parts,
        )
    ]


def watchable(running: Running, recording: str) -> float:
    """The moment at which everybody can see that it plays, and then it must."""
    database = str(running.engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    with psycopg.connect(database, autocommit=True) as connection:
        question = "SELECT playable_at IS NOT NULL FROM recordings WHERE id = %s"
        until = time.monotonic() + WITHIN_S
        while not connection.execute(question, [recording]).fetchone()[0]:
            if time.monotonic() > until:
                raise AssertionError(f"not playable within {WITHIN_S} s: {story(running, recording)}")
            time.sleep(0.005)
    seen_at = time.time()
    with httpx.Client(base_url=running.address, trust_env=False) as client:
        signed_in = client.post(
            "/api/v1/session", json={"username": running.actor.username, "password": PASSWORD}
        )
        signed_in.raise_for_status()
        answer = client.get(f"/api/v1/recordings/{recording}/playback", headers={"Range": "bytes=0-1023"})
        if answer.status_code != 206:
            raise AssertionError(f"said to be playable, but the bytes answer {answer.status_code}")
    return seen_at


def story(running: Running, recording: str) -> dict[str, object]:
    """Where the time went: seconds since the receipt, by the database's clock."""
    with running.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT j.kind, extract(epoch FROM a.started_at - r.received_at),"
                " extract(epoch FROM a.ended_at - r.received_at)"
                " FROM recordings r JOIN jobs j ON j.subject_id IN (r.id, r.original_id)"
                " JOIN job_attempts a ON a.job_id = j.id WHERE r.id = :id ORDER BY a.started_at"
            ),
            {"id": UUID(recording)},
        )
        return {kind: [None if at is None else round(float(at), 3) for at in span] for kind, *span in rows}


def settle(running: Running) -> None:
    """The light queue is empty: what follows would else run beside its jobs."""
    question = text("SELECT count(*) FROM jobs WHERE queue = 'light' AND state IN ('queued', 'running')")

    def idle() -> bool:
        with running.engine.connect() as connection:
            return connection.execute(question).scalar_one() == 0

    if not wait_until(idle, WITHIN_S, every_s=0.1):
        raise AssertionError("the light queue does not come to rest")


def hashed(file: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-c", REFERENCE, str(file)], capture_output=True, text=True, timeout=120, check=True
    )
    return float(done.stdout)
