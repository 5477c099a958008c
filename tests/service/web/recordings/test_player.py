"""What plays counts its seconds in its own way, and the page says in which."""

from typing import Any
from uuid import uuid4

import pytest

from schemas.originals import MediaFacts, Rendition, RenditionKind
from service.footage.stretches import Footage
from service.web.recordings.detail import _begins_s

HOLES = Footage(((0.0, 5.0), (1800.0, 1805.0)), measured=True)


def made(kind: RenditionKind, **facts: Any) -> Rendition:
    return Rendition(original_id=uuid4(), attempt=1, kind=kind, content_type="video/mp4", facts=facts)


def media(*starts: float) -> MediaFacts:
    streams = [{"index": number, "start_s": start} for number, start in enumerate(starts)]
    return {"probe": {"streams": streams}, "verdict": {"video": 0, "audio": 1}}


@pytest.mark.parametrize(
    ("source", "made_s", "laid"),
    [
        ("video", 10.0, True),
        ("video", None, True),  # still to be made
        ("video", 1805.0, False),  # of before the holes were known
        ("original", 10.0, False),
        ("video", 16.0, False),  # six seconds of sound come before the picture
        ("remux", None, False),
    ],
)
def test_only_a_rendition_leaves_the_holes_out(source: str, made_s: float | None, laid: bool) -> None:
    video = made(RenditionKind.video, duration_s=made_s) if made_s else None
    assert (_begins_s(source, video, HOLES, media(0.0, 0.0)) is None) is laid


@pytest.mark.parametrize(
    ("source", "starts", "begins"),
    [
        ("original", (5.0, 0.0), 5.0),
        ("original", (5.0, 5.0), 5.0),
        ("remux", (5.0, 5.0), 0.0),
        ("remux", (5.0, 2.0), 3.0),
        ("video", (0.0, 2.0), 0.0),
    ],
)
def test_a_picture_that_begins_later_begins_later_in_what_plays(
    source: str, starts: tuple[float, float], begins: float
) -> None:
    assert _begins_s(source, None, Footage(), media(*starts)) == begins
