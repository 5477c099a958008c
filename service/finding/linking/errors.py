from service.kernel.errors import Conflict, ServiceError
from service.kernel.i18n import noop as _n


class NothingToUndo(Conflict):
    type = "nothing-to-undo"
    sentence = _n("No person has decided about this link, so there is nothing to undo.")


class NoTime(ServiceError):
    status, type = 409, "no-time"
    sentence = _n("The time of this recording is not known: give the event's arrival.")


class EventCancelled(ServiceError):
    status, type = 409, "event-cancelled"
    sentence = _n("This event was cancelled.")


class PartUnclear(ServiceError):
    status, type = 400, "part-unclear"
    sentence = _n("A part has a beginning and a later end, both within the recording.")


class NotMerged(Conflict):
    type = "event-not-merged"
    sentence = _n("This event is not merged into another one.")


class MergeWithItself(Conflict):
    type = "merge-with-itself"
    sentence = _n("An event cannot be merged into itself.")


class MergeIntoCancelled(Conflict):
    type = "merge-into-cancelled"
    sentence = _n("The other event was cancelled: restore it first, or merge the other way round.")


class MergeFarApart(Conflict):
    type = "merge-far-apart"
    sentence = _n("These events lie more than a day apart: that is not one act entered twice.")


class MergeAcrossSquads(Conflict):
    type = "merge-across-squads"
    sentence = _n("Events of two squads are not merged: each squad answers for its own.")


class NotMadeFromRecording(Conflict):
    type = "not-made-from-a-recording"
    sentence = _n(
        "This event was not made from a recording, or others rely on it by now: cancel it with a reason."
    )
