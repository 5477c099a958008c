"""What the upload page and "my uploads" show."""

from dataclasses import dataclass, field
from datetime import datetime

from service.finding.search.cards import RecordingCard
from service.web.frame.views import Option


@dataclass(slots=True)
class UploadPage:
    endpoint: str = "/api/v1/uploads"
    events: list[Option] = field(default_factory=list)  # the member's own recent events
    max_size: int | None = None
    unfinished: list["UnfinishedUpload"] = field(default_factory=list)  # of this person, any device


@dataclass(slots=True)
class UnfinishedUpload:
    """Bytes that have begun to arrive and have not all come. Forget posts to /my-uploads/unfinished/{id}/forget."""

    id: str
    filename: str
    size: int | None
    offset: int
    device: str
    since: datetime
    expires: datetime | None = None


@dataclass(slots=True)
class MyUploads:
    unfinished: list[UnfinishedUpload]
    items: list[RecordingCard]
    events: list[Option]
    next: str | None = None
