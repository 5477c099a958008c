"""What the upload page and "my uploads" show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.finding.search.cards import RecordingCard
from service.footage.uploads.left_out import PATTERNS
from service.web.frame.views import Option


@dataclass(slots=True)
class UploadPage:
    endpoint: str = "/api/v1/uploads"
    events: list[Option] = field(default_factory=list)  # the member's own recent events
    max_size: int | None = None
    unfinished: list["UnfinishedUpload"] = field(default_factory=list)  # of this person, any device
    squads: list[Option] = field(default_factory=list)  # to choose from, of who belongs to none
    may_archive: bool = False
    left_out: dict[str, str] = field(default_factory=lambda: dict(PATTERNS))

    @property
    def known(self) -> list[dict[str, Any]]:
        """What the page needs to go on with them, and to know which of them it has finished."""
        return [
            {
                "id": one.id,
                "filename": one.filename,
                "size": one.size,
                "sha256": one.sha256,
                "said": one.said,
                "resumable": one.resumable,
            }
            for one in self.unfinished
        ]


@dataclass(slots=True)
class UnfinishedUpload:
    """Bytes that have begun to arrive and have not all come. Forget posts to /my-uploads/unfinished/{id}/forget.

    `sha256`, `said`: as declared when it began. `resumable`: by the upload page, which goes on with no dock's."""

    id: str
    filename: str
    size: int | None
    offset: int
    device: str
    since: datetime
    expires: datetime | None = None
    sha256: str | None = None
    said: dict[str, str] = field(default_factory=dict)
    resumable: bool = False


@dataclass(slots=True)
class MyUploads:
    unfinished: list[UnfinishedUpload]
    items: list[RecordingCard]
    events: list[Option]
    next: str | None = None
