"""Writing search documents: the only place that changes the search table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from service.finding.search.refs import ref
from service.finding.search.rules import all_tokens, day_tokens, place_tokens
from service.finding.search.schema import TABLE, ensure_partitions, month_of
from service.kernel.round_trip import Asked, together
from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold

COLUMNS = "recording_id, received_at, squad_id, recorded_from, lat, lon, linked, state, media, kinds, tags, refs, body, grams"
_NAMES = COLUMNS.split(", ")
_CASTS = {"kinds": "text[]", "tags": "text[]", "refs": "text[]", "grams": "integer[]"}
_INSERT = text(
    f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ("
    + ", ".join(f"CAST(:{name} AS {_CASTS[name]})" if name in _CASTS else f":{name}" for name in _NAMES)
    + ")"
)
_REMOVE = text(f"DELETE FROM {TABLE} WHERE recording_id = ANY(CAST(:ids AS uuid[]))")
_TAKE_TURNS = text("SELECT pg_advisory_xact_lock(7302002, k) FROM unnest(CAST(:keys AS integer[])) k")
# Facets of many hits are counted value by value: this is the list of the values that ever were.
_LEARN = text(
    "INSERT INTO search_values (facet, value)"
    " SELECT * FROM unnest(CAST(:facets AS text[]), CAST(:values AS text[])) AS new (facet, value)"
    " WHERE NOT EXISTS (SELECT FROM search_values v WHERE v.facet = new.facet AND v.value = new.value)"
)


TURNS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDocument:
    """What is known of a recording, as far as it can be searched for.

    texts: every text that words are looked for in: titles of events, addresses, parties, officers' names, squad
        name, file name, note. Words never match across two texts.
    cases, events, officers, recorders: what the filters of these names find: ids, and the numbers that people
        type (str: also found as words; case numbers in any spelling).
    media: video, sound or photo; "" where nobody has looked. kinds: of the linked events. linked: confirmed or accepted links, as the caller defines them.
    """

    recording_id: UUID
    received_at: datetime
    squad_id: UUID | None
    state: str
    texts: tuple[str, ...] = ()
    cases: tuple[UUID | str, ...] = ()
    events: tuple[UUID | str, ...] = ()
    officers: tuple[UUID | str, ...] = ()
    recorders: tuple[UUID | str, ...] = ()
    media: str = ""
    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    linked: bool = False
    recorded_from: datetime | None = None
    lat: float | None = None
    lon: float | None = None


def write_document(session: Session, document: SearchDocument) -> None:
    """Replaces the recording's document, in the caller's transaction."""
    write_documents(session, [document])


def write_documents(session: Session, documents: Iterable[SearchDocument]) -> int:
    """The same for some hundreds at a time. What arrived in a month without a partition lies in the default one until the
    schedule makes it: its locks, taken while somebody waits for a turn, would let two writers wait for each other."""
    written = 0
    rest = iter(documents)
    while batch := {document.recording_id: document for document in islice(rest, 500)}:
        together(
            session,
            turns(batch),
            (_REMOVE, {"ids": list(batch)}),
            *((_INSERT, dict(zip(_NAMES, row(document), strict=True))) for document in batch.values()),
            (_LEARN, _values(batch.values())),
        )
        written += len(batch)
    return written


def turns(recording_ids: Iterable[UUID]) -> Asked:
    """Two writers of one recording take turns; in order, so that two batches never wait for each other. Whoever reads
    what goes into a document takes the turn before: else the second would write what it read before the first. The
    turns are fewer than the recordings: PostgreSQL keeps all locks of all transactions in one table of some thousands."""
    return _TAKE_TURNS, {"keys": sorted({one.int % TURNS for one in recording_ids})}


def copy_documents(session: Session, documents: Iterable[SearchDocument]) -> int:
    """Millions of new documents by COPY. None of their recordings may have a document yet; the documents come in
    order of arrival or nearly so (a partition is made when its first document comes)."""
    written = 0
    rest = iter(documents)
    while batch := list(islice(rest, 20_000)):
        ensure_partitions(session, {month_of(document.received_at) for document in batch})
        cursor: Any = session.connection().connection.cursor()  # psycopg's own
        with cursor, cursor.copy(f"COPY {TABLE} ({COLUMNS}) FROM STDIN") as copy:
            for document in batch:
                *front, grams = row(document)
                copy.write_row([*front, f"{{{','.join(map(str, grams))}}}"])
        session.execute(_LEARN, _values(batch))
        written += len(batch)
    return written


def remove_document(session: Session, recording_id: UUID) -> None:
    remove_documents(session, [recording_id])


def remove_documents(session: Session, recording_ids: Iterable[UUID]) -> None:
    session.execute(_REMOVE, {"ids": list(recording_ids)})


def row(document: SearchDocument) -> tuple:
    """The values of COLUMNS."""
    refs = list(_refs(document))
    texts = dict.fromkeys(folded for folded in map(fold, _texts(document)) if folded)
    keys = [(name, value) for name, _colon, value in (ref.partition(":") for ref in refs)]
    keys += facet_values(document)
    tokens = all_tokens(texts, keys)
    tokens.update(day_tokens(document.recorded_from), place_tokens(document.lat, document.lon))
    return (
        document.recording_id, document.received_at, document.squad_id, document.recorded_from,
        document.lat, document.lon, document.linked, document.state, document.media,
        list(dict.fromkeys(document.kinds)), list(dict.fromkeys(document.tags)), refs,
        "\n".join(texts), sorted(tokens),
    )  # fmt: skip


def facet_values(document: SearchDocument) -> Iterator[tuple[str, str]]:
    yield "squad", str(document.squad_id)
    yield "state", document.state
    if document.media:
        yield "media", document.media
    yield "linked", "yes" if document.linked else "no"
    yield from (("kind", kind) for kind in document.kinds)
    yield from (("tag", tag) for tag in document.tags)


def _refs(document: SearchDocument) -> dict[str, None]:
    named = {
        "case": document.cases,
        "event": document.events,
        "officer": document.officers,
        "recorder": document.recorders,
    }
    return dict.fromkeys(ref(name, value) for name, values in named.items() for value in values)


def _texts(document: SearchDocument) -> Iterator[str]:
    yield from document.texts
    for values in (document.events, document.officers, document.recorders, document.cases):
        yield from (value for value in values if isinstance(value, str))
    yield from (case_number_fold(value) + "号" for value in document.cases if isinstance(value, str))


def _values(documents: Iterable[SearchDocument]) -> dict[str, list[str]]:
    seen = sorted({value for document in documents for value in facet_values(document)})
    return {"facets": [facet for facet, _ in seen], "values": [value for _, value in seen]}
