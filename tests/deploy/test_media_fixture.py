import json
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("kind", "codec", "container"),
    [
        ("h264_mp4", "h264", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("hevc_mp4", "hevc", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("ts", "h264", "mpegts"),
        ("avi", "mpeg4", "avi"),
    ],
)
def test_generated_footage_is_what_its_name_says(
    clips: dict[str, Path], kind: str, codec: str, container: str
) -> None:
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", clips[kind]],
        check=True,
        capture_output=True,
    )
    found = json.loads(told.stdout)
    assert found["format"]["format_name"] == container
    assert found["streams"][0]["codec_name"] == codec
    assert 3.9 < float(found["format"]["duration"]) < 4.3
