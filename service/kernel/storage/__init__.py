"""Object storage: `get_store` gives this process's `Store`, `open_store` any other, with its two halves, `objects` and `uploads` (protocols.py)."""

from service.kernel.storage.factory import get_store, open_store
from service.kernel.storage.protocols import Store

__all__ = ["Store", "get_store", "open_store"]
