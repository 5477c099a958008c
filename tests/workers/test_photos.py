"""A photo from arrival to its page: kept like every recording, found, linked, and in no figure."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from schemas.coverage import Basis, EventCoverage
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.links import Link
from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.people import Officer
from schemas.recordings import Media, RecordingState, Tag
from service.finding.search.queries import SearchFilters, facets, search
from service.kernel.changes import NEW, changed
from service.kernel.database import transaction
from service.kernel.storage import get_store
from tests.fixtures.jobs import Bureau, run_all_jobs
from tests.fixtures.photos import drawn, junk

AT = datetime(2026, 11, 27, 2, 5, tzinfo=UTC)


def test_a_photo_is_kept_shown_found_and_linked_and_records_nothing(
    bureau: Bureau, photos: dict[str, Path], h264_mp4: Path
) -> None:
    squad = bureau.squad("1")
    with transaction() as session:
        officer = Officer(certificate_no="000002", name="李四", squad_id=squad)
        event = EnforcementEvent(
            title="检查", kind=EventKind.inspection, squad_id=squad, arrived_at=AT.replace(minute=0),
            departed_at=AT.replace(minute=30),
        )  # fmt: skip
        session.add_all([officer, event])
        session.flush()
        session.add(EventOfficer(event_id=event.id, officer_id=officer.id))
        changed(session, EnforcementEvent, [event.id], NEW)
    ids = {kind: bureau.receive(path, officer="000002") for kind, path in photos.items()}
    video = bureau.receive(h264_mp4)
    run_all_jobs()
    for id_ in ids.values():
        found = bureau.recording(id_)
        assert (found.state, found.media, found.reason) == (RecordingState.ready, Media.photo, None)
        assert (found.recorded_from, found.recorded_to, found.duration_s) == (AT, AT, None)
        assert found.latitude is not None and abs(found.latitude - 25.82962) < 1e-5
    assert bureau.recording(video).media is not None and bureau.recording(video).media == Media.video
    with bureau.session() as session:
        original = session.get_one(Original, bureau.recording(ids["heic"]).original_id)
        made = session.scalars(select(Rendition).where(Rendition.original_id == original.id)).all()
        assert {row.kind for row in made} == {RenditionKind.poster, RenditionKind.picture}
        assert all(get_store().objects.stat(row.store_key or "") for row in made)
        links = session.scalars(select(Link.event_id).where(Link.recording_id.in_(ids.values()))).all()
        assert links == [event.id] * 3, "what was shot inside the act is linked to it"
        row = session.get_one(EventCoverage, (event.id, Basis.counted))
        assert (row.links, row.shown, row.offered, row.in_time) == (0, 0, 0, 0)
        acts = session.scalars(
            select(CustodyEntry.action).where(CustodyEntry.subject_id == ids["heic"])
        ).all()
        assert {"receive", "verify", "lock"} <= set(acts)
        names = session.scalars(select(Tag.name).where(Tag.recording_id == ids["jpeg"])).all()
        assert {"make", "model", "location"} <= set(names) and not {"no_audio", "clock_doubt"} & set(names)
        scope = frozenset({squad})
        for media, wanted in (("photo", set(ids.values())), ("video", {video}), ("sound", set())):
            hits = search(session, scope, SearchFilters(media=(media,))).items
            assert {hit.recording_id for hit in hits} == wanted
        counted = facets(session, scope, SearchFilters())["media"]
        assert {(one.value, one.count) for one in counted} == {("photo", 3), ("video", 1)}


def test_the_thumbnail_that_a_camera_draws_beside_its_video_is_no_photo(
    bureau: Bureau, photos: dict[str, Path]
) -> None:
    id_ = bureau.receive(photos["jpeg"], name="GOPR0001.THM")
    run_all_jobs()
    assert bureau.recording(id_).state == RecordingState.refused
    photo = bureau.receive(photos["jpeg"], squad="2")
    run_all_jobs()
    assert bureau.recording(photo).state == RecordingState.ready


def test_a_picture_that_no_camera_made_is_refused_and_counts_once_it_is_a_photo(
    bureau: Bureau, tmp_path: Path, photos: dict[str, Path]
) -> None:
    id_ = bureau.receive(drawn(tmp_path / "screenshot.png"))
    run_all_jobs()
    found = bureau.recording(id_)
    assert (found.state, found.reason, found.reason_params, found.media) == (
        RecordingState.refused, "not_a_recording", {"kind": "picture"}, None,
    )  # fmt: skip
    before = bureau.receive(photos["jpeg"])
    run_all_jobs()
    with transaction() as session:  # as photos were refused before they were recordings
        original = session.get_one(Original, bureau.recording(before).original_id)
        original.quarantined, original.media_state = True, MediaState.refused
        original.media, original.playable_at = {"probe": {"streams": []}}, None
    bureau.receive(photos["jpeg"], squad="2")
    run_all_jobs()
    found = bureau.recording(before)
    assert (found.state, found.media) == (RecordingState.ready, Media.photo)


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("png", RecordingState.partial, "photo_damaged"),
        ("heic", RecordingState.unplayable, "photo_undecodable"),
    ],
)
def test_a_damaged_photo_is_kept_and_says_what_is_left_of_it(
    bureau: Bureau, tmp_path: Path, photos: dict[str, Path], kind: str, state: RecordingState, reason: str
) -> None:
    id_ = bureau.receive(junk(photos[kind], tmp_path))
    run_all_jobs()
    found = bureau.recording(id_)
    assert (found.state, found.reason, found.media) == (state, reason, Media.photo)
    assert found.recorded_from == AT
