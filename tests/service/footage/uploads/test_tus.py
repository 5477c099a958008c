"""The table of tus 1.0.0: what each request must be answered, on a running service."""

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx
import pytest

from schemas.jobs import JobKind
from service.footage.uploads.rules import decode_metadata
from tests.service.footage.uploads.service import BODY, TUS, Service, at, checksum, metadata

HERE = "/api/v1/uploads"


@pytest.fixture
def client(service: Service) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def create(client: httpx.Client, length: int | None = 10, **headers: str) -> str:
    wanted = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    answer = client.post(HERE, headers={**wanted, **metadata(filename="a.mp4"), **headers})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def send(client: httpx.Client, url: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    return client.patch(url, content=data, headers={**at(offset), **headers})


def offset_of(client: httpx.Client, url: str) -> int:
    return int(client.head(url).headers["upload-offset"])


def test_options_says_what_the_server_can_without_sign_in_or_version(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False) as anyone:
        for path in (HERE, f"{HERE}/", f"{HERE}/{UUID(int=1)}"):
            answer = anyone.options(path)
            assert answer.status_code == 204
            assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
            assert answer.headers["tus-max-size"] == str(64 * 2**30)
            assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
            assert set(answer.headers["tus-extension"].split(",")) == {
                "creation", "creation-with-upload", "creation-defer-length", "termination", "expiration",
                "checksum", "concatenation",
            }  # fmt: skip


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_another_version_of_the_protocol_is_refused(
    client: httpx.Client, method: str, version: str | None
) -> None:
    url = create(client) if method != "POST" else HERE
    headers = {**at(0), "Upload-Length": "3"}
    request = client.build_request(method, url, headers=headers)
    request.headers.pop("tus-resumable")
    if version:
        request.headers["tus-resumable"] = version
    answer = client.send(request)
    assert answer.status_code == 412
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"


def test_whole_round(client: httpx.Client, service: Service) -> None:
    answer = client.post(f"{HERE}/", headers={"Upload-Length": "11", **metadata(filename="甲.mp4", note="")})
    assert answer.status_code == 201 and answer.headers["tus-resumable"] == "1.0.0"
    url = answer.headers["location"]
    assert url.startswith(f"{HERE}/")  # relative: whatever Host said, it is not in it
    expires = parsedate_to_datetime(answer.headers["upload-expires"])
    assert answer.headers["upload-expires"].endswith(" GMT") and expires > datetime.now(UTC) + timedelta(
        days=6
    )
    head = client.head(url)
    assert head.status_code == 200 and head.headers["cache-control"] == "no-store"
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("0", "11")
    assert head.headers["upload-metadata"] == metadata(filename="甲.mp4", note="")["Upload-Metadata"]
    assert "upload-defer-length" not in head.headers and "zhenglu-recording" not in head.headers
    part = send(client, url, 0, b"hello")
    assert (
        part.status_code == 204 and part.headers["upload-offset"] == "5" and "upload-expires" in part.headers
    )
    assert "zhenglu-recording" not in part.headers
    last = send(client, url, 5, b" world")
    assert last.status_code == 204 and last.headers["upload-offset"] == "11"
    recording = last.headers["zhenglu-recording"]
    done = client.head(url)
    assert done.headers["zhenglu-recording"] == recording and done.headers["zhenglu-state"] == "processing"
    assert "upload-expires" not in done.headers
    assert service.stored(recording) == b"hello world"
    [(name, state, jobs)] = service.bureau.sql(
        "SELECT file_name, state, (SELECT count(*) FROM jobs WHERE subject_id = r.id) FROM recordings r "
        "WHERE id = :id",
        id=recording,
    )
    assert (name, state, jobs) == ("甲.mp4", "processing", 1)


def test_location_is_built_from_the_public_address(own_service: Service) -> None:
    own_service.extra = {"ZHENGLU_PUBLIC_URL": "https://zhenglu.example.gov.cn/"}
    own_service.start()
    with own_service.client() as client:
        answer = client.post(HERE, headers={"Upload-Length": "1", "Host": "evil.example"})
    assert answer.headers["location"].startswith("https://zhenglu.example.gov.cn/api/v1/uploads/")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upload-Length": "-1"},
        {"Upload-Length": "ten"},
        {"Upload-Length": "9" * 30},
        {"Upload-Length": "5", "Upload-Defer-Length": "1"},
        {"Upload-Defer-Length": "2"},
        {"Upload-Length": "5", "Upload-Concat": "something"},
        {"Upload-Length": "5", "Upload-Concat": "final;/api/v1/uploads/x"},
        {"Upload-Concat": "final;"},
    ],
)
def test_creation_that_makes_no_sense(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post(HERE, headers=headers).status_code == 400


def test_larger_than_allowed(client: httpx.Client) -> None:
    answer = client.post(HERE, headers={"Upload-Length": str(64 * 2**30 + 1)})
    assert answer.status_code == 413 and answer.json()["type"].endswith("too-large")
    url = create(client, None)
    assert send(client, url, 0, b"", **{"Upload-Length": str(64 * 2**30 + 1)}).status_code == 413


def test_wrong_offset_moves_nothing(client: httpx.Client) -> None:
    url = create(client)
    assert send(client, url, 0, b"12345").status_code == 204
    for wrong in (0, 4, 6, 10, 11):
        answer = send(client, url, wrong, b"12345")
        assert answer.status_code == 409 and answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["upload-offset"] == "5"
    assert offset_of(client, url) == 5
    for nonsense in ("-1", "five", ""):
        answer = client.patch(url, content=b"x", headers={**BODY, "Upload-Offset": nonsense})
        assert answer.status_code == 400
    assert client.patch(url, content=b"x", headers=BODY).status_code == 400


def test_wrong_offset_is_answered_although_a_large_body_comes(client: httpx.Client) -> None:
    url = create(client, 50_000_000)
    for _ in range(3):
        assert send(client, url, 7, os.urandom(20_000_000)).status_code == 409


def test_wrong_content_type(client: httpx.Client) -> None:
    url = create(client)
    for kind in ("application/octet-stream", "text/plain"):
        answer = client.patch(url, content=b"x", headers={"Upload-Offset": "0", "Content-Type": kind})
        assert answer.status_code == 415
    answer = client.post(HERE, content=b"x", headers={"Upload-Length": "1", "Content-Type": "text/plain"})
    assert answer.status_code == 415


def too_long(answer: httpx.Response, room: int) -> bool:
    assert answer.status_code == 413 and answer.headers["tus-resumable"] == "1.0.0", answer.text
    return answer.json()["type"].endswith("body-too-long") and answer.json()["room"] == room


def test_a_body_longer_than_the_upload_is_refused_before_a_byte_is_taken(
    client: httpx.Client, service: Service
) -> None:
    url = create(client, 5)
    assert too_long(send(client, url, 0, b"12345678"), 5) and offset_of(client, url) == 0
    assert too_long(send(client, url, 0, os.urandom(20_000_000)), 5) and offset_of(client, url) == 0
    assert send(client, url, 0, b"123").headers["upload-offset"] == "3"
    answer = send(client, url, 3, b"456")
    assert too_long(answer, 2) and answer.headers["upload-offset"] == "3" and offset_of(client, url) == 3
    done = send(client, url, 3, b"45")
    assert service.stored(done.headers["zhenglu-recording"]) == b"12345"
    assert too_long(send(client, url, 5, b"6"), 0)
    again = send(client, url, 5, b"")
    assert again.status_code == 204
    assert again.headers["zhenglu-recording"] == done.headers["zhenglu-recording"]


def test_a_body_that_does_not_say_its_length_is_refused_when_it_turns_out_too_long(
    client: httpx.Client, service: Service
) -> None:
    url = create(client, 5)
    for pieces in ((b"123456",), (b"123", b"456"), (b"12345", b"6")):
        answer = client.patch(url, content=iter(pieces), headers=at(0))
        assert too_long(answer, 5) and offset_of(client, url) == 0
    done = client.patch(url, content=iter((b"12", b"345")), headers=at(0))
    assert service.stored(done.headers["zhenglu-recording"]) == b"12345"
    assert too_long(client.patch(url, content=iter((b"6",)), headers=at(5)), 0)
    assert client.patch(url, content=iter(()), headers=at(5)).status_code == 204


def test_a_creation_with_more_than_its_length_begins_nothing(client: httpx.Client, service: Service) -> None:
    before = service.bureau.sql("SELECT count(*) FROM uploads")
    for length in (0, 2):
        headers = {"Upload-Length": str(length), **BODY}
        assert too_long(client.post(HERE, content=b"abc", headers=headers), length)
    assert service.bureau.sql("SELECT count(*) FROM uploads") == before
    answer = client.post(HERE, content=iter((b"abc",)), headers={"Upload-Length": "2", **BODY})
    assert too_long(answer, 2) and offset_of(client, answer.headers["location"]) == 0


def test_a_length_declared_with_too_long_a_body_is_not_kept(client: httpx.Client) -> None:
    url = create(client, None)
    assert too_long(send(client, url, 0, b"123", **{"Upload-Length": "2"}), 2)
    assert client.head(url).headers["upload-defer-length"] == "1"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("name", [str(UUID(int=7)), "..%2f..%2fetc", "x"])
def test_unknown_upload(client: httpx.Client, method: str, name: str) -> None:
    assert client.request(method, f"{HERE}/{name}", headers=at(0)).status_code == 404


def test_methods_that_are_not_there(client: httpx.Client) -> None:
    url = create(client)
    for method, path in (("GET", url), ("POST", url), ("PUT", url), ("GET", HERE), ("PATCH", HERE)):
        assert client.request(method, path).status_code == 405, (method, path)


def test_method_override(client: httpx.Client) -> None:
    url = create(client)
    answer = client.post(url, content=b"12345", headers={**at(0), "X-HTTP-Method-Override": "PATCH"})
    assert answer.status_code == 204 and answer.headers["upload-offset"] == "5"
    assert client.get(url, headers={"X-HTTP-Method-Override": "HEAD"}).headers["upload-offset"] == "5"
    assert client.post(url, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert client.head(url).status_code == 410


# creation-with-upload, creation-defer-length


def test_creation_with_the_whole_body_answers_the_recording(client: httpx.Client, service: Service) -> None:
    answer = client.post(HERE, content=b"abc", headers={"Upload-Length": "3", **BODY})
    assert answer.status_code == 201 and answer.headers["upload-offset"] == "3"
    assert service.stored(answer.headers["zhenglu-recording"]) == b"abc"


def test_creation_with_a_first_part(client: httpx.Client) -> None:
    answer = client.post(HERE, content=b"abc", headers={"Upload-Length": "6", **BODY})
    assert answer.headers["upload-offset"] == "3" and "zhenglu-recording" not in answer.headers
    last = send(client, answer.headers["location"], 3, b"def")
    assert last.headers["upload-offset"] == "6" and "zhenglu-recording" in last.headers


def test_creation_with_a_wrong_checksum_can_go_on(client: httpx.Client) -> None:
    headers = {"Upload-Length": "3", **BODY, **checksum(b"xyz")}
    answer = client.post(HERE, content=b"abc", headers=headers)
    assert answer.status_code == 460
    assert offset_of(client, answer.headers["location"]) == 0


def test_an_empty_file_is_complete_at_once(client: httpx.Client, service: Service) -> None:
    answer = client.post(HERE, headers={"Upload-Length": "0"})
    assert answer.status_code == 201
    assert service.stored(answer.headers["zhenglu-recording"]) == b""
    assert client.head(answer.headers["location"]).headers["upload-offset"] == "0"


def test_deferred_length(client: httpx.Client, service: Service) -> None:
    url = create(client, None)
    head = client.head(url)
    assert head.headers["upload-defer-length"] == "1" and "upload-length" not in head.headers
    assert send(client, url, 0, b"123").status_code == 204
    assert client.head(url).headers["upload-defer-length"] == "1"
    assert send(client, url, 3, b"", **{"Upload-Length": "2"}).status_code == 400
    assert send(client, url, 3, b"4", **{"Upload-Length": "6"}).status_code == 204
    head = client.head(url)
    assert head.headers["upload-length"] == "6" and "upload-defer-length" not in head.headers
    assert send(client, url, 4, b"56", **{"Upload-Length": "7"}).status_code == 400
    last = send(client, url, 4, b"56", **{"Upload-Length": "6"})
    assert service.stored(last.headers["zhenglu-recording"]) == b"123456"


def test_deferred_length_declared_by_an_empty_request(client: httpx.Client, service: Service) -> None:
    url = create(client, None)
    assert send(client, url, 0, b"123").status_code == 204
    last = send(client, url, 3, b"", **{"Upload-Length": "3"})
    assert last.status_code == 204
    assert service.stored(last.headers["zhenglu-recording"]) == b"123"
    empty = send(client, create(client, None), 0, b"", **{"Upload-Length": "0"})
    assert service.stored(empty.headers["zhenglu-recording"]) == b""


# checksum


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_checksum(client: httpx.Client, service: Service, algorithm: str) -> None:
    first, second = os.urandom(3_000_000), os.urandom(500)
    url = create(client, len(first) + len(second))
    assert send(client, url, 0, first, **checksum(first, algorithm)).headers["upload-offset"] == str(
        len(first)
    )
    wrong = send(client, url, len(first), second, **checksum(b"other", algorithm))
    assert wrong.status_code == 460 and wrong.headers["tus-resumable"] == "1.0.0"
    assert offset_of(client, url) == len(first)
    last = send(client, url, len(first), second, **checksum(second, algorithm))
    assert service.stored(last.headers["zhenglu-recording"]) == first + second


def test_wrong_checksum_of_a_large_first_part_leaves_the_offset(client: httpx.Client) -> None:
    data = os.urandom(40_000_000)
    url = create(client, len(data))
    assert send(client, url, 0, data, **checksum(data[:-1])).status_code == 460
    assert offset_of(client, url) == 0
    assert "zhenglu-recording" in send(client, url, 0, data, **checksum(data)).headers


@pytest.mark.parametrize(
    "header", ["sha1 AAAA", "sha256 " + base64.b64encode(bytes(20)).decode(), "sha1 " + "AAAA" * 11]
)
def test_a_checksum_of_another_size_differs_before_a_byte_is_read(client: httpx.Client, header: str) -> None:
    url = create(client, 1)
    assert send(client, url, 0, b"x", **{"Upload-Checksum": header}).status_code == 460
    assert offset_of(client, url) == 0


@pytest.mark.parametrize("header", ["md5 AAAA", "sha1", "sha1 !!!", ""])
def test_checksum_that_cannot_be_read(client: httpx.Client, header: str) -> None:
    answer = send(client, create(client), 0, b"x", **{"Upload-Checksum": header})
    assert answer.status_code == 400 and answer.json()["field"] == "Upload-Checksum"


# termination, expiration


def test_terminated_uploads_are_gone_with_their_bytes(client: httpx.Client, service: Service) -> None:
    url = create(client)
    send(client, url, 0, b"123")
    answer = client.delete(url)
    assert answer.status_code == 204 and answer.headers["tus-resumable"] == "1.0.0"
    assert client.head(url).status_code == send(client, url, 3, b"4").status_code == 410
    assert client.delete(url).status_code == 410
    [(state, cleared)] = service.bureau.sql(
        "SELECT state, cleared_at IS NOT NULL FROM uploads WHERE id = :id", id=url.rpartition("/")[2]
    )
    assert (state, cleared) == ("terminated", True)


def test_deleting_a_finished_upload_forgets_it_and_keeps_the_recording(
    client: httpx.Client, service: Service
) -> None:
    url = create(client, 3)
    recording = send(client, url, 0, b"abc").headers["zhenglu-recording"]
    assert client.delete(url).status_code == 204
    assert client.head(url).status_code == 410
    assert service.stored(recording) == b"abc"
    [(state,)] = service.bureau.sql("SELECT state FROM recordings WHERE id = :id", id=recording)
    assert state == "processing"


def test_expired(client: httpx.Client, service: Service) -> None:
    url = create(client)
    send(client, url, 0, b"123")
    service.bureau.sql(
        "UPDATE uploads SET expires_at = now() - interval '1 minute' WHERE id = :id",
        id=url.rpartition("/")[2],
    )
    assert client.head(url).status_code == send(client, url, 3, b"4").status_code == 410


# concatenation


def piece(client: httpx.Client, data: bytes) -> str:
    answer = client.post(
        HERE, content=data, headers={"Upload-Length": str(len(data)), "Upload-Concat": "partial", **BODY}
    )
    assert answer.status_code == 201 and "zhenglu-recording" not in answer.headers
    return answer.headers["location"]


def test_concatenation(client: httpx.Client, service: Service) -> None:
    before = service.bureau.sql("SELECT count(*) FROM recordings")
    first, second, third = (piece(client, data) for data in (b"hello ", b"world", b", again"))
    assert client.head(first).headers["upload-concat"] == "partial"
    assert service.bureau.sql("SELECT count(*) FROM recordings") == before
    concat = f"final;{first} {service.url}{second} {third}"
    answer = client.post(HERE, headers={"Upload-Concat": concat, **metadata(filename="b.mp4")})
    assert answer.status_code == 201 and answer.headers["zhenglu-state"] == "receiving"
    final = answer.headers["location"]
    for offset, state in ((None, "receiving"), ("18", "processing")):  # while it is put together it has none
        head = client.head(final)
        assert head.headers["upload-concat"] == concat
        assert head.headers["upload-length"] == "18" and head.headers.get("upload-offset") == offset
        assert head.headers["zhenglu-recording"] == answer.headers["zhenglu-recording"]
        assert head.headers["zhenglu-state"] == state
        assert send(client, final, 18, b"x").status_code == 403
        service.work(JobKind.assemble)
    assert service.stored(answer.headers["zhenglu-recording"]) == b"hello world, again"


def test_final_upload_not_yet_joined_tells_its_length_and_no_offset(
    client: httpx.Client, service: Service
) -> None:
    final = client.post(HERE, headers={"Upload-Concat": f"final;{piece(client, b'ab')}"}).headers["location"]
    service.bureau.sql(
        "UPDATE uploads SET state = 'open', writer_until = now() + interval '1 minute' WHERE id = :id",
        id=final.rpartition("/")[2],
    )
    head = client.head(final)
    assert head.headers["upload-length"] == "2" and "upload-offset" not in head.headers


def test_concatenation_of_what_is_not_there(client: httpx.Client, service: Service) -> None:
    whole = create(client, 3)
    unfinished = client.post(HERE, headers={"Upload-Length": "3", "Upload-Concat": "partial"}).headers[
        "location"
    ]
    with service.client("other") as other:
        foreign = piece(other, b"theirs")
    forgotten = piece(client, b"gone")
    client.delete(forgotten)
    for url, status in (
        (whole, 400), (unfinished, 400), (foreign, 404), (f"{HERE}/{UUID(int=3)}", 404), (forgotten, 410),
    ):  # fmt: skip
        answer = client.post(HERE, headers={"Upload-Concat": f"final;{piece(client, b'x')} {url}"})
        assert answer.status_code == status, (url, answer.text)


def test_final_upload_declares_no_length(client: httpx.Client) -> None:
    headers = {"Upload-Concat": f"final;{piece(client, b'x')}", "Upload-Length": "1"}
    assert client.post(HERE, headers=headers).status_code == 400


# what is said of the file


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("sha256 " + base64.b64encode(b"abc").decode(), "sha256"),
        ("filename !!!", "filename"),
        ("filename " + base64.b64encode(b"\xff\xfe").decode(), "filename"),
        ("note " + base64.b64encode(b"a\0b").decode(), "note"),
        ("note " + base64.b64encode(b"a" * 2001).decode(), "note"),
        ("recorded_at " + base64.b64encode(b"yesterday").decode(), "recorded_at"),
        ("recorded_at " + base64.b64encode(b"0001-01-01T00:00:00+08:00").decode(), "recorded_at"),
        ("officer MQ==,officer Mg==", "officer"),
        (",", "Upload-Metadata"),
    ],
)
def test_metadata_that_cannot_be_read_names_the_field(client: httpx.Client, header: str, field: str) -> None:
    answer = client.post(HERE, headers={"Upload-Length": "1", "Upload-Metadata": header})
    assert answer.status_code == 400
    assert answer.json()["field"] == field and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize(
    "name", ["执法记录 001.mp4", "买买提·艾力.mp4", "联通.mp4", "a" * 300 + "人民路.mp4"]
)
def test_metadata_of_a_chinese_windows_is_read_in_its_encoding(name: str, encoding: str) -> None:
    header = "filename " + base64.b64encode(name.encode(encoding)).decode()
    assert decode_metadata(header) == {"filename": name}


def test_unknown_names_are_kept_as_claims(client: httpx.Client, service: Service) -> None:
    said = {
        "filename": "..\\..\\DCIM/../队员 001.mp4", "officer": "999999", "recorder": "R-404", "event": "E-404",
        "case": "〔2024〕404号", "recorded_at": "1970-01-01T00:00:00", "note": "夜间<b>巡查</b>", "extra": "x",
    }  # fmt: skip
    answer = client.post(HERE, content=b"x", headers={"Upload-Length": "1", **BODY, **metadata(**said)})
    [(name, claims, note)] = service.bureau.sql(
        "SELECT file_name, claims, note FROM recordings WHERE id = :id",
        id=answer.headers["zhenglu-recording"],
    )
    assert name == "队员 001.mp4" and note == said["note"]
    assert claims == {key: value for key, value in said.items() if key != "extra"}


# old archives


@pytest.mark.parametrize("said", ["archive dHJ1ZQ==", "archive MQ==", "archive", "archive WUVT"])
def test_an_archive_is_declared_by_who_may_import_alone(service: Service, said: str) -> None:
    header = {"Upload-Length": "1", "Upload-Metadata": said, **BODY}
    for who, status in (("dock", 403), ("member", 403), ("auditor", 403), ("admin", 201)):
        with service.client(who) as client:
            squad = {"Upload-Metadata": f"{said},squad WkQx"} if who == "admin" else {}
            answer = client.post(HERE, content=b"x", headers={**header, **squad})
            assert answer.status_code == status, (who, answer.text)
    [(archive, archived, claims)] = service.bureau.sql(
        "SELECT archive, archived, r.claims FROM receipts JOIN recordings r ON r.id = recording_id WHERE r.id = :id",
        id=answer.headers["zhenglu-recording"],
    )
    assert archive and archived and claims == {"squad": "ZD1"}


def test_what_an_archive_says_of_its_first_arrival_is_kept(service: Service) -> None:
    with service.client("admin") as client:
        for first, archive, status in (
            ("2019-03-02T10:00:00", "true", 201), ("2019-03-02T10:00:00", "false", 400), ("yesterday", "true", 400),
            ("2999-01-01T00:00:00", "true", 400), ("2019-03-02T10:00:00", "perhaps", 400),
        ):  # fmt: skip
            said = metadata(squad="ZD1", archive=archive, first_received_at=first)
            answer = client.post(HERE, content=b"first", headers={"Upload-Length": "5", **BODY, **said})
            assert answer.status_code == status, (first, archive, answer.text)
            if status == 201:
                recording = answer.headers["zhenglu-recording"]
        [receipt] = client.get(f"/api/v1/recordings/{recording}").json()["receipts"]
    assert receipt["archive"] is True
    assert datetime.fromisoformat(receipt["first_received_at"]) == datetime(2019, 3, 2, 2, tzinfo=UTC)


# who may


def test_nobody_uploads_unknown(service: Service) -> None:
    with httpx.Client(base_url=service.url, headers=TUS, trust_env=False) as anyone:
        assert anyone.post(HERE, headers={"Upload-Length": "1"}).status_code == 401
        anyone.headers["Authorization"] = "Bearer wrong"
        assert anyone.post(HERE, headers={"Upload-Length": "1"}).status_code == 401


def test_an_auditor_only_reads(service: Service) -> None:
    with service.client("auditor") as auditor:
        assert auditor.post(HERE, headers={"Upload-Length": "1"}).status_code == 403


def test_uploads_of_others_are_not_there(client: httpx.Client, service: Service) -> None:
    url = create(client)
    for who in ("other", "member", "admin"):
        with service.client(who) as other:
            for method in ("HEAD", "PATCH", "DELETE"):
                assert other.request(method, url, headers=at(0)).status_code == 404
    assert offset_of(client, url) == 0


def test_who_has_no_squad_says_whose_recording_it_is(service: Service) -> None:
    with service.client("admin") as admin:
        missing = admin.post(HERE, headers={"Upload-Length": "1"})
        unknown = admin.post(HERE, headers={"Upload-Length": "1", **metadata(squad="ZD9")})
        assert missing.status_code == unknown.status_code == 400
        assert missing.json()["field"] == unknown.json()["field"] == "squad"
        assert admin.post(HERE, headers={"Upload-Length": "1", **metadata(squad="ZD2")}).status_code == 201


def test_a_cookie_alone_uploads_nothing(service: Service) -> None:
    from tests.service.footage.uploads.service import PASSWORD

    with httpx.Client(base_url=service.url, headers=TUS, trust_env=False) as browser:
        signed = browser.post("/api/v1/session", json={"username": "member", "password": PASSWORD}).json()
        assert browser.post(HERE, headers={"Upload-Length": "1"}).status_code == 403
        csrf = {"X-CSRF-Token": signed["csrf_token"]}
        url = browser.post(HERE, headers={"Upload-Length": "1", **csrf}).headers["location"]
        for method in ("GET", "HEAD"):
            override = {"X-HTTP-Method-Override": "DELETE"}
            assert browser.request(method, url, headers=override).status_code == 403
        assert browser.patch(url, content=b"x", headers=at(0)).status_code == 403
        assert "zhenglu-recording" in browser.patch(url, content=b"x", headers={**at(0), **csrf}).headers


def test_quota_of_the_squad_is_507_and_resumable_later(client: httpx.Client, service: Service) -> None:
    url = create(client, 10)
    quota = "INSERT INTO policy_values (name, value, changed_at) VALUES ('squad_quota_bytes', '1', now())"
    service.bureau.sql(quota)
    try:
        assert send(client, url, 0, b"1234567890").status_code == 507
        assert client.post(HERE, headers={"Upload-Length": "10"}).status_code == 507
    finally:
        service.bureau.sql("DELETE FROM policy_values")
    assert "zhenglu-recording" in send(client, url, 0, b"1234567890").headers
