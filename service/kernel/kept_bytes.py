"""Stored bytes as they were received, or none: the one way to read an object whose row says what it is.

The sums of its blocks stand in the database, beside the row that names it. What the store gives otherwise is noted as
damage, whoever found it, and raised as BytesChanged; the duty `look-at-damage` follows it up.
"""

import logging
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from schemas.base import new_id
from schemas.kept_bytes import BlockSums, Damage, DamageKind
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.storage import get_store
from service.kernel.storage.blocks import SUM_BYTES, ProvenStream, Sums, blocks_of
from service.kernel.storage.errors import BytesChanged, InvalidRange, ObjectMissing, StorageUnavailable
from service.kernel.storage.protocols import ByteStream, Stored

log = logging.getLogger(__name__)

READINGS = 6


def keep_sums(session: Session, key: str, sums: Sums) -> None:
    values = {"size": sums.size, "sums": sums.blocks()}
    session.execute(
        insert(BlockSums)
        .values(store_key=key, **values)
        .on_conflict_do_update(index_elements=["store_key"], set_=values)
    )


def forget_sums(session: Session, keys: Iterable[str]) -> None:
    session.execute(
        delete(BlockSums)
        .where(BlockSums.store_key.in_(list(keys)))
        .execution_options(synchronize_session=False)
    )


def sums_of(key: str, size: int, start: int, length: int) -> bytes | None:
    """Of the blocks in which the range lies; None where nobody has walked over these bytes since sums are kept."""
    blocks = blocks_of(start, length)
    asked = func.substring(BlockSums.sums, blocks.start * SUM_BYTES + 1, len(blocks) * SUM_BYTES)
    with transaction() as session:
        return session.scalar(select(asked).where(BlockSums.store_key == key, BlockSums.size == size))


def read_proven(
    key: str, version: str | None, size: int, start: int = 0, length: int | None = None
) -> ByteStream:
    """`length` bytes from `start` of the object that has `size`. Without sums only its length is proven."""
    length = size - start if length is None else length
    objects = get_store().objects
    sums = sums_of(key, size, start, length)
    try:
        if sums is not None:
            return ProvenStream(
                lambda begin, count: objects.read(key, version, begin, count),
                size,
                sums,
                start,
                length,
                lambda block: note_damage(key, version, size, DamageKind.changed, block),
            )
        try:
            stream = objects.read(key, version, start, length)
        except InvalidRange:
            stream = None
        if stream is None or stream.length != length:
            note_damage(key, version, size, DamageKind.changed)
            raise BytesChanged
        return stream
    except ObjectMissing:
        note_damage(key, version, size, DamageKind.missing)
        raise


def read_surely(stored: Stored) -> bytes:
    """Something small of which nobody knows the fingerprint: two readings agree."""
    before: bytes | None = None
    for _ in range(READINGS):
        with get_store().objects.read(stored.key, stored.version) as stream:
            found = b"".join(stream)
        if found == before:
            return found
        before = found
    raise StorageUnavailable("no two readings agree")


def note_damage(key: str, version: str | None, size: int, kind: DamageKind, block: int = 0) -> None:
    """Once an object, however often it is met. That it cannot be written down keeps nothing from being refused."""
    log.error("the store does not give the bytes of %s (%s, block %s)", key, kind.value, block)
    try:
        with transaction() as session:
            session.execute(
                insert(Damage)
                .values(
                    id=new_id(), store_key=key, store_version=version, size=size, kind=kind.value, block=block,
                    found_at=now(), looked_at=now(),
                )
                .on_conflict_do_update(
                    index_elements=["store_key"], index_where=Damage.mended_at.is_(None), set_={"block": block}
                )
            )  # fmt: skip
    except DBAPIError as error:
        log.warning("not written: %s", error)


def is_whole(key: str, version: str | None, size: int, sha256: str) -> bool:
    """Reads all of it. False: the store does not have these bytes, or gives others."""
    sums = Sums()
    try:
        with read_proven(key, version, size) as stream:
            for chunk in stream:
                sums.update(chunk)
    except (ObjectMissing, BytesChanged):
        return False
    if sums.size != size or sums.hexdigest() != sha256:
        note_damage(key, version, size, DamageKind.changed)
        return False
    return True
