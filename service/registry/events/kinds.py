"""The kinds of events. A kind that is added here, and to EventKind with its migration, stands in forms, filters,
boards, imports and exports, is found by its word, and has a line in the matters list of a bureau that published none.
"""

from dataclasses import dataclass

from schemas.events import EventKind
from schemas.matters import Step
from service.kernel.i18n import lazy as _
from service.kernel.words import Word


@dataclass(frozen=True)
class Kind:
    """`said`: what tables call it; the first is the word that finds its recordings. `steps`, `retention_days` (None:
    for good) and `place` stand in the default matters list (service.registry.matters.defaults says where from)."""

    code: EventKind
    word: Word
    said: tuple[str, ...]
    steps: tuple[Step, ...]
    retention_days: int | None = None
    place: str = "执法现场"


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            EventKind.inspection,
            Word(_("Daily inspection"), icon="footprints"),
            said=("日常巡查", "巡查", "检查"),
            steps=(Step.show_identification, Step.state_purpose, Step.scene),
            retention_days=730,
        ),
        Kind(
            EventKind.evidence_collection,
            Word(_("Evidence collection"), icon="search-check"),
            said=("调查取证", "取证"),
            steps=(
                Step.show_identification,
                Step.state_purpose,
                Step.state_rights,
                Step.scene,
                Step.questioning,
                Step.signature,
            ),
        ),
        Kind(
            EventKind.document_delivery,
            Word(_("Document delivery"), icon="file-check"),
            said=("文书送达", "送达"),
            steps=(Step.show_identification, Step.state_purpose, Step.service, Step.signature),
            place="送达现场",
        ),
        Kind(
            EventKind.coercion,
            Word(_("Administrative coercion"), icon="gavel"),
            said=("行政强制", "强制"),
            steps=(
                Step.show_identification,
                Step.state_purpose,
                Step.state_rights,
                Step.statement_and_defence,
                Step.scene,
                Step.measure,
                Step.listing,
                Step.signature,
            ),
        ),
    )
}
SAID = {word: kind.code for kind in KINDS.values() for word in kind.said}
WORDS: dict[str, Word] = {kind.code: kind.word for kind in KINDS.values()}
