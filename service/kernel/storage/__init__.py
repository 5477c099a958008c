"""Object storage: `open_store` gives a `Store` with its two halves, `objects` and `uploads` (protocols.py)."""

from service.kernel.storage.factory import open_store
from service.kernel.storage.protocols import Store

__all__ = ["Store", "open_store"]
