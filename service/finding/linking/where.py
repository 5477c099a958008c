"""Where it was filmed, against where the event was: the term of place. Pure."""

from datetime import timedelta

from service.finding.linking.evidence import EventFacts, Fix, Limits, Reason, RecordingFacts
from service.finding.linking.surroundings import Span
from service.kernel.geo import distance_m

PLACE = (0.15, -0.25)  # at the site; far from it
AT_SITE = timedelta(seconds=60)  # they are there a moment before and after
MOSTLY = 0.6  # of a file, for a position that has no moment


def place_reasons(
    recording: RecordingFacts, event: EventFacts, part: Span | None, limits: Limits
) -> list[Reason]:
    """Within the radius that both positions deserve it speaks for the event, beyond `far_m` against it."""
    if event.latitude is None or event.longitude is None:
        return []
    beside = not recording.track
    track = recording.track or _track_beside(recording)
    if not track or (beside and part is None):
        return []
    there = _then(track, recording, part)
    if not there:
        return []
    metres = min(distance_m(fix.latitude, fix.longitude, event.latitude, event.longitude) for fix in there)
    near, far = PLACE
    if metres <= limits.near_m:
        weight = near
    elif metres >= limits.far_m:
        weight = far
    else:
        weight = near + (far - near) * (metres - limits.near_m) / (limits.far_m - limits.near_m)
    params = {"distance_m": round(metres), "radius_m": round(limits.near_m)}
    return [Reason("place_beside" if beside else "place", params, weight)]


def _then(track: tuple[Fix, ...], recording: RecordingFacts, part: Span | None) -> tuple[Fix, ...]:
    """A position is evidence for its moment: of a file that shows two events it says nothing of the other one. Where
    the moment is not known it counts for what most of the file shows."""
    if part is None or recording.start is None or recording.end is None:
        return track
    since, until = part[0] - AT_SITE, part[1] + AT_SITE
    whole = (recording.end - recording.start).total_seconds()
    mostly = not whole or (part[1] - part[0]).total_seconds() / whole >= MOSTLY
    return tuple(fix for fix in track if (mostly if fix.at is None else since <= fix.at <= until))


def _track_beside(recording: RecordingFacts) -> tuple[Fix, ...]:
    """The position of the nearest file of the same act that has one."""
    if recording.start is None or recording.end is None:
        return ()
    placed = [piece for piece in recording.run if piece.track]
    if not placed:
        return ()
    start, end = recording.start, recording.end
    nearest = min(placed, key=lambda piece: (max(piece.start - end, start - piece.end), piece.id))
    return nearest.track
