"""Where a recording really has samples, as its page says it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from schemas.originals import WATCHABLE, Original
from schemas.recordings import Recording
from service.footage.recordings.queries import counted_though_sparse
from service.footage.recordings.words import far_apart
from service.footage.stretches import Footage
from service.kernel.i18n import gettext as _
from service.registry.clocks.words import length
from service.web.frame.drawing import axis
from service.web.recordings import views

SHOWN_LINES = 20


def footage_view(
    session: Session, recording: Recording, original: Original | None, footage: Footage
) -> views.Footage:
    notes = _notes(session, recording, original, footage)
    return drawn(footage, recording.recorded_from, recording.recorded_to, notes)


def drawn(
    footage: Footage, begun: datetime | None, ended: datetime | None, notes: Sequence[str] = ()
) -> views.Footage:
    made = views.Footage(notes=list(notes))
    if len(footage.stretches) == 1 and footage.measured and footage.stretches[0][0] > 0:
        made.stretches = list(footage.stretches)  # a rendition begins where it begins
    if len(footage.stretches) < 2:
        return made
    lines = sorted(
        [(start, end, False) for start, end in footage.stretches]
        + [(start, end, True) for start, end in footage.holes]
    )
    made.stretches = list(footage.stretches)
    made.recorded = length(footage.recorded_s)
    made.more = max(0, len(lines) - SHOWN_LINES)
    made.lines = [
        views.ShownLine(
            from_s=start,
            to_s=end,
            length=length(end - start),
            start=begun + timedelta(seconds=start) if begun else None,
            end=begun + timedelta(seconds=end) if begun else None,
            hole=hole,
        )
        for start, end, hole in lines[:SHOWN_LINES]
    ]
    made.axis = axis([moment for stretch in footage.shown(begun, ended) for moment in stretch])
    return made


def _notes(session: Session, recording: Recording, original: Original | None, footage: Footage) -> list[str]:
    found = []
    if original is not None and not footage.measured and original.media_state in WATCHABLE:
        found.append(
            _("Not yet measured where it really has pictures and sound: until then its whole length counts.")
        )
    if footage.clock_restarted:
        found.append(
            _("The clock inside the file began anew; what was recorded before and after is laid end to end.")
        )
    if footage.sparse:
        counts = counted_though_sparse(session, [recording])
        found.append(
            _("{sparse}. The recorder's model takes them so, and they count as recorded.").format(
                sparse=far_apart(original)
            )
            if counts
            else _(
                "{sparse}. They do not count as recorded: the recorder's model does not say that it takes them so."
            ).format(sparse=far_apart(original))
        )
    return found
