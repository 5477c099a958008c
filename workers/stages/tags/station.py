"""What a collection station said of a file beyond its times: marks, and where its list and the bytes disagree."""

import hashlib
from uuid import UUID

from schemas.claims import Claims, FileFacts
from schemas.originals import Original
from schemas.recordings import Tag
from service.footage.announcements.rules import facts_of, mismatches, sidecar_of
from service.footage.tags import TAGS
from workers.lease import Lease, LeaseLost
from workers.stages.bytes_at_hand import original_bytes

CHUNK = 2**20


def wants_md5(claims: Claims) -> bool:
    return any(facts.get("md5") for facts in _said(claims))


def md5_of(held: Lease, original: Original) -> str:
    """Of the stored bytes; stations give no better fingerprint than this."""
    digest = hashlib.md5(usedforsecurity=False)
    with original_bytes(held, original) as at_hand, at_hand.path.open("rb") as file:
        while not held.lost.is_set() and (chunk := file.read(CHUNK)):
            digest.update(chunk)
    if held.lost.is_set():
        raise LeaseLost
    return digest.hexdigest()


def station_tags(recording_id: UUID, claims: Claims, size: int, md5: str | None) -> list[Tag]:
    flags = dict.fromkeys(flag for facts in _said(claims) for flag in facts.get("flags") or ())
    differing = {one.tag.name: one for facts in _said(claims) for one in mismatches(facts, size, md5)}
    return [
        *(TAGS[f"flag_{flag}"].row(recording_id) for flag in flags if flag != "normal"),
        *(one.row(recording_id) for one in differing.values()),
    ]


def _said(claims: Claims) -> list[FileFacts]:
    """The list first, then the sidecar: where both say something, both are compared with the bytes."""
    return [facts_of(claims), sidecar_of(claims)]
