"""What the recorder's clock shows in its dock, said with an upload, beside the server's own time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.deploy.test_upload_command import intake, run  # noqa: F401 - a fixture
from tests.service.footage.uploads.service import BODY, TUS, Service, metadata

SHOWN = "2024-06-03T08:10:22"


def kept(service: Service, recording: str) -> dict[str, str]:
    [[claims]] = service.bureau.sql("SELECT claims FROM recordings WHERE id = :id", id=recording)
    return claims


def is_now(said: str) -> bool:
    return abs(datetime.now(UTC) - datetime.fromisoformat(said)) < timedelta(minutes=2)


def test_it_is_kept_as_said_with_the_time_of_the_request(service: Service) -> None:
    with service.client() as client:
        body = os.urandom(1000)
        headers = {
            **TUS,
            "Upload-Length": "1000",
            **metadata(filename="a.mp4", device_time=SHOWN),
            **BODY,
        }
        answer = client.post("/api/v1/uploads", headers=headers, content=body)
        assert answer.status_code == 201
        claims = kept(service, answer.headers["zhenglu-recording"])
        assert claims["device_time"] == SHOWN and is_now(claims["device_time_at"])
        one_shot = client.post(
            "/api/v1/recordings", params={"device_time": SHOWN, "filename": "b.mp4"}, content=os.urandom(1000)
        )
        claims = kept(service, one_shot.json()["id"])
        assert claims["device_time"] == SHOWN and is_now(claims["device_time_at"])


@pytest.mark.parametrize("said", ["yesterday", "08:10", "2024-13-01T00:00:00"])
def test_what_cannot_be_read_is_refused(service: Service, said: str) -> None:
    with service.client() as client:
        headers = {**TUS, "Upload-Length": "5", **metadata(device_time=said)}
        answer: httpx.Response = client.post("/api/v1/uploads", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, "device_time")


def test_nobody_says_the_servers_time_for_it(service: Service) -> None:
    with service.client() as client:
        answer = client.post(
            "/api/v1/recordings",
            params={"device_time_at": "2020-01-01T00:00:00Z", "filename": "b.mp4"},
            content=os.urandom(1000),
        )
        assert "device_time_at" not in kept(service, answer.json()["id"])


def test_the_dock_s_command_sends_it_as_it_runs_on(service: Service, tmp_path: Path, intake: None) -> None:  # noqa: F811
    (tmp_path / "a.mp4").write_bytes(os.urandom(1000))
    shown = datetime.now().replace(microsecond=0) + timedelta(minutes=5)  # noqa: DTZ005 - a dock's wall clock
    code, receipts, told = run(
        service, tmp_path, str(tmp_path / "a.mp4"), "--device-time", shown.isoformat(timespec="seconds")
    )
    assert code == 0, told
    claims = kept(service, receipts[0]["recording"])
    apart = datetime.fromisoformat(claims["device_time"]) - datetime.fromisoformat(claims["device_time_at"])
    assert abs(apart - timedelta(minutes=5)) < timedelta(seconds=10)
