"""How much may be under way at once: whoever fills the table of uploads is stopped, and no dock in ordinary use."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service.footage.uploads.bounds import UNSAID
from service.footage.uploads.policy import BYTES_PER_ACCOUNT, BYTES_PER_TOKEN, OPEN_PER_TOKEN
from tests.service.footage.uploads.service import BODY, Service, at, metadata

HERE = "/api/v1/uploads"
GIB = 2**30


@pytest.fixture(autouse=True)
def nothing_under_way(service: Service) -> Iterator[None]:
    yield
    service.bureau.sql("UPDATE uploads SET state = 'expired' WHERE state = 'open' OR partial")


def begin(client: httpx.Client, length: int | None = 10, **headers: str) -> httpx.Response:
    wanted = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return client.post(HERE, headers={**wanted, **metadata(filename="a.mp4"), **headers})


def refused(answer: httpx.Response) -> str:
    """Why, where it was refused as it should be: with a sentence, and when to ask again."""
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) > 0, answer.text
    assert answer.headers.get("tus-resumable") == "1.0.0" or "/recordings" in str(answer.request.url)
    assert answer.json()["detail"]
    return answer.json()["type"].rpartition(":")[2]


def test_a_member_has_only_so_many_unfinished_uploads_and_goes_on_once_one_has_ended(
    service: Service,
) -> None:
    with service.bureau.ruled(open_uploads_per_account=3), service.client("member") as member:
        urls = [begin(member).headers["location"] for _ in range(3)]
        assert refused(begin(member)) == "too-many-open"
        assert refused(begin(member, None)) == "too-many-open"
        assert refused(begin(member, 2, **{"Upload-Concat": "partial"})) == "too-many-open"
        oneshot = member.post("/api/v1/recordings?filename=b.mp4", content=b"12")
        assert refused(oneshot) == "too-many-open"
        with service.client("dock") as dock, service.client("other") as other:
            assert begin(dock).status_code == begin(other).status_code == 201
        assert member.patch(urls[0], content=b"1" * 10, headers=at(0)).status_code == 204
        assert begin(member).status_code == 201
        assert refused(begin(member)) == "too-many-open"
        assert member.delete(urls[1]).status_code == 204
        assert begin(member).status_code == 201
        assert (
            member.patch(urls[2], content=b"1" * 4, headers=at(0)).status_code == 204
        )  # what is open goes on


def test_pieces_that_nothing_was_made_of_are_unfinished_though_they_have_all_their_bytes(
    service: Service,
) -> None:
    with service.bureau.ruled(open_uploads_per_account=2), service.client("member") as member:
        partial = {"Upload-Length": "2", "Upload-Concat": "partial", **BODY}
        urls = [member.post(HERE, content=b"ab", headers=partial).headers["location"] for _ in range(2)]
        assert refused(member.post(HERE, content=b"ab", headers=partial)) == "too-many-open"
        final = member.post(HERE, headers={"Upload-Concat": f"final;{' '.join(urls)}"})
        assert final.status_code == 201
        assert begin(member).status_code == 201


def test_what_unfinished_uploads_declare_is_bounded_however_it_is_declared(service: Service) -> None:
    with service.bureau.ruled(open_bytes_per_account=UNSAID + 100), service.client("member") as member:
        first = begin(member, 90).headers["location"]
        assert refused(begin(member, UNSAID + 11)) == "too-much-open"
        later = begin(member, None).headers["location"]
        declared = {**at(0), "Upload-Length": str(UNSAID + 11)}
        assert refused(member.patch(later, content=b"1", headers=declared)) == "too-much-open"
        assert refused(begin(member, None)) == "too-much-open"
        assert member.delete(first).status_code == 204
        assert member.patch(later, content=b"1", headers=declared).status_code == 204


def test_the_only_upload_under_way_may_have_any_length(service: Service) -> None:
    with service.bureau.ruled(open_bytes_per_account=100), service.client("member") as member:
        assert begin(member, 60 * GIB).status_code == 201
        assert refused(begin(member, 1)) == "too-much-open"


def test_a_token_and_a_squad_are_bounded_too(service: Service) -> None:
    with service.client("dock") as dock, service.client("member") as member:
        with service.bureau.ruled(open_uploads_per_token=1):
            assert begin(dock).status_code == 201
            assert refused(begin(dock)) == "too-many-open"
            assert begin(member).status_code == 201
        with service.bureau.ruled(open_uploads_per_squad=2), service.client("other") as other:
            assert refused(begin(dock)) == refused(begin(member)) == "too-many-open"
            assert begin(other).status_code == 201
        with service.bureau.ruled(open_bytes_per_squad=20):
            assert refused(begin(dock)) == refused(begin(member)) == "too-much-open"


def test_a_member_stops_long_before_the_attack_that_was_tried(service: Service) -> None:
    with service.client("member") as member, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: begin(member, 64 * GIB).status_code, range(40)))
    taken = answers.count(201)
    assert (
        BYTES_PER_ACCOUNT.default >= 4 * 64 * GIB and 4 <= taken <= 8
    )  # a few at the same moment pass together
    assert answers.count(429) == 40 - taken


def test_a_dock_of_fifty_recorders_is_not_hindered(service: Service) -> None:
    """Each sends four files of a card's largest size side by side, and after a cut as many are begun anew."""
    with service.client("dock") as dock, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: begin(dock, 4 * GIB).status_code, range(400)))
    assert set(answers) == {201}
    assert OPEN_PER_TOKEN.default >= 50 * 40 and BYTES_PER_TOKEN.default >= 50 * 10 * 4 * GIB
