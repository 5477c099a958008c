"""The import page and the tables that it offers: check first, then apply what was checked."""

import re
from typing import Any

import pytest
from httpx import Response
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.matters import MatterList
from schemas.people import Officer
from service.desk.imports.kinds import IMPORTS
from service.kernel.i18n import speaking
from service.kernel.paper.workbook import write_xlsx
from service.registry.importing.columns import columns
from service.registry.importing.rules import MOST_BYTES, read
from tests.service.access.bureau import Bureau

TABLE = "证号,姓名,中队,备注\n031,队员 031,one,x\n032,队员 032,nine,\n"


def ask(
    bureau: Bureau,
    method: str,
    path: str,
    role: Role = Role.supervisor,
    squad: str | None = None,
    **more: Any,
) -> Response:
    headers = {
        "Authorization": f"Bearer {bureau.secret(role, squad)}",
        "Accept": "text/html",
        **more.pop("headers", {}),
    }
    return bureau.client.request(method, path, headers=headers, **more)


def send(bureau: Bureau, kind: str, content: str | bytes, **fields: Any) -> Response:
    file = ("表.csv", content.encode() if isinstance(content, str) else content, "text/csv")
    return ask(bureau, "POST", f"/import/{kind}", files={"file": file}, data={"do": "check"} | fields)


def fingerprint(page: str) -> str:
    return re.search(r'name="checked" value="([0-9a-f]{64})"', page)[1]


def known(bureau: Bureau, number: str) -> bool:
    with Session(bureau.engine) as session:
        return session.scalars(select(Officer).where(Officer.certificate_no == number)).first() is not None


@pytest.mark.parametrize("role", [Role.member, Role.reviewer, Role.legal, Role.auditor])
def test_only_those_who_may_import_see_the_page(bureau: Bureau, role: Role) -> None:
    assert ask(bureau, "GET", "/import", role, "one").status_code == 403
    answer = ask(bureau, "POST", "/import/officers", role, "one", files={"file": ("t.csv", b"x")})
    assert answer.status_code == 403


def test_every_kind_has_its_page_with_its_columns_and_a_table_to_fill(bureau: Bureau) -> None:
    for kind in IMPORTS.values():
        page = ask(bureau, "GET", f"/import?kind={kind.name}")
        assert page.status_code == 200
        for column in columns(kind):
            assert column.header in page.text
        for form in ("xlsx", "csv"):
            answer = ask(bureau, "GET", f"/api/v1/imports/{kind.name}/template?format={form}")
            assert answer.status_code == 200
            sheet = read(answer.content, "", _names(kind))
            assert (sheet.rows, sheet.ignored) == ([], ())
            required = {c.field for c in columns(kind) if c.required}
            assert required <= sheet.columns
    assert ask(bureau, "GET", "/import?kind=nothing").status_code == 404


def _names(importer: Any) -> dict[str, str]:
    return {**importer.headers, **{name: name for name in importer.model.model_fields}}


def test_a_check_shows_every_row_and_changes_nothing_then_the_same_file_is_applied(bureau: Bureau) -> None:
    page = send(bureau, "officers", TABLE)
    assert page.status_code == 200
    assert "nine" in page.text  # the squad that nobody knows
    assert "备注" in page.text  # the column that nobody knows
    assert not known(bureau, "031")
    done = send(bureau, "officers", TABLE, do="apply", checked=fingerprint(page.text))
    assert done.status_code == 200
    assert known(bureau, "031")
    assert not known(bureau, "032")
    again = send(bureau, "officers", TABLE)
    assert 'name="checked"' not in again.text  # nothing left to do


def test_a_file_that_changed_since_the_check_is_not_applied(bureau: Bureau) -> None:
    page = send(bureau, "officers", TABLE)
    changed = send(
        bureau, "officers", TABLE.replace("031", "041"), do="apply", checked=fingerprint(page.text)
    )
    assert changed.status_code == 409
    assert send(bureau, "officers", TABLE, do="apply").status_code == 409
    assert not known(bureau, "041")


def test_a_workbook_is_read_and_what_is_none_is_refused_in_a_sentence(bureau: Bureau) -> None:
    content = write_xlsx("t", ["证号", "姓名", "中队"], [["031", "队员 031", "one"]])
    assert fingerprint(send(bureau, "officers", content).text)
    for content in (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"PK\x03\x04", b"\x81\x00\xff"):
        assert send(bureau, "officers", content).status_code == 400


def test_a_form_without_a_file_or_with_too_much_is_refused(bureau: Bureau) -> None:
    assert ask(bureau, "POST", "/import/officers", data={"do": "check"}).status_code == 400
    assert ask(bureau, "POST", "/import/officers", files={"other": ("t.csv", b"x")}).status_code == 400
    kind = {"Content-Type": "multipart/form-data"}
    assert ask(bureau, "POST", "/import/officers", content=b"x", headers=kind).status_code == 400
    assert send(bureau, "officers", b"x" * (MOST_BYTES + 100_000)).status_code == 413
    assert send(bureau, "nothing", TABLE).status_code == 404


def test_a_signed_in_browser_needs_the_pages_own_token(bureau: Bureau) -> None:
    cookie = {"zhenglu_session": bureau.secret(Role.supervisor, None)}
    answer = bureau.client.post(
        "/import/officers",
        files={"file": ("t.csv", TABLE.encode())},
        data={"do": "check"},
        headers={"Cookie": f"zhenglu_session={cookie['zhenglu_session']}"},
    )
    assert answer.status_code == 403


def test_a_list_of_matters_says_how_many_events_are_counted_again_before_it_is_published(
    bureau: Bureau,
) -> None:
    content = "执法活动类型,上传时限（小时）\n日常巡查,6\n"
    page = send(bureau, "matters", content, in_force_from="2024-06-01", note="n")
    assert "hx-confirm" in page.text
    with Session(bureau.engine) as session:
        assert session.scalars(select(MatterList)).all() == []
    send(
        bureau,
        "matters",
        content,
        do="apply",
        checked=fingerprint(page.text),
        in_force_from="2024-06-01",
        note="n",
    )
    with Session(bureau.engine) as session:
        listed = session.scalars(select(MatterList)).one()
    assert (str(listed.in_force_from), listed.note) == ("2024-06-01", "n")
    assert send(bureau, "matters", content, in_force_from="June").status_code == 400
    assert (
        "matters" not in ask(bureau, "GET", "/import", Role.supervisor, "one").text.split("subnav")[1][:3000]
    )


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_column_says_what_it_holds(locale: str) -> None:
    with speaking(locale):
        for kind in IMPORTS.values():
            for column in columns(kind):
                assert column.meaning
                assert column.header
