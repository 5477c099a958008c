"""The kinds of background work. What a kind does stands in the stage of its name, workers/stages/<code>.py."""

from dataclasses import dataclass

from schemas.jobs import JobKind
from service.kernel.i18n import lazy as _
from service.kernel.queues import ENCODE, LIGHT, LOOKS, Queue
from service.kernel.words import Word


@dataclass(frozen=True)
class Kind:
    """`failed`: the reason (schemas/reasons.py) that a recording shows when the tries at it are spent; None where its
    failure takes nothing from a recording."""

    code: JobKind
    word: Word
    queue: Queue = LIGHT
    failed: str | None = None


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            JobKind.assemble,
            Word(_("Put together from its pieces"), icon="layers"),
            failed="assemble_failed",
        ),
        Kind(
            JobKind.intake,
            Word(_("Take in: fetch, hash, probe"), icon="fingerprint"),
            failed="intake_failed",
        ),
        Kind(JobKind.playable, Word(_("Make playable"), icon="play")),
        Kind(JobKind.plain, Word(_("Copy picture and sound alone"), icon="copy")),
        Kind(JobKind.tags, Word(_("Read tags from metadata"), icon="tag"), failed="tags_failed"),
        Kind(JobKind.link, Word(_("Link to events"), icon="link"), failed="link_failed"),
        Kind(
            JobKind.renditions,
            Word(_("Make a browser video"), icon="film"),
            queue=ENCODE,
            failed="renditions_failed",
        ),
        Kind(JobKind.clock, Word(_("Read the time in the picture"), icon="clock")),
        Kind(JobKind.walk, Word(_("Try out what the bytes show"), icon="footprints"), queue=LOOKS),
        Kind(
            JobKind.looks,
            Word(_("Look through: pictures, waveform, quality"), icon="eye"),
            queue=LOOKS,
            failed="looks_failed",
        ),
        Kind(JobKind.sums, Word(_("Prove its bytes block by block"), icon="fingerprint")),
        Kind(JobKind.table, Word(_("Import a large table"), icon="file-spreadsheet")),
        Kind(JobKind.recount, Word(_("Count the coverage again"), icon="refresh-cw")),
        Kind(JobKind.reindex, Word(_("Find recordings by new words"), icon="search")),
        Kind(JobKind.noop, Word(_("Nothing: what the machinery itself costs"), icon="gauge")),
    )
}
