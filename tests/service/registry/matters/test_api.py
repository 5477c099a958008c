"""/api/v1/matters and its page over HTTP."""

import io
from typing import Any

from httpx import Response
from openpyxl import load_workbook

from schemas.accounts import Role
from tests.service.access.bureau import Bureau

LIST = "执法活动类型,事项,上传时限（小时）\n日常巡查,,6\n行政强制,=cmd(),6\n"


def send(bureau: Bureau, content: str, **query: Any) -> Response:
    return bureau.client.post(
        "/api/v1/matters/import",
        params={"in_force_from": "2024-06-01", **query},
        content=content.encode(),
        headers={
            "Authorization": f"Bearer {bureau.secret(Role.supervisor, None)}",
            "Content-Type": "text/csv",
        },
    )


def get(bureau: Bureau, path: str, role: Role = Role.member, squad: str = "one", **more: Any) -> Response:
    headers = {"Authorization": f"Bearer {bureau.secret(role, squad)}", **more}
    return bureau.client.get(path, headers=headers)


def test_a_list_is_checked_published_shown_compared_and_exported(bureau: Bureau) -> None:
    checked = send(bureau, LIST, dry_run="true").json()
    assert (checked["applied"], checked["version"], checked["events"]) == (False, None, 1)
    published = send(bureau, LIST, note="市局〔2024〕1号").json()
    assert (published["applied"], published["version"], published["events"]) == (True, 1, 1)
    listed = get(bureau, "/api/v1/matters").json()["items"]
    assert [(one["version"], one["in_force"], one["lines"]) for one in listed] == [
        (1, True, 2),
        (0, False, 4),
    ]
    shown = get(bureau, "/api/v1/matters/1").json()
    assert {(line["kind"], line["upload_hours"]) for line in shown["items"]} == {
        ("inspection", 6), ("coercion", 6),
    }  # fmt: skip
    changes = get(bureau, "/api/v1/matters/1/changes?since=0").json()["items"]
    assert {(one["kind"], one["before"] is None, one["after"] is None) for one in changes} >= {
        ("coercion", True, False), ("document_delivery", False, True),
    }  # fmt: skip
    for form in ("xlsx", "csv"):
        answer = get(bureau, f"/api/v1/matters/1/export?format={form}")
        assert answer.status_code == 200
        assert f'filename="recording-matters-v1.{form}"' in answer.headers["content-disposition"]
    book = load_workbook(io.BytesIO(get(bureau, "/api/v1/matters/1/export").content)).active
    subjects = [row[1] for row in book.iter_rows(min_row=2, values_only=True)]
    assert "'=cmd()" in subjects


def test_a_version_that_is_not_there_is_not_found(bureau: Bureau) -> None:
    for path in ("/api/v1/matters/7", "/api/v1/matters/7/export", "/matters/7"):
        assert get(bureau, path).status_code == 404
    assert get(bureau, "/api/v1/matters/0/changes?since=7").status_code == 404


def test_all_may_read_the_page_and_only_the_bureaus_supervisors_are_offered_to_publish(
    bureau: Bureau,
) -> None:
    send(bureau, LIST)
    for role, squad, offered in (
        (Role.member, "one", False),
        (Role.supervisor, "one", False),
        (Role.supervisor, None, True),
    ):
        for path in ("/matters", "/matters/1?since=0", "/matters/0"):
            page = get(bureau, path, role, squad, Accept="text/html")
            assert page.status_code == 200
            assert ("/import?kind=matters" in page.text) == offered
