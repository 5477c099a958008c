"""Which objects a backup names and what a store has of them, while it is brought back."""

import sqlite3
from collections.abc import Iterator

from service.preservation.backups.manifest import Named


class Objects:
    """The objects of a backup and what the store has of them: in a file of its own, there may be millions."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute(
            "CREATE TABLE named (key TEXT PRIMARY KEY, sha256 TEXT, size INTEGER, kind TEXT, lacks TEXT,"
            " before TEXT, version TEXT) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE unknown (key TEXT)")

    def name(self, one: Named) -> None:
        self._db.execute(
            "INSERT INTO named VALUES (?, ?, ?, ?, ?, ?, NULL)",
            (one.key, one.sha256, one.size, one.of, one.lacks, one.version),
        )

    def is_there(self, key: str, version: str) -> None:
        self._db.execute("UPDATE named SET version = ? WHERE key = ?", (version, key))

    def is_unknown(self, key: str) -> None:
        self._db.execute("INSERT INTO unknown VALUES (?)", (key,))

    def knows(self, key: str) -> bool:
        return self._db.execute("SELECT 1 FROM named WHERE key = ?", (key,)).fetchone() is not None

    def absent(self) -> Iterator[tuple[str, int]]:
        yield from self._db.execute(
            "SELECT key, size FROM named WHERE version IS NULL AND lacks IS NULL ORDER BY key"
        )

    def to_put(self) -> Iterator[tuple[str, str, int]]:
        yield from self._db.execute(
            "SELECT key, sha256, size FROM named WHERE version IS NULL AND lacks IS NULL ORDER BY key"
        )

    def versions(self) -> Iterator[tuple[str, str | None, str]]:
        """(key, the version that the rows name, the one that it has here), where they differ."""
        yield from self._db.execute(
            "SELECT key, before, version FROM named WHERE version IS NOT NULL AND version IS NOT before"
        )

    def lost_renditions(self) -> Iterator[str]:
        for (key,) in self._db.execute(
            "SELECT key FROM named WHERE kind = 'rendition' AND lacks IS NOT NULL"
        ):
            yield key

    def unknown(self) -> Iterator[str]:
        for (key,) in self._db.execute("SELECT key FROM unknown"):
            yield key

    def close(self) -> None:
        self._db.close()
