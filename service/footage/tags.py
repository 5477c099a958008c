"""The tags that a recording can have. A tag that is added here is made, named, shown and searched by what stands here.

Stored is the name alone. A tag whose name is not known here (of an older version) is shown by its name.
"""

from dataclasses import dataclass
from uuid import UUID

from schemas.recordings import Tag, TagSource
from service.kernel.i18n import lazy as _
from service.kernel.words import Word


@dataclass(frozen=True)
class Group:
    """What a reader sees a tag under."""

    name: str
    word: Word


QUALITY = Group("quality", Word(_("Picture and sound"), icon="activity", tone="warn"))
PLACE = Group("place", Word(_("Place"), icon="map-pin"))
TIME = Group("time", Word(_("Time"), icon="clock"))
DEVICE = Group("device", Word(_("Device"), icon="camera"))
STEP = Group("step", Word(_("Step of the procedure"), icon="flag", tone="good"))
OTHER = Group("word", Word(_("Words"), icon="tag"))
GROUPS = {group.name: group for group in (QUALITY, PLACE, TIME, DEVICE, STEP, OTHER)}


@dataclass(frozen=True)
class KnownTag:
    """`source`, `confidence`: of those that it always has, unless the maker of a row says otherwise. `measured`: its
    stretches stand under its name in the measurements of an original. `identity`: says who, with what, for which case;
    that is shown in places of its own, so neither chips nor facets repeat it. `chip`: whether a card shows it."""

    name: str
    label: object
    group: Group = OTHER
    source: TagSource | None = None
    confidence: float = 1.0
    measured: bool = False
    identity: bool = False
    chip: bool = True

    @property
    def facet(self) -> bool:
        return not self.identity

    def row(
        self,
        recording_id: UUID,
        value: str = "",
        *,
        source: TagSource | None = None,
        confidence: float | None = None,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Tag:
        """A tag that has no source of its own is given one."""
        from_where = source or self.source
        assert from_where is not None, self.name
        return Tag(
            recording_id=recording_id,
            name=self.name,
            value=value[:500],
            source=from_where,
            confidence=self.confidence if confidence is None else confidence,
            start_s=start_s,
            end_s=end_s,
        )


def _measured(name: str, label: object, source: TagSource, confidence: float) -> KnownTag:
    return KnownTag(name, label, QUALITY, source, confidence, measured=True)


def _identity(name: str, label: object, group: Group = OTHER) -> KnownTag:
    return KnownTag(name, label, group, identity=True)


def _flag(name: str, label: object) -> KnownTag:
    return KnownTag(name, label, source=TagSource.sidecar, confidence=0.95)


MAKE = KnownTag("make", _("Make"), DEVICE, TagSource.container)
MODEL = KnownTag("model", _("Model"), DEVICE, TagSource.container)
LOCATION = KnownTag("location", _("Location"), PLACE)
GPS_TRACK = KnownTag("gps_track", _("GPS track"), PLACE, TagSource.gps)
TELEMETRY_UNREAD = KnownTag(
    "telemetry_unread", _("Satellite track not read: it asks for too much"), PLACE, TagSource.container
)
NO_AUDIO = KnownTag("no_audio", _("No sound track"), QUALITY, TagSource.container)
VARIABLE_RATE = KnownTag("variable_rate", _("Variable frame rate"), QUALITY, TagSource.container)
DURATION_CLAIM = KnownTag("duration_claim", _("Claimed duration is false"), TIME, TagSource.container)
CLOCK_RESTARTED = KnownTag(
    "clock_restarted", _("The clock inside the file began anew"), TIME, TagSource.container
)
CLOCK_DOUBT = KnownTag("clock_doubt", _("Clock in doubt"), TIME, TagSource.clock, 0.9, chip=False)
MOVIES_JOINED = KnownTag(
    "movies_joined", _("Several movies in one file, laid end to end"), OTHER, TagSource.container
)
RATE_ASSUMED = KnownTag(
    "rate_assumed",
    _("No times in the file: its length follows an assumed frame rate"),
    TIME,
    TagSource.container,
)
MOVIE_BEHIND = KnownTag(
    "movie_behind", _("Short movie behind the photo, not played"), OTHER, TagSource.container
)
SIZE_DIFFERS = KnownTag("size_differs", _("Size differs from the station's list"), QUALITY, TagSource.sidecar)
MD5_DIFFERS = KnownTag("md5_differs", _("MD5 differs from the station's list"), QUALITY, TagSource.sidecar)
SAID_OTHERWISE = KnownTag("said_otherwise", _("A later arrival says otherwise"))

TAGS = {
    tag.name: tag
    for tag in (
        MAKE,
        MODEL,
        LOCATION,
        GPS_TRACK,
        TELEMETRY_UNREAD,
        # Measured by thresholds on every look at the picture; freezing and silence are exact.
        _measured("black", _("Black picture"), TagSource.picture, 0.95),
        _measured("frozen", _("Frozen picture"), TagSource.picture, 0.9),
        _measured("dark", _("Dark"), TagSource.picture, 0.8),
        _measured("covered", _("Lens covered"), TagSource.picture, 0.7),
        _measured("silent", _("No sound"), TagSource.sound, 0.95),
        NO_AUDIO,
        VARIABLE_RATE,
        DURATION_CLAIM,
        CLOCK_RESTARTED,
        CLOCK_DOUBT,
        MOVIES_JOINED,
        RATE_ASSUMED,
        MOVIE_BEHIND,
        _identity("recorder", _("Recorder"), DEVICE),
        _identity("officer", _("Officer")),
        _identity("case", _("Case")),
        _identity("event", _("Event")),
        # what a file's name may say, which no model of its recorder reads
        _identity("possible_officer", _("Officer by the name's look")),
        _identity("possible_case", _("Case by the name's look")),
        _identity("possible_event", _("Event by the name's look")),
        _identity("unknown_recorder", _("Unknown recorder"), DEVICE),
        _identity("unknown_officer", _("Unknown officer")),
        _identity("unknown_event", _("Unknown event")),
        _identity("unknown_case", _("Unknown case")),
        # what a station's list or sidecar says of a file (service.registry.conventions.rules.FLAGS)
        _flag("flag_event", _("Marked as an event")),
        _flag("flag_locked", _("Locked on the device")),
        _flag("flag_card", _("With a card number")),
        _flag("flag_tagged", _("Tagged on the device")),
        _flag("flag_restricted", _("Restricted on the device")),
        SIZE_DIFFERS,
        MD5_DIFFERS,
        SAID_OTHERWISE,
        # of earlier versions
        KnownTag("time", _("Time"), TIME),
        KnownTag("flag", _("Mark")),
    )
}
NO_FACETS = frozenset(tag.name for tag in TAGS.values() if not tag.facet)
NO_CHIPS = frozenset(tag.name for tag in TAGS.values() if tag.identity or not tag.chip)
SOURCES = {
    TagSource.container: _("camera metadata"),
    TagSource.picture: _("measured in the picture"),
    TagSource.sound: _("measured in the sound"),
    TagSource.gps: _("GPS track"),
    TagSource.clock: _("comparison of clocks"),
    TagSource.file_name: _("file name"),
    TagSource.sidecar: _("sidecar file"),
    TagSource.declared: _("declared on upload"),
    TagSource.person: _("a person"),
}


def tag_name(name: str) -> str:
    known = TAGS.get(name)
    return str(known.label) if known else name


def tag_label(tag: Tag) -> str:
    return f"{tag_name(tag.name)} {tag.value}".strip()


def tag_group(tag: Tag) -> str:
    known = TAGS.get(tag.name)
    return (known.group if known else OTHER).name


def tag_source(tag: Tag) -> str:
    return str(SOURCES[TagSource(tag.source)])
