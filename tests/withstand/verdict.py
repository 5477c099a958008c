"""What became of the films, seen from outside: bytes read from the disk or by an S3 client of others, rows by SQL."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import boto3
import httpx
import pytest

from service.footage.uploads import reaper
from service.kernel.storage import get_store
from tests.fixtures.ceph import CephNode
from tests.fixtures.jobs import settled_in
from tests.withstand.installation import House
from tests.withstand.sending import Task
from workers import scratch
from workers.stages import duplicates
from workers.stages.publishing import sweep_orphans

MOST_AT_ONCE = 200


class Kept(Protocol):
    """What really lies in the store."""

    def sha256(self, key: str, version: str) -> str | None:
        """None: it is not there."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """With their versions: a key that stands here twice has two."""
        ...

    def under_way(self) -> list[str]:
        """What is left of uploads."""
        ...


class OnDisk:
    def __init__(self, root: Path) -> None:
        self.root = root

    def sha256(self, key: str, version: str) -> str | None:
        path = self.root / "objects" / hashlib.sha256(key.encode()).hexdigest()[:2] / key.replace("/", ",")
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def keys(self, prefix: str) -> list[str]:
        found = (path.name.replace(",", "/") for path in (self.root / "objects").glob("*/*"))
        return [key for key in found if key.startswith(prefix)]

    def under_way(self) -> list[str]:
        return [str(path) for folder in ("uploads/*", "tmp") for path in (self.root / folder).glob("*")]


class InBucket:
    def __init__(self, ceph: CephNode, bucket: str) -> None:
        self.bucket = bucket
        self.s3 = boto3.client(
            "s3", endpoint_url=ceph.endpoint, region_name="us-east-1",
            aws_access_key_id=ceph.access_key, aws_secret_access_key=ceph.secret_key,
        )  # fmt: skip

    def sha256(self, key: str, version: str) -> str | None:
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key, VersionId=version)["Body"]
        except (self.s3.exceptions.NoSuchKey, self.s3.exceptions.ClientError):
            return None
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(2**20):
            digest.update(chunk)
        return digest.hexdigest()

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Versions", [])]

    def under_way(self) -> list[str]:
        pages = self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket)
        open_ones = [one["Key"] for page in pages for one in page.get("Uploads", [])]
        return [*open_ones, *self.keys("tails/")]


def kept_by(house: House) -> Kept:
    if house.ceph is not None:
        return InBucket(house.ceph, house.bucket)
    return OnDisk(house.folder / "objects")


@dataclass
class Verdict:
    """Films by what is wrong with them; `beside`: what else is not as it must be."""

    lost: dict[str, str] = field(default_factory=dict)
    altered: dict[str, str] = field(default_factory=dict)
    double: dict[str, str] = field(default_factory=dict)
    unready: dict[str, str] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.altered or self.double or self.unready or self.beside)


class _Rows:
    def __init__(self, house: House) -> None:
        self.originals = {row.sha256: row for row in house.sql("SELECT * FROM originals")}
        self.recordings = {row.id: row for row in house.sql("SELECT * FROM recordings")}
        self.receipts = house.sql("SELECT * FROM receipts")
        self.acts = Counter(
            {
                (row.subject_id, row.action): row.count
                for row in house.sql("SELECT subject_id, action, count(*) FROM custody GROUP BY 1, 2")
            }
        )

    def standing(self, sha256: str) -> list[Any]:
        original = self.originals[sha256]
        mine = (row for row in self.recordings.values() if row.original_id == original.id)
        return [row for row in mine if row.merged_into is None]

    def told(self, recording: str) -> UUID | None:
        row = self.recordings.get(UUID(recording))
        return None if row is None else row.merged_into or row.id


def judge(house: House, tasks: Iterable[Task]) -> Verdict:
    """Once all has been sent and nothing is owed."""
    sweep(house)
    verdict, rows, kept = Verdict(), _Rows(house), kept_by(house)
    sent = {task.film.sha256: task for task in tasks}
    for sha256, task in sent.items():
        _judge_film(verdict, rows, kept, sha256, task)
    verdict.beside += [f"original {sha256} was never sent" for sha256 in set(rows.originals) - set(sent)]
    verdict.beside += list(_receipts(rows))
    verdict.beside += list(_custody(rows))
    verdict.beside += list(_jobs(house))
    verdict.beside += list(_store(house, rows, kept))
    verdict.beside += list(_counters(house, len(sent)))
    return verdict


def sweep(house: House) -> None:
    """What time does, at once: uploads whose address nobody was told expire, and what nobody wants is removed."""
    house.sql("UPDATE uploads SET expires_at = now() WHERE state = 'open' AND recording_id IS NULL")
    with settled_in(house.environment), pytest.MonkeyPatch.context() as patch:
        patch.setattr(reaper, "ORPHAN_AFTER", timedelta())
        patch.setattr(duplicates, "SETTLED_AFTER", timedelta())
        reaper.reap_uploads()
        duplicates.release_duplicates()
        while sweep_orphans(timedelta()):
            pass
        scratch.here().sweep(keep_unused_s=0)
        if house.ceph is None:
            _a_day_later(house.folder / "objects" / "tmp")
            get_store.cache_clear()
            get_store()


def _a_day_later(folder: Path) -> None:
    yesterday = time.time() - 2 * 86_400
    for path in folder.iterdir():
        os.utime(path, (yesterday, yesterday))


def _judge_film(verdict: Verdict, rows: _Rows, kept: Kept, sha256: str, task: Task) -> None:
    name, original = task.film.name, rows.originals.get(sha256)
    if original is None:
        verdict.lost[name] = "there is no original with these bytes"
        return
    found = kept.sha256(original.store_key, original.store_version)
    if found is None:
        verdict.lost[name] = f"nothing lies under {original.store_key}"
    elif found != sha256 or original.size != task.film.size:
        verdict.altered[name] = f"{original.store_key} holds {found}"
    standing = rows.standing(sha256)
    if not standing:
        verdict.lost[name] = "no recording has these bytes"
    elif len(standing) > 1:
        verdict.double[name] = f"recordings {[str(row.id) for row in standing]}"
    elif rows.told(task.recording) != standing[0].id:
        verdict.lost[name] = f"recording {task.recording} was told, and {standing[0].id} has the bytes"
    elif standing[0].state != "ready":
        verdict.unready[name] = f"{standing[0].state}: {standing[0].reason} {standing[0].reason_params}"


def _receipts(rows: _Rows) -> Iterator[str]:
    verified = Counter(row.recording_id for row in rows.receipts if row.outcome == "verified")
    yield from (f"recording {one} has {n} verified receipts" for one, n in verified.items() if n != 1)
    for row in rows.receipts:
        original = rows.originals.get(row.stored_sha256)
        if row.outcome not in ("verified", "duplicate") or original is None:
            yield f"receipt {row.id} is {row.outcome}"
        elif (row.store_key, row.store_version, row.size) != (
            original.store_key, original.store_version, original.size,
        ):  # fmt: skip
            yield f"receipt {row.id} points at {row.store_key} {row.store_version}"


def _custody(rows: _Rows) -> Iterator[str]:
    """Each arrival is written once, each fingerprint once, and each lock."""
    arrivals = Counter(row.recording_id for row in rows.receipts)
    for recording in rows.recordings.values():
        one = recording.id
        stands = recording.merged_into is None
        # A receipt follows its recording into the one that stands for it; what was written of it stays.
        same = [row.id for row in rows.recordings.values() if row.merged_into == one]
        wanted = {
            "verify": arrivals[one] if stands else 0,
            "lock": 1 if stands else 0,
        }
        found = {act: rows.acts[one, act] for act in wanted}
        if stands:
            wanted["receive"] = arrivals[one]
            found["receive"] = sum(rows.acts[each, "receive"] for each in (one, *same))
        if found != wanted:
            yield f"custody of recording {one}: {found}, not {wanted}"


def _jobs(house: House) -> Iterator[str]:
    for row in house.sql("SELECT kind, state, reason, reason_params FROM jobs WHERE state <> 'done'"):
        yield f"job {row.kind} is {row.state}: {row.reason} {row.reason_params}"
    for row in house.sql(
        "SELECT kind, jobs.attempt, count(*) AS told, count(*) FILTER (WHERE outcome = 'running') AS running"
        " FROM jobs JOIN job_attempts ON job_id = jobs.id GROUP BY jobs.id, kind, jobs.attempt"
    ):
        if row.told != row.attempt or row.running:
            yield f"job {row.kind}: {row.told} attempts of {row.attempt}, {row.running} still running"


def _store(house: House, rows: _Rows, kept: Kept) -> Iterator[str]:
    wanted = {
        "originals/": [row.store_key for row in rows.originals.values()],
        "pieces/": [],
        "renditions/": [
            row.store_key for row in house.sql("SELECT store_key FROM renditions WHERE store_key IS NOT NULL")
        ],
    }
    for prefix, keys in wanted.items():
        found, expected = Counter(kept.keys(prefix)), Counter(set(keys))
        if found != expected:
            yield f"{prefix}: too many {sorted((found - expected).elements())}, missing {sorted(expected - found)}"
    yield from (f"left of an upload: {one}" for one in kept.under_way())
    yield from (
        f"left in scratch: {path}"
        for folder in ("rooms", "files")
        for path in (house.folder / "scratch" / folder).glob("*")
    )
    states = house.sql(
        "SELECT state, count(*) FROM uploads WHERE state <> 'complete' AND cleared_at IS NULL GROUP BY 1"
    )
    yield from (f"{row.count} uploads are {row.state}" for row in states)


def _counters(house: House, films: int) -> Iterator[str]:
    with httpx.Client(base_url=house.address, timeout=60, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {house.admin}"
        listed, cursor = 0, ""
        while True:
            page = client.get("/api/v1/recordings", params={"limit": MOST_AT_ONCE, "cursor": cursor}).json()
            listed += len(page["items"])
            cursor = page["next"] or ""
            if not cursor:
                break
        if listed != films:
            yield f"{listed} recordings are listed of {films}"
        told = client.get("/metrics").text
        if f'zhenglu_recordings{{state="ready"}} {float(films)}' not in told:
            yield "the metrics: " + ", ".join(line for line in told.splitlines() if "recordings{" in line)
        for queue in client.get("/api/v1/queues").json()["items"]:
            owed = {name: queue[name] for name in ("waiting", "running", "failed", "delayed") if queue[name]}
            if owed:
                yield f"queue {queue['queue']}: {owed}"
