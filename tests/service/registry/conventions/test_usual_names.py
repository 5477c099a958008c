"""Names as phones, dashcams and messengers give them: a time, and nobody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recorders import Recorder, RecorderModel
from service.registry.conventions.queries import facts_in_name
from service.registry.conventions.rules import Conventions, Facts, usual_time
from service.registry.conventions.usual_names import times_in_name
from tests.service.finding.linking.field import Field

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 27, 2, 5, tzinfo=UTC)
NAMES = (
    "VID_20261127_100500.mp4",
    "VID20261127100500.mp4",
    "IMG_20261127_100500.jpg",
    "IMG20261127100500.heic",
    "MVIMG_20261127_100500.jpg",
    "20261127_100500.mp4",
    "20261127_100500(0).mp4",
    "PXL_20261127_020500000.mp4",
    "PXL_20261127_020500000.TS.mp4",
    "20261127100500_000002.MP4",
    "20261127100500_0180.mp4",
    "2026_1127_100500_001.MP4",
    "2026_1127_100500_0001F.MP4",
    "REC_20261127_100500.MP4",
    "REC20261127-100500.mp4",
    "REC_2026_11_27_10_05_00_F.MP4",
    "NO20261127-100500-000001F.mp4",
    "EV20261127-100500-000001B.MP4",
    "20261127_100500_NF.mp4",
    "2026-11-27_10-05-00-front.mp4",
    "2026_11_27_100500_00.MP4",
    "DJI_20261127100500_0001_D.MP4",
    "Screenrecorder-2026-11-27-10-05-00-000.mp4",
    "Screen_Recording_20261127_100500_WeChat.mp4",
    "ScreenRecording_11-27-2026 10-05-00_1.MP4",
    "Screen Recording 2026-11-27 at 10.05.00.mov",
    "2026-11-27 10.05.00.mp4",
    "mmexport1795745100000.mp4",
    "wx_camera_1795745100000.mp4",
    "1795745100000.mp4",
    "微信视频20261127100500.mp4",
    "微信视频_2026-11-27_100500_123.mp4",
    "2026年11月27日10时05分00秒.mp4",
    "192.168.1.64_01_20261127100500000.mp4",
    "DSC000123_000002_20261127100500.mp4",
    "DCIM/100MEDIA/VID_20261127_100500.mp4",
    "D:\\DCIM\\VID_20261127_100500.mp4",
    # with a zone
    "20261127T020500Z.mp4",
    "20261127T020500.000Z.mp4",
    "2026-11-27T02-05-00Z.mp4",
    "20261127_020500_UTC.mp4",
    "2026-11-27 02-05-00 GMT.mp4",
    "20261127T100500+0800.mp4",
    "20261127_100500_GMT+8.mp4",
    "2026-11-27T11-35-00+09-30.mp4",
    # with half of the day
    "Screen Recording 2026-11-27 at 10.05.00 AM.mov",
    "Screen Recording 2026-11-27 at 10.05.00\u202fAM.mov",
    "屏幕录制 2026-11-27 上午10.05.00.mov",
    "2026年11月27日上午10时05分.mp4",
    # a serial number that could be seconds since 1970
    "1600000123_000002_20261127100500.mp4",
    "1600000123_20261127100500_0001.mp4",
    "1234567_000002_20261127100500_0001.MP4",
    # counted since 1970, and which of several
    "1795745100_1.mp4",
    "1795745100 (1).mp4",
    "video_1795745100000.mp4",
    "FB_VID_1795745100000.mp4",
    # other ways to part the same
    "2026-11-27-10h05m00s.mp4",
    "20261127-10.05.00.mp4",
    "执法记录仪_20261127_10时05分00秒.mp4",
    "2026年11月27日 10点05分.m4a",
)
AFTERNOON = (
    "Screen Recording 2026-11-27 at 10.05.00 PM.mov",
    "WhatsApp Video 2026-11-27 at 10.05.00 PM.mp4",
    "Screen Recording 2026-11-27 at 10.05.00\u202fPM.mov",
    "屏幕录制 2026-11-27 下午10.05.00.mov",
    "2026年11月27日晚上10时05分.mp4",
)
NO_TIME = (
    "GH010123.MP4",
    "DJI_0001.MP4",
    "IMG_0001.MOV",
    "VID-20261127-WA0001.mp4",  # of WhatsApp: the day of sending
    "MOVI0001.avi",
    "20261127.mp4",
    "VID_20261332_100500.mp4",
    "VID_20261127_256100.mp4",
    "2026112710050012.mp4",
    "13800138000.mp4",
    "1600000123_000002.mp4",  # a recorder's number and an officer's
    "1600000123_20261127.mp4",
    "VID_20261127_1005.mp4",
    "队员 012.mp4",
    "",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_time_of_a_usual_name_is_read_and_nobody_is_named(name: str) -> None:
    assert usual_time(name, Conventions(), SHANGHAI) == Facts(start=AT, guessed=True)


@pytest.mark.parametrize("name", AFTERNOON)
def test_the_afternoon_in_a_name_is_the_afternoon(name: str) -> None:
    assert usual_time(name, Conventions(), SHANGHAI) == Facts(start=AT + timedelta(hours=12), guessed=True)


def test_a_number_behind_a_time_is_no_zone() -> None:
    for name in (
        "20261127_100500-0800.mp4",
        "20261127_100500+1.mp4",
        "20261127_100500_Z.mp4",
        "20261127_100500z1.mp4",
    ):
        assert usual_time(name, Conventions(), SHANGHAI) == Facts(start=AT, guessed=True)


@pytest.mark.parametrize("name", NO_TIME)
def test_a_name_without_a_whole_time_says_none(name: str) -> None:
    assert usual_time(name, Conventions(), SHANGHAI) == Facts()


def test_a_span_in_a_name_is_a_start_and_an_end_and_more_than_two_times_are_none() -> None:
    span = "XVR_ch1_main_20261127100500_20261127101500.dav"
    assert times_in_name(span, SHANGHAI) == (AT, datetime(2026, 11, 27, 2, 15, tzinfo=UTC))
    for unclear in ("20261127101500_20261127100500.dav", "20261127100500_20261127101500_20261127102500.dav"):
        assert times_in_name(unclear, SHANGHAI) is None


@given(st.text(max_size=80) | st.from_regex(r"(PXL_|VID_|mmexport)?[0-9_\-.TF ]{6,40}", fullmatch=True))
def test_no_name_breaks_the_reading_or_names_anybody(name: str) -> None:
    facts = usual_time(name, Conventions(), SHANGHAI)
    assert set(facts.as_json()) <= {"start", "end", "guessed"}


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001
def test_every_time_comes_back_from_the_names_that_hold_it(at: datetime) -> None:
    wanted = at.replace(microsecond=0, tzinfo=SHANGHAI).astimezone(UTC)
    for name in (
        f"VID_{at:%Y%m%d_%H%M%S}.mp4",
        f"{at:%Y%m%d%H%M%S}_000002.MP4",
        f"{at:%Y_%m%d_%H%M%S}_001.MP4",
        f"Screenrecorder-{at:%Y-%m-%d-%H-%M-%S}-000.mp4",
    ):
        assert times_in_name(name, SHANGHAI) == (wanted, None), name


def test_a_phones_file_of_a_recorder_with_a_model_is_read_by_the_models_clock(bureau: Field) -> None:
    conventions = {"clock_zone": "utc", "stamp": "end", "filename_patterns": [r"(?P<officer>\d{6})_x"]}
    model = RecorderModel(code="M", conventions=conventions)
    bureau.session.add(model)
    bureau.session.flush()
    bureau.session.add(Recorder(serial="R-01", squad_id=bureau.squad().id, model_id=model.id))
    at = datetime(2026, 11, 27, 10, 5, tzinfo=UTC)
    assert facts_in_name(bureau.session, "VID_20261127_100500.mp4", "R-01") == Facts(end=at, guessed=True)
    assert facts_in_name(bureau.session, "VID_20261127_100500.mp4", None) == Facts(start=AT, guessed=True)
    own = facts_in_name(bureau.session, "000002_x.mp4", "R-01")
    assert (own.officer, own.guessed) == ("000002", False)
