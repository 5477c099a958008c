"""What lies on a card beside recordings and is not sent: what a computer wrote there, and what the camera made of a
recording that is sent itself. Pure; the upload page reads the same patterns.

Whatever is not surely one of these is sent: a file too many is kept apart by the service, one too few is lost.
"""

import enum
import re
from collections.abc import Collection
from pathlib import PurePath

from service.kernel.i18n import noop as _n


class Why(enum.StrEnum):
    system = "system"
    made_beside = "made_beside"
    small_picture = "small_picture"
    catalogue = "catalogue"
    hidden = "hidden"
    link = "link"
    special = "special"


SAY = {
    Why.system: _n("no camera made it"),
    Why.made_beside: _n("a small copy of the recording beside it"),
    Why.small_picture: _n("the camera's small picture of a recording"),
    Why.catalogue: _n("the camera's own index, without pictures or sound"),
    Why.hidden: _n("hidden"),
    Why.link: _n("a link"),
    Why.special: _n("no file"),
}

# Whole names, in whatever case; written so that JavaScript reads them as Python does.
FOLDERS = (
    r"system volume information|\$recycle\.bin|recycler|recycled|found\.\d{3}|lost\.dir|lost\+found|__macosx"
    r"|\.trashes|\.trash-.+|\.spotlight-v100|\.fseventsd|\.temporaryitems|\.documentrevisions-v100"
    r"|@eadir|#recycle|\.@__thumb"
)
FILES = (
    r"thumbs\.db(:encryptable)?|ehthumbs(_vista)?\.db|desktop\.ini|autorun\.inf|folder\.htt"
    r"|wpsettings\.dat|indexervolumeguid|\.ds_store|\._.*|\.volumeicon\.icns|\.apdisk|\.metadata_never_index|icon\r"
)
# AVCHD's lists of clips, Canon's catalogue, print orders, what GoPro keeps for itself.
INDEXES = r".+\.(bdm|cpi|mpl|tdt|tid|ctg|mrk|sav)"
COPIES = r".+\.(thm|lrv|lrf|glv)"
VIDEOS = r".+\.(mp4|mov|m4v|avi|ts|mts|m2ts|mkv|3gp|mpg|mpeg|360|insv)"
PICTURES = r".+\.thm"  # also without its recording, which may have been erased; the other copies could be all there is
PATTERNS = {
    "folders": FOLDERS, "files": FILES, "indexes": INDEXES, "copies": COPIES, "videos": VIDEOS, "pictures": PICTURES,
}  # fmt: skip
_FOLDERS, _FILES, _INDEXES, _COPIES, _VIDEOS, _PICTURES = (
    re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in PATTERNS.values()
)
# GoPro's small copy of GX010001.MP4 is GL010001.LRV.
_GOPRO = re.compile(r"g[a-z](\d{6})")


def folder_left_out(name: str) -> Why | None:
    if _FOLDERS.fullmatch(name):
        return Why.system
    return Why.hidden if name.startswith(".") else None


def file_left_out(name: str, beside: Collection[str]) -> Why | None:
    """`beside`: the names of the files in its folder, and of those that were erased from it and belong to this one."""
    if _FILES.fullmatch(name):
        return Why.system
    if name.startswith("."):
        return Why.hidden
    if _INDEXES.fullmatch(name):
        return Why.catalogue
    if _COPIES.fullmatch(name):
        stem = _stem(name)
        if any(_VIDEOS.fullmatch(one) and _stem(one) == stem for one in beside):
            return Why.made_beside
    return Why.small_picture if _PICTURES.fullmatch(name) else None


def _stem(name: str) -> str:
    stem = PurePath(name).stem.casefold()
    return _GOPRO.sub(r"g\1", stem) if _GOPRO.fullmatch(stem) else stem
