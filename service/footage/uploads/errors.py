from service.kernel.errors import Conflict, NotAllowed, ServiceError
from service.kernel.i18n import noop as _n


class WrongTusVersion(ServiceError):
    status, type = 412, "tus-version"
    sentence = _n("This service speaks tus 1.0.0: send the header Tus-Resumable.")


class OffsetConflict(Conflict):
    type = "offset-conflict"
    sentence = _n("The upload stands at byte {offset}: ask for its offset and go on from there.")


class UploadGone(ServiceError):
    status, type = 410, "upload-gone"
    sentence = _n("This upload has ended: it expired, was given up, or was forgotten after it was finished.")


class UploadBusy(ServiceError):
    status, type = 423, "upload-busy"
    sentence = _n("Another connection is still writing to this upload; try again in a moment.")


class UploadTakenOver(UploadBusy):
    type = "upload-taken-over"
    sentence = _n("Another connection has taken over this upload.")


class TooLarge(ServiceError):
    status, type = 413, "too-large"
    sentence = _n("A recording may have at most {limit} bytes.")


class BodyTooLong(ServiceError):
    status, type = 413, "body-too-long"
    sentence = _n("The body is longer than what the upload has room for: {room} bytes.")


class QuotaUsedUp(ServiceError):
    status, type = 507, "quota-used-up"
    sentence = _n("The squad's storage is used up; what was received is kept and can be continued later.")


class TooManyOpen(ServiceError):
    status, type = 429, "too-many-open"
    sentence = _n(
        "{whose} has as many unfinished uploads as it may have at once ({most}): "
        "go on with them, give some up, or try again later."
    )


class TooMuchOpen(ServiceError):
    status, type = 429, "too-much-open"
    sentence = _n(
        "With this one the unfinished uploads of {whose} would take more than they may at once ({most} bytes): "
        "go on with them, give some up, or try again later."
    )


class ChecksumMismatch(ServiceError):
    status, type = 460, "checksum-mismatch"
    sentence = _n("The bytes arrived changed (their checksum differs): send them again from the same offset.")


class FinalUploadIsFixed(NotAllowed):
    type = "final-upload"
    sentence = _n("An upload made by concatenation takes no further bytes.")


class ArchiveNotAllowed(NotAllowed):
    type = "archive-not-allowed"
    sentence = _n("An old archive is brought by an account that may import.")


class BodyCutOff(ServiceError):
    """The client is gone, so nobody reads this; the log and tests do."""

    status, type = 400, "body-cut-off"
    sentence = _n("The connection ended before the whole file had arrived.")


class SidecarUnreadable(ServiceError):
    status, type = 400, "sidecar-unreadable"
    sentence = _n("No file name with facts about it was found in this sidecar file.")
