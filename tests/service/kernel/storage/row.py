"""The upload's row as the upload server keeps it: the truth, advanced under compare-and-set on the epoch."""

import json
from dataclasses import dataclass
from typing import Any

from service.kernel.storage.protocols import Checkpoint, Store, Stored, Writer


@dataclass
class Row:
    key: str
    state: dict[str, Any]
    offset: int = 0
    epoch: int = 0
    length: int | None = None

    @classmethod
    def create(cls, store: Store, key: str, length: int | None = None) -> "Row":
        return cls(key, store.uploads.create(key).state, length=length)

    def take_over(self, store: Store, hold: bool = False) -> "Hand":
        self.epoch += 1
        self.state = json.loads(json.dumps(store.uploads.begin(self.state, self.epoch)))
        writer = store.uploads.open(self.key, self.state, self.epoch, self.length, hold)
        assert writer.position == self.offset
        return Hand(self, self.epoch, writer)

    def save(self, epoch: int, checkpoint: Checkpoint) -> bool:
        if epoch != self.epoch:
            return False
        assert checkpoint.offset >= self.offset
        self.offset, self.state = checkpoint.offset, json.loads(json.dumps(checkpoint.state))
        return True

    def complete(self, store: Store) -> Stored:
        return store.uploads.complete(self.key, self.state)


@dataclass
class Hand:
    row: Row
    epoch: int
    writer: Writer

    def write(self, data: bytes, batch: int = 1_000_000) -> bool:
        """False once the row has refused a checkpoint."""
        for start in range(0, len(data), batch):
            checkpoint = self.writer.write(data[start : start + batch])
            if checkpoint is not None:
                if not self.row.save(self.epoch, checkpoint):
                    return False
                self.writer.saved(checkpoint)
        return True

    def close(self) -> bool:
        return self._end(self.writer.close())

    def abandon(self) -> bool:
        return self._end(self.writer.abandon())

    def _end(self, checkpoint: Checkpoint) -> bool:
        if not self.row.save(self.epoch, checkpoint):
            return False
        self.writer.saved(checkpoint)
        return True


def content(store: Store, stored: Stored) -> bytes:
    with store.objects.read(stored.key, stored.version) as stream:
        return b"".join(stream)
