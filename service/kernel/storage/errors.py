"""What can go wrong with a store, whichever it is."""

from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class StorageError(ServiceError):
    type = "storage"
    sentence = _n("The object store answered something unexpected: {detail}")

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail=detail)


class StorageUnavailable(StorageError):
    status, type = 503, "storage-unavailable"
    sentence = _n(
        "The object store does not answer just now; what was received is kept. Try again in a minute."
    )


class StorageFull(StorageError):
    status, type = 507, "storage-full"
    sentence = _n(
        "The object store is full; what was received is kept and can be continued when there is room."
    )


class ObjectMissing(StorageError):
    status, type = 404, "object-missing"
    sentence = _n("The object store does not have these bytes.")


class BytesChanged(StorageError):
    """`block`: the first one that is not as it was received."""

    status, type = 503, "bytes-changed"
    sentence = _n(
        "The object store gave out other bytes than those that were received. They are not shown; whoever runs the service is told."
    )

    def __init__(self, block: int = 0) -> None:
        super().__init__()
        self.params, self.block = {}, block


class ObjectExists(StorageError):
    status, type = 409, "object-exists"
    sentence = _n("The object store already has something under this key, and keys are written once.")


class ObjectLocked(StorageError):
    status, type = 403, "object-locked"
    sentence = _n("The object store keeps these bytes locked and refuses to remove them.")


class InvalidRange(StorageError):
    status, type = 416, "invalid-range"
    sentence = _n("The range begins after the end of the object.")


class WriterFenced(StorageError):
    status, type = 409, "writer-fenced"
    sentence = _n("Another request has taken over this upload.")
