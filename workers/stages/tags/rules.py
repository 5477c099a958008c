"""From what was measured and claimed to tags, times and place. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from schemas.claims import Claims
from schemas.recordings import Tag, TagSource
from service.footage import tags as known
from service.registry.conventions.rules import Conventions
from workers.media import iso6709
from workers.media.clock import Claim, Clock, Convention, Stamp
from workers.media.gpmf import Track
from workers.media.probe import Probe
from workers.media.verdict import Verdict

CLAIM_SOURCES = {
    "declared": (TagSource.declared, 1.0),
    "sidecar": (TagSource.sidecar, 0.95),
    "file_name": (TagSource.file_name, 0.9),
    "guess": (TagSource.file_name, 0.3),
}
TRACK_POINTS_MAX = 2000


@dataclass(frozen=True)
class Claimed:
    """One claim as said, where, and whether it names something that is known here."""

    name: str
    value: str
    source: str
    known: bool


@dataclass(frozen=True)
class Where:
    latitude: float | None = None
    longitude: float | None = None
    track: tuple[tuple[float, float, float], ...] = ()


def convention_of(conventions: Conventions | None, timezone: str) -> Convention:
    """How the recorder's model writes its clock; the usual where the model is not known."""
    if conventions is None:
        return Convention(timezone=timezone)
    zone = conventions.clock_zone or ""
    return Convention(
        zone=conventions.container_clock,
        stamp=conventions.stamp,
        timezone=timezone if zone.lower() in ("", "utc") else zone,
    )


def in_its_zone(wall_clock: str, conventions: Conventions | None) -> str:
    """What a recorder showed, where its model is known to show UTC; else it is the bureau's zone."""
    in_utc = conventions is not None and (conventions.clock_zone or "").lower() == "utc"
    return wall_clock + ("+00:00" if in_utc else "")


def time_claims(
    probe: Probe, track: Track, said: Claims, conventions: Conventions | None = None
) -> list[Claim]:
    """Every time that anything claims. `said`: a recording's claims; `conventions`: of its recorder's model."""
    found = []
    stamps: tuple[Stamp, ...] = get_args(Stamp)
    if track.started_at is not None:
        found.append(Claim(source="gps", at=track.started_at.isoformat(), stamp="start"))
    if said.get("recorded_at"):
        found.append(Claim(source="declared", at=str(said["recorded_at"])[:60], lead_s=probe.lead_s))
    named = said.get("file_name")
    word_of_name = "filename:guessed" if named and named.get("guessed") else "filename"
    for word, facts in (("sidecar", said.get("sidecar")), (word_of_name, named)):
        stamp = next((stamp for stamp in stamps if facts and facts.get(stamp)), None)
        if facts and stamp:
            found.append(Claim(source=word, at=str(facts[stamp]), stamp=stamp, lead_s=probe.lead_s))
    for one in probe.times:
        if one.wall:
            found.append(Claim(source=one.source, at=in_its_zone(one.at, conventions), stamp="start"))
        else:
            found.append(Claim(source=one.source, at=one.at, lead_s=probe.lead_s))
    return found


def place(probe: Probe, track: Track) -> Where:
    """The satellites' track where there is one, thinned evenly; else the point that the container names."""
    points = track.points
    if points:
        step = max(1, -(-len(points) // TRACK_POINTS_MAX))
        best = track.middle or points[0]
        rows = tuple((p.lat, p.lon, p.t_s) for p in points[::step])
        return Where(best.lat, best.lon, rows)
    if probe.location is not None:
        return Where(probe.location.lat, probe.location.lon)
    return Where()


def contradictions(recording_id: UUID, claims: Claims) -> list[Tag]:
    """What a later arrival of the bytes says otherwise."""
    return [
        known.SAID_OTHERWISE.row(
            recording_id, f"{one['name']} {one['value']}", source=CLAIM_SOURCES[one["source"]][0]
        )
        for one in claims.get("also", ())
        if not one["filled"]
    ]


def tags(
    recording_id: UUID,
    probe: Probe,
    verdict: Verdict,
    measured: Mapping[str, Any],
    judged: Clock,
    where: Where,
    claimed: list[Claimed],
    *,
    clock_restarted: bool = False,
) -> list[Tag]:
    """The whole machine-made set."""
    made = []
    for tag, value in ((known.MAKE, probe.make), (known.MODEL, probe.model)):
        if value:
            made.append(tag.row(recording_id, value))
    if where.latitude is not None and where.longitude is not None:
        source = TagSource.gps if where.track else TagSource.container
        made.append(
            known.LOCATION.row(recording_id, iso6709.text(where.latitude, where.longitude), source=source)
        )
    if where.track:
        made.append(known.GPS_TRACK.row(recording_id))
    for tag in known.TAGS.values():
        for start, end in (measured.get(tag.name) or ()) if tag.measured else ():
            made.append(tag.row(recording_id, start_s=start, end_s=end))
    if probe.of_kind("video") and not probe.of_kind("audio"):
        made.append(known.NO_AUDIO.row(recording_id))
    for remark in verdict.remarks:
        if remark.code == "variable_rate":
            made.append(known.VARIABLE_RATE.row(recording_id))
        if remark.code == "movie_behind_photo":
            made.append(known.MOVIE_BEHIND.row(recording_id))
        if remark.code == "movies_joined":
            made.append(known.MOVIES_JOINED.row(recording_id, str(remark.params["movies"])))
        if remark.code == "rate_assumed":
            made.append(known.RATE_ASSUMED.row(recording_id, f"{remark.params['fps']:g} fps"))
        if remark.code == "duration_claim_differs":
            made.append(known.DURATION_CLAIM.row(recording_id, f"{remark.params['claimed']} s"))
    if clock_restarted:
        made.append(known.CLOCK_RESTARTED.row(recording_id))
    if set(judged.doubts) - {"no_claim"}:
        made.append(known.CLOCK_DOUBT.row(recording_id))
    for claim in claimed:
        source, confidence = CLAIM_SOURCES[claim.source]
        name = claim.name if claim.known else f"unknown_{claim.name}"
        if claim.known and claim.source == "guess" and claim.name != "recorder":
            name = f"possible_{claim.name}"
        made.append(known.TAGS[name].row(recording_id, claim.value, source=source, confidence=confidence))
    return made
