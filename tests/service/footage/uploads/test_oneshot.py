"""One request for one file, and sidecars before and after their video."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.requests import Request

from deploy.process import wait_until
from service.footage.uploads.oneshot import said_beside
from service.footage.uploads.rules import check_said
from tests.service.footage.uploads.service import BODY, Service, metadata
from tests.service.footage.uploads.wire import Broken

HERE = "/api/v1/recordings"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def claims(service: Service, recording: str) -> tuple[str, dict[str, str], str | None]:
    [found] = service.bureau.sql(
        "SELECT r.file_name, r.claims, p.declared_sha256 FROM recordings r "
        "JOIN receipts p ON p.recording_id = r.id WHERE r.id = :id",
        id=recording,
    )
    return tuple(found)


def test_raw_body(client: httpx.Client, service: Service) -> None:
    data = os.urandom(3_000_000)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    answer = client.post(
        HERE,
        params={"filename": "队员 001.mp4", "officer": "360701", "note": "夜间"},
        headers={"Content-Digest": f"sha-256=:{digest}:", "X-Recorder": "R-1"},
        content=data,
    )
    assert answer.status_code == 201
    recording = answer.json()["id"]
    assert (
        answer.headers["location"] == f"{HERE}/{recording}"
        and answer.headers["zhenglu-recording"] == recording
    )
    assert service.stored(recording) == data
    name, said, declared = claims(service, recording)
    assert name == "队员 001.mp4" and said["officer"] == "360701" and said["recorder"] == "R-1"
    assert declared == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ({"X-Filename": "视频甲.mp4".encode()}, "视频甲.mp4"),
        ({"X-Filename": "café.mp4".encode("latin-1")}, "café.mp4"),
        ({"Content-Disposition": 'attachment; filename="乙.mp4"'.encode()}, "乙.mp4"),
        ({"Content-Disposition": "attachment; filename=a.mp4; filename*=UTF-8''%E7%94%B2.mp4"}, "甲.mp4"),
        ({"Content-Disposition": "attachment; filename*=UTF-8''..%2F..%2Fpasswd"}, "passwd"),
        ({"X-Filename": "现场照片１.mp4".encode("gb18030")}, "现场照片１.mp4"),
        ({"Content-Disposition": 'attachment; filename="人民路一号.mp4"'.encode("gbk")}, "人民路一号.mp4"),
        ({"Content-Disposition": "attachment; filename*=GBK''%BC%D7.mp4"}, "甲.mp4"),
    ],
)
def test_a_name_in_a_header_is_read_as_it_was_sent(header: dict[str, str | bytes], name: str) -> None:
    scope = {
        "type": "http",
        "query_string": b"",
        "headers": [
            (key.lower().encode(), value if isinstance(value, bytes) else value.encode())
            for key, value in header.items()
        ],
    }
    assert check_said(said_beside(Request(scope)), ZoneInfo("Asia/Shanghai")).file_name == name


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_name_in_the_address_is_read_as_it_was_sent(encoding: str) -> None:
    said = f"filename={quote('执法 现场.mp4', encoding=encoding)}&note=&other=%ff&officer={quote('队员', encoding=encoding)}"
    scope = {"type": "http", "query_string": said.encode(), "headers": []}
    found = said_beside(Request(scope))
    assert found == {"filename": "执法 现场.mp4", "note": "", "officer": "队员"}


def test_a_form_of_a_chinese_windows_is_read_in_its_encoding(client: httpx.Client, service: Service) -> None:
    body = (
        '--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n夜间巡查\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="现场录像.mp4"\r\n\r\nx\r\n--b--\r\n'
    ).encode("gb18030")
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post(HERE, content=body, headers=head)
    assert answer.status_code == 201, answer.text
    name, said, _ = claims(service, answer.json()["id"])
    assert (name, said) == ("现场录像.mp4", {"filename": "现场录像.mp4", "note": "夜间巡查"})


def test_body_of_unknown_length(client: httpx.Client, service: Service) -> None:
    parts = [os.urandom(700_000) for _ in range(4)]
    answer = client.post(HERE, content=iter(parts), headers={"X-Content-SHA256": "0" * 64})
    assert service.stored(answer.json()["id"]) == b"".join(parts)
    assert claims(service, answer.json()["id"])[2] == "0" * 64


def test_empty_body(client: httpx.Client, service: Service) -> None:
    assert service.stored(client.post(HERE).json()["id"]) == b""
    assert service.stored(client.post(HERE, content=iter([])).json()["id"]) == b""


def test_form_with_fields_before_and_after_the_file(client: httpx.Client, service: Service) -> None:
    data = os.urandom(2_500_000)
    parts: list[tuple[str, Any]] = [
        ("officer", (None, "360701")),
        ("file", ("现场.mp4", data, "video/mp4")),
        ("case", (None, "城管罚〔2024〕1号")),
        ("unknown", (None, "x" * 1000)),
    ]
    answer = client.post(HERE, files=parts)
    assert answer.status_code == 201, answer.text
    recording = answer.json()["id"]
    assert service.stored(recording) == data
    name, said, _ = claims(service, recording)
    assert name == "现场.mp4"
    assert said == {"filename": "现场.mp4", "officer": "360701", "case": "城管罚〔2024〕1号"}


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([("officer", (None, "1"))], "file"),
        ([("file", ("a", b"x")), ("file", ("b", b"y"))], "file"),
        ([("file", ("a", b"x")), ("sha256", (None, "zz"))], "sha256"),
        ([("note", (None, "x" * 20_000)), ("file", ("a", b"x"))], "note"),
    ],
)
def test_form_that_cannot_be_read(client: httpx.Client, service: Service, parts: list, field: str) -> None:
    before = service.bureau.sql("SELECT count(*) FROM recordings")
    answer = client.post(HERE, files=parts)
    assert answer.status_code == 400 and answer.json()["field"] == field
    assert service.bureau.sql("SELECT count(*) FROM recordings") == before


@pytest.mark.parametrize("length", [5_000_000, None], ids=["length", "chunked"])
@pytest.mark.parametrize("form", [False, True], ids=["raw", "form"])
def test_what_is_cut_off_is_no_recording(service: Service, length: int | None, form: bool) -> None:
    before = service.bureau.sql("SELECT count(*) FROM recordings")
    known = service.bureau.sql("SELECT count(*) FROM uploads")[0][0]
    head = {"Content-Type": "multipart/form-data; boundary=b"} if form else {}
    request = Broken(service, "POST", HERE, length, **head)
    if form:
        request.send(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n')
    request.send(os.urandom(2_000_000))
    wait_until(lambda: service.bureau.sql("SELECT count(*) FROM uploads")[0][0] == known + 1, 20)
    request.finish_politely()
    last = "SELECT state, cleared_at IS NOT NULL FROM uploads ORDER BY created_at DESC LIMIT 1"
    wait_until(lambda: tuple(service.bureau.sql(last)[0]) == ("terminated", True), 20)
    assert service.bureau.sql("SELECT count(*) FROM recordings") == before


def test_who_may(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as anyone:
        assert anyone.post(HERE, content=b"x").status_code == 401
    with service.client("auditor") as auditor:
        assert auditor.post(HERE, content=b"x").status_code == 403
        assert auditor.post(HERE, files={"file": b"x"}).status_code == 403
        assert auditor.post("/api/v1/sidecars", content=b"{}").status_code == 403


SIDECAR = {"files": [{"文件名": "S1.MP4", "执法证号": "360701", "开始时间": "2024-05-06 09:30:00"}]}


def jobs(service: Service, recording: str) -> set[str]:
    return {
        kind for (kind,) in service.bureau.sql("SELECT kind FROM jobs WHERE subject_id = :id", id=recording)
    }


def test_sidecar_after_its_video_asks_for_tags(client: httpx.Client, service: Service) -> None:
    recording = client.post(HERE, params={"filename": "s1.mp4"}, content=b"x").json()["id"]
    with service.client("other") as other:
        foreign = other.post(HERE, params={"filename": "s1.mp4"}, content=b"y").json()["id"]
    body = json.dumps(SIDECAR).encode()
    answer = client.post("/api/v1/sidecars", params={"filename": "list.json"}, content=body)
    assert answer.status_code == 201 and answer.json() == {"files": ["s1.mp4"], "unread": {}}
    said = "文件名,执法证号,开始时间\ns1.mp4,360701,2026112009\ns9.mp4,360701,0000-00-00 00:00\n".encode()
    answer = client.post("/api/v1/sidecars", params={"filename": "list.csv"}, content=said)
    assert answer.json() == {"files": ["s1.mp4", "s9.mp4"], "unread": {"s1.mp4": ["2026112009"]}}
    assert jobs(service, recording) == {"intake", "tags"} and jobs(service, foreign) == {"intake"}


def test_sidecar_before_its_video_by_tus(client: httpx.Client, service: Service) -> None:
    body = "文件名,执法证号,开始时间\nS2.MP4,360702,2024-05-06 09:30:00\n".encode("gb18030")
    answer = client.post(
        "/api/v1/uploads",
        content=body,
        headers={"Upload-Length": str(len(body)), **BODY, **metadata(filename="list.CSV")},
    )
    assert answer.status_code == 201 and "zhenglu-recording" not in answer.headers
    assert answer.headers["zhenglu-state"] == "sidecar"
    assert answer.headers["zhenglu-sha256"] == hashlib.sha256(body).hexdigest()
    [(facts,)] = service.bureau.sql("SELECT facts FROM sidecars WHERE file_name = 's2.mp4'")
    assert facts == {"officer": "360702", "start": "2024-05-06T01:30:00+00:00"}


def test_what_only_looks_like_a_sidecar_is_kept_as_a_recording(
    client: httpx.Client, service: Service
) -> None:
    answer = client.post(HERE, params={"filename": "x.json"}, content=b"{not json")
    assert service.stored(answer.json()["id"]) == b"{not json"
    answer = client.post("/api/v1/sidecars", params={"filename": "x.json"}, content=b"{not json")
    assert answer.status_code == 400
    assert client.post("/api/v1/sidecars", content=b"x" * 5_000_000).status_code == 413
