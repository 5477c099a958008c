"""What leaves the service: tables that hold no formula, a notice that fetches nothing, and a custody row for each."""

import csv
import hashlib
import io
import socket
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlmodel import Session, select

from schemas.accounts import Account, Role
from schemas.coverage import Basis, CoverageSnapshot, Dispute, DisputeState, SnapshotRow
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventKind
from schemas.matters import Duty, MatterBase, MatterList, RecordingMatter
from schemas.policy import PolicyValue
from service.access.actions import open_session
from service.app import create_app
from service.kernel import i18n
from service.kernel.clock import now
from service.kernel.database import get_session
from service.kernel.i18n import gettext as _
from service.kernel.paper import pdf as paper
from service.kernel.paper.workbook import write_book, write_csv
from service.registry.events.subjects import subjects
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.export import figure_table
from service.supervision.coverage.queries import rule_changes
from service.supervision.coverage.selection import Filters
from service.supervision.snapshots import actions, export, notice, queries
from service.supervision.snapshots.actions import freeze
from service.supervision.snapshots.kept import Form, kept_file, kept_files
from service.supervision.snapshots.lines import Names
from service.supervision.snapshots.recount import FIGURES
from tests.service.supervision.snapshots.conftest import known, unguarded

JUNE = date(2024, 6, 1)
EVIL = '=HYPERLINK("http://example.org")'


@pytest.fixture
def client(steady: Session) -> TestClient:
    """The service over this test's own transaction."""
    app = create_app()
    app.dependency_overrides[get_session] = lambda: steady
    app.dependency_overrides[actions.steady_session] = lambda: steady
    return TestClient(app, base_url="http://localhost")


def signed(
    session: Session, client: TestClient, role: Role = Role.supervisor, squad: str | None = None
) -> TestClient:
    account = session.get_one(Account, known(session, role, squad).account_id)
    client.headers["Authorization"] = f"Bearer {open_session(session, account)[0]}"
    session.flush()
    return client


@pytest.fixture
def frozen(steady: Session) -> CoverageSnapshot:
    for event in steady.scalars(select(EnforcementEvent)):
        event.title = EVIL
        steady.add(event)
    recount_all(steady)
    return freeze(steady, known(steady), JUNE, confirmed=True)


def test_the_workbook_holds_figures_definitions_rules_and_every_row(
    steady: Session, frozen: CoverageSnapshot
) -> None:
    book = load_workbook(io.BytesIO(write_book(export.sheets(steady, known(steady), frozen))))
    figures, words, rules, events, *_rest = book.worksheets
    assert figures.max_row == 1 + 2 * 3 * len(FIGURES)  # both bases; two squads and the whole
    assert words.max_row == 1 + len(FIGURES)
    assert any(frozen.rows_sha256 in map(str, row) for row in rules.iter_rows(values_only=True))
    rows = steady.scalars(select(SnapshotRow).where(SnapshotRow.about == "event")).all()
    assert events.max_row == 1 + len(rows)


def test_no_text_of_a_person_becomes_a_formula(steady: Session, frozen: CoverageSnapshot) -> None:
    sheet = export.one_sheet(steady, known(steady), frozen, export.Table.events)
    body = write_csv(sheet.columns, sheet.rows)
    assert body.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"))) for cell in row]
    assert f"'{EVIL}" in cells and not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    book = load_workbook(io.BytesIO(write_book(export.sheets(steady, known(steady), frozen))))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


def test_a_squad_exports_its_own_rows_only(steady: Session, frozen: CoverageSnapshot) -> None:
    mine = known(steady, Role.supervisor, "one")
    for sheet in export.sheets(steady, mine, frozen):
        if "id" in sheet.columns and "中队" in sheet.columns:
            place = sheet.columns.index("中队")
            assert {row[place] for row in sheet.rows} <= {"中队 one"}
    figures = export.sheets(steady, mine, frozen)[0]
    assert {row[2] for row in figures.rows} == {"中队 one"}
    page = notice.notice_page(steady, mine, frozen)
    assert page.squad == "中队 one"
    assert {one.squad for one in page.problems} <= {"中队 one"}
    other = str(known(steady, Role.supervisor, "two").squad_id)
    assert other not in str(queries.figures_for(frozen, mine))


def test_a_link_to_a_recording_of_another_squad_does_not_name_it(
    steady: Session, frozen: CoverageSnapshot
) -> None:
    unguarded(steady)
    row = steady.scalars(select(SnapshotRow).where(SnapshotRow.about == "link")).first()
    other = known(steady, Role.supervisor, "two" if "one" in str(row.squad_id) else "one").squad_id
    row.row = row.row | {"recording_squad_id": str(frozen.id), "file_name": "theirs.mp4"}
    row.squad_id = other
    steady.add(row)
    steady.flush()
    squad = next(
        code for code in ("one", "two") if known(steady, Role.supervisor, code).squad_id == row.squad_id
    )
    sheet = export.one_sheet(steady, known(steady, Role.supervisor, squad), frozen, export.Table.links)
    assert "theirs.mp4" not in str(sheet.rows)


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_the_notice_is_a_pdf_in_both_languages(
    steady: Session, frozen: CoverageSnapshot, locale: str
) -> None:
    with i18n.speaking(locale):
        page = notice.notice_page(steady, known(steady), frozen)
        assert page.problems and len(page.squads) == 2 and len(page.figures) == len(FIGURES)
        assert notice.pdf(steady, known(steady), frozen).startswith(b"%PDF-")


def test_what_leaves_a_demo_says_so(steady: Session, frozen: CoverageSnapshot, client: TestClient) -> None:
    real = kept_file(steady, known(steady), frozen, Form.xlsx)
    said = str(_("Demonstration with sample data: officers, cases and recordings are made up."))
    assert said not in str(export.sheets(steady, known(steady), frozen))
    assert said not in notice.html(steady, known(steady), frozen)
    steady.add(PolicyValue(name="demo_database", value=True))
    steady.flush()
    assert said in str(export.sheets(steady, known(steady), frozen))
    assert said in notice.html(steady, known(steady), frozen)
    assert kept_file(steady, known(steady), frozen, Form.xlsx).sha256 != real.sha256
    signed(steady, client)
    for path in ("snapshots/2024-06/export?format=pdf", "coverage/export?from=2024-06-01&format=csv"):
        answer = client.get(f"/api/v1/{path}")
        assert 'filename="sample-coverage-' in answer.headers["content-disposition"]


def test_whatever_a_dispute_says_the_notice_fetches_nothing(
    steady: Session, frozen: CoverageSnapshot
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        here = f"http://127.0.0.1:{door.getsockname()[1]}/x"
        evil = f"<img src='{here}'><link rel=stylesheet href='{here}'><style>@import '{here}';</style>"
        dispute(steady, frozen, evil)
        assert notice.pdf(steady, known(steady), frozen).startswith(b"%PDF-")
        assert paper.write(evil).startswith(b"%PDF-")  # and had it been taken for markup
        with pytest.raises(TimeoutError):
            door.accept()


def dispute(session: Session, snapshot: CoverageSnapshot, statement: str = "录像标错了活动") -> Dispute:
    row = session.scalars(select(SnapshotRow).where(SnapshotRow.about == "event")).first()
    made = Dispute(
        event_id=row.subject_id,
        statement=statement,
        state=DisputeState.upheld,
        asked_by=known(session, Role.auditor).account_id,
        decided_by=known(session).account_id,
        decided_at=now(),
        answer="已核实",
        snapshot_id=snapshot.id,
    )
    session.add(made)
    session.flush()
    return made


def test_a_dispute_upheld_later_stands_beside_the_figures_and_not_in_them(
    steady: Session, frozen: CoverageSnapshot, client: TestClient
) -> None:
    before = frozen.figures
    dispute(steady, frozen)
    page = notice.notice_page(steady, known(steady), frozen)
    assert [one.answer for one in page.upheld] == ["已核实"]
    told = signed(steady, client).get("/api/v1/snapshots/2024-06").json()
    assert [one["answer"] for one in told["upheld_disputes"]] == ["已核实"]
    assert told["total"] == before["counted"]["total"]
    assert "已核实" in client.get("/snapshots/2024-06", headers={"Accept": "text/html"}).text


def test_every_export_stands_in_custody(
    steady: Session, frozen: CoverageSnapshot, client: TestClient
) -> None:
    signed(steady, client)
    for query in ("format=xlsx", "format=csv&table=links", "format=pdf"):
        answer = client.get(f"/api/v1/snapshots/2024-06/export?{query}")
        assert answer.status_code == 200 and "attachment" in answer.headers["content-disposition"]
    assert client.get("/api/v1/coverage/export?from=2024-06-01&format=csv").status_code == 200
    rows = steady.scalars(select(CustodyEntry).where(CustodyEntry.action == "export")).all()
    assert [row.detail["format"] for row in rows] == ["xlsx", "csv", "pdf", "csv"]
    assert [row.subject_kind for row in rows] == ["snapshot"] * 3 + ["coverage"]


def test_the_export_of_the_board_holds_what_the_board_says(steady: Session, client: TestClient) -> None:
    signed(steady, client, Role.auditor)
    asked = "from=2024-06-01&to=2024-06-30&by=kind&basis=confirmed"
    client.headers["Accept-Language"] = "en"
    told = client.get(f"/api/v1/coverage?{asked}").json()
    body = client.get(f"/api/v1/coverage/export?{asked}&format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert len(rows) == (len(told["rows"]) + 1) * len(told["total"]["figures"])
    assert [float(row["Numerator"]) for row in rows[-5:]] == pytest.approx(
        [one["numerator"] for one in told["total"]["figures"].values()]
    )
    assert client.get(f"/api/v1/coverage/export?{asked}&format=xlsx").content.startswith(b"PK")


def test_the_pages_go_from_the_list_over_the_preview_to_a_frozen_month_and_its_rows(
    steady: Session, client: TestClient
) -> None:
    signed(steady, client)
    said = {"Accept": "text/html"}
    assert "/snapshots/2024-06" in client.get("/snapshots", headers=said).text
    assert 'name="confirmed"' in client.get("/snapshots/2024-06", headers=said).text
    done = client.post(
        "/snapshots/2024-06/freeze", data={"confirmed": "yes"}, headers=said, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, "/snapshots/2024-06")
    frozen_page = client.get("/snapshots/2024-06", headers=said).text
    assert queries.get_snapshot(steady, JUNE).rows_sha256 in frozen_page
    for figure in FIGURES:
        for basis in Basis:
            rows = client.get(f"/snapshots/2024-06/rows?figure={figure}&basis={basis}", headers=said)
            assert rows.status_code == 200, (figure, rows.text[:300])
    assert client.get("/snapshots/2024-06/check", headers=said).status_code == 200
    assert client.get("/api/v1/snapshots/2024-06/check").json() == {
        "good": True,
        "figures": True,
        "rows": True,
    }


def test_a_squad_sees_the_month_but_no_button_to_freeze_it(steady: Session, client: TestClient) -> None:
    signed(steady, client, Role.supervisor, "one")
    page = client.get("/snapshots/2024-06", headers={"Accept": "text/html"}).text
    assert 'name="confirmed"' not in page


@pytest.mark.parametrize("month", ["2024-13", "2024", "junk", "2024-6-1", "0000-01"])
def test_a_month_that_is_none_is_said_to_be_none(steady: Session, client: TestClient, month: str) -> None:
    assert signed(steady, client).get(f"/api/v1/snapshots/{month}").status_code == 400


def test_two_months_under_other_rules_are_said_not_to_compare(
    steady: Session, frozen: CoverageSnapshot
) -> None:
    assert queries.differences(frozen, frozen) == []
    other = frozen.model_copy(
        update={"rule_version": "0", "definitions": frozen.definitions | {"matters": {}}}
    )
    assert queries.differences(frozen, other) == ["rule_version", "matters"]
    steady.add(PolicyValue(name="unlinked_grace_hours", value=1))
    steady.flush()
    changed = actions._definitions(steady, queries.Filters(since=JUNE, until=JUNE))
    later = frozen.model_copy(update={"definitions": frozen.definitions | {"policy": changed["policy"]}})
    assert queries.differences(later, frozen) == ["unlinked_grace_hours"]


def test_the_frozen_words_are_those_of_both_languages(steady: Session, frozen: CoverageSnapshot) -> None:
    assert set(frozen.definitions["words"]) == set(i18n.LOCALES)
    with i18n.speaking("en"):
        assert export.words_of(frozen)["figures"][0]["title"] == "Events recorded"
    columns, lines = figure_table([frozen.figures["counted"]["total"]], ())
    assert len(lines) == len(FIGURES) and len(lines[0]) == len(columns)
    assert Names.of(frozen, subjects(steady)).squads


def test_a_notice_is_made_once_and_known_by_its_fingerprint(
    steady: Session, frozen: CoverageSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, made = known(steady), list[int]()

    def pdf(*_: Any) -> bytes:
        made.append(1)
        return f"%PDF-{len(made)}".encode()

    monkeypatch.setattr(notice, "pdf", pdf)
    first = kept_file(steady, actor, frozen, Form.pdf)
    assert first.sha256 == hashlib.sha256(b"%PDF-1").hexdigest()
    assert kept_file(steady, known(steady, Role.auditor), frozen, Form.pdf).content == b"%PDF-1"
    with i18n.speaking("en"):
        assert kept_file(steady, actor, frozen, Form.pdf).content == b"%PDF-2"
    squad = known(steady, Role.supervisor, "one")
    assert kept_file(steady, squad, frozen, Form.pdf).content == b"%PDF-3"
    assert {one.sha256 for one in kept_files(steady, squad, frozen)} == {
        hashlib.sha256(b"%PDF-3").hexdigest()
    }
    dispute(steady, frozen)
    assert kept_file(steady, actor, frozen, Form.pdf).content == b"%PDF-4"
    assert len(kept_files(steady, actor, frozen)) == 3


def test_who_asks_twice_has_the_same_workbook_and_its_fingerprint_is_shown(
    steady: Session, frozen: CoverageSnapshot, client: TestClient
) -> None:
    signed(steady, client)
    address = "/api/v1/snapshots/2024-06/export?format=xlsx"
    one, two = client.get(address), client.get(address)
    assert one.content == two.content
    sha256 = hashlib.sha256(one.content).hexdigest()
    assert one.headers["Zhenglu-SHA256"] == sha256
    assert sha256 in client.get("/snapshots/2024-06", headers={"Accept": "text/html"}).text
    assert client.get("/api/v1/snapshots/2024-06").json()["files"][0]["sha256"] == sha256


def test_a_list_published_after_the_freeze_is_said_and_changes_nothing_frozen(
    steady: Session, frozen: CoverageSnapshot
) -> None:
    actor = known(steady)
    assert not queries.counted_anew(steady, frozen)
    before = frozen.figures
    lines = [MatterBase(kind=kind, duty=Duty.text_suffices) for kind in EventKind]
    listed = MatterList(version=9, in_force_from=date(2024, 6, 20), published_at=now())
    steady.add(listed)
    steady.flush()
    steady.add_all(RecordingMatter(list_id=listed.id, **line.model_dump()) for line in lines)
    steady.flush()
    assert queries.counted_anew(steady, frozen)
    june = next(one for one in queries.months(steady, actor) if one.month == JUNE)
    assert june.backdated
    changes = rule_changes(steady, Filters(since=JUNE, until=date(2024, 7, 1)))
    assert [one.version for one in changes if one.backdated][-1] == 9
    later = rule_changes(steady, Filters(since=date(2024, 7, 1), until=date(2024, 8, 1)))
    assert [(one.version, one.backdated) for one in later] == [(9, True)]
    assert frozen.figures == before
