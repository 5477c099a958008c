"""Whether a recording is a video, sound alone or a photo."""

from schemas.originals import MediaFacts
from schemas.recordings import Media
from service.kernel.i18n import lazy as _
from service.kernel.words import Word

MEDIA: dict[str, Word] = {
    Media.video: Word(_("Video"), icon="video"),
    Media.sound: Word(_("Sound"), icon="audio-lines"),
    Media.photo: Word(_("Photo"), icon="image"),
}
PHOTO_ENDINGS = (
    ".jpg", ".jpeg", ".heic", ".heif", ".hif", ".png", ".webp", ".avif", ".tif", ".tiff", ".jxl",
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw", ".gpr",
)  # fmt: skip


def media_of(facts: MediaFacts) -> Media | None:
    """By what was measured."""
    streams = (facts.get("probe") or {}).get("streams", [])
    kinds = {stream.get("kind") for stream in streams if not stream.get("cover_art")}
    found = {"photo": Media.photo, "video": Media.video, "audio": Media.sound}
    return next((media for kind, media in found.items() if kind in kinds), None)


def media_by_name(file_name: str) -> Media | None:
    """What a file will be that nobody has looked at: a photo on a station's list is awaited by no figure."""
    return Media.photo if file_name.lower().endswith(PHOTO_ENDINGS) else None
