"""Cases and campaigns through their actions: scope first, then what follows from a change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.cases import CampaignCreate, Case, CaseCreate
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.links import Link, LinkState
from service.finding.linking.cases import case_detail
from service.kernel.changes import settle
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.i18n import speaking
from service.registry.cases.actions import create_campaign, create_case, update_campaign, update_case
from service.registry.cases.errors import CampaignExists, CaseExists, CaseWrittenOtherwise
from service.registry.cases.importers import CaseImporter
from service.registry.cases.queries import campaign_of, case_of, list_cases
from service.registry.cases.rules import case_number_fold, number_differs
from service.registry.cases.updates import CampaignUpdate, CaseUpdate
from service.registry.importing.actions import run_import
from service.registry.importing.importer import Outcome
from service.supervision.coverage.counting import recount
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing import tables

NUMBER = "蓉城管罚〔2024〕5号"


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    found.squad("one")
    found.squad("two")
    return found


def wanted(**more: Any) -> CaseCreate:
    return CaseCreate(**{"number": NUMBER, "title": "油烟", "squad": "one", **more})


def asked(field: Field) -> set:
    settle(field.session)
    return set(field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all())


def test_only_those_who_may_and_only_for_a_squad_in_sight(field: Field) -> None:
    with pytest.raises(NotAllowed):
        create_case(field.session, field.actor(Role.member, "one"), wanted())
    with pytest.raises(Invalid):
        create_case(field.session, field.actor(Role.reviewer, "two"), wanted())
    case = create_case(field.session, field.actor(Role.reviewer, "one"), wanted())
    other = field.actor(Role.reviewer, "two")
    with pytest.raises(NotFound):
        update_case(field.session, other, case.id, CaseUpdate(title="x"))
    with pytest.raises(NotFound):
        case_detail(field.session, other, case.id)
    assert list_cases(field.session, other).items == []


def test_a_squad_reads_a_case_in_which_its_event_lies_and_does_not_edit_it(field: Field) -> None:
    case = create_case(field.session, field.actor(Role.admin), wanted())
    event = field.event(at("09:00"), at("09:30"), squad="two", case=None)
    event.case_id = case.id
    field.session.flush()
    other = field.actor(Role.reviewer, "two")
    detail = case_detail(field.session, other, case.id)
    assert [one.event.id for one in detail.events] == [event.id]
    assert [one.id for one in detail.without_recording] == [event.id]
    with pytest.raises(NotAllowed):
        update_case(field.session, other, case.id, CaseUpdate(title="x"))


@pytest.mark.parametrize(
    "spelling",
    [
        "蓉城管罚[2024]5号", "蓉城管罚（2024）第005", " 蓉城管罚〔2024〕 5 ", "蓉城管罚〔2024〕５号", "蓉城管罚〖2024〗5号",
        "案号：蓉城管罚「2024」 5 号",
    ],
)  # fmt: skip
def test_a_case_is_one_however_its_number_is_written(field: Field, spelling: str) -> None:
    admin = field.actor(Role.admin)
    case = create_case(field.session, admin, wanted())
    with pytest.raises(CaseExists):
        create_case(field.session, admin, wanted(number=spelling))
    assert case_of(field.session, admin, spelling).id == case.id


@pytest.mark.parametrize(
    ("spelling", "how"),
    [
        ("蓉城管罚[2024]5号", "other brackets"),
        ("蓉城管罚〔2024〕 5 号", "other spaces"),
        ("蓉城管罚〔2024〕５号", "full-width characters"),
        ("蓉城管罚〔2024〕005号", "other zeros in front"),
        ("蓉城管罚〔2024〕5", "another use of 号"),
        ("蓉城管罚字〔2024〕第5号", "another use of 字, another use of 第"),
        ("案号：蓉城管罚〔2024〕5号", "other words before it"),
        ("蓉城\u200b管罚〔2024〕5号", "a character that cannot be seen"),
        ("蓉城管罚〔2024〕-5号", "another dash"),
        ("蓉城管罰〔2024〕5號", "traditional characters"),
        ("蓉城管罚〔二〇二四〕5号", "Chinese digits"),
        (
            "蓉城管罚〔2024年〕№5",
            "full-width characters, another letter case, another use of No., another use of 年, another use of 号",
        ),
        ("“蓉城管罚”〔2024〕5号", "other quotation marks or dots"),
        (
            "蓉城管罚（2024）第05",
            "other brackets, other zeros in front, another use of 第, another use of 号",
        ),
    ],
)
def test_a_number_written_otherwise_is_refused_with_what_is_different(
    field: Field, spelling: str, how: str
) -> None:
    admin = field.actor(Role.admin)
    create_case(field.session, admin, wanted())
    with pytest.raises(CaseWrittenOtherwise) as refused:
        create_case(field.session, admin, wanted(number=spelling))
    with speaking("en"):
        assert refused.value.say() == (
            f"There is 蓉城管罚〔2024〕5号 already: what was sent is the same, written with {refused.value.params['how']}."
        )
        assert number_differs("蓉城管罚〔2024〕5号", spelling) == how


def test_the_very_same_number_is_refused_without_a_difference(field: Field) -> None:
    admin = field.actor(Role.admin)
    create_case(field.session, admin, wanted())
    with pytest.raises(CaseExists) as refused:
        create_case(field.session, admin, wanted())
    assert type(refused.value) is CaseExists


@given(st.sampled_from("赣蓉江城管罚〔[（2024〕]）第0 号字-—１５a“·\u200b"), st.integers(0, 12))
def test_what_differs_is_said_of_every_character(sign: str, place: int) -> None:
    number = "蓉城管罚〔2024〕15号"
    other = number[:place] + sign + number[place:]
    with speaking("en"):
        if case_number_fold(number) == case_number_fold(other):
            assert number_differs(number, other) != "other characters"


def test_a_table_that_names_a_case_twice_says_how_the_second_is_written(field: Field) -> None:
    table = "案号,中队\n蓉城管罚〔2024〕5号,one\n蓉城管罚[2024]5号,one\n"
    field.squad("one")
    with speaking("en"):
        second = tables.bring(field, CaseImporter, table).rows[1]
    assert second.problem == "the same id stands in row 2 already, written with other brackets"


@pytest.mark.parametrize("number", ["", "  ", "\x00"])
def test_a_number_of_nothing_is_refused(field: Field, number: str) -> None:
    with pytest.raises(Invalid):
        create_case(field.session, field.actor(Role.admin), wanted(number=number))


def test_a_recording_that_named_the_case_before_it_was_known_is_linked_anew(field: Field) -> None:
    said = field.recording(at("09:00"), at("09:30"), claims={"case": "蓉城管罚[2024]第5"})
    field.recording(at("09:00"), at("09:30"), claims={"case": "蓉城管罚〔2024〕6号"})
    admin = field.actor(Role.admin)
    case = create_case(field.session, admin, wanted())
    assert asked(field) == {said.id}
    update_case(field.session, admin, case.id, CaseUpdate(number="蓉城管罚〔2024〕6号"))
    assert len(asked(field)) == 2


def test_an_edit_stands_in_custody_and_one_that_changes_nothing_does_not(field: Field) -> None:
    admin = field.actor(Role.admin)
    case = create_case(field.session, admin, wanted())
    update_case(field.session, admin, case.id, CaseUpdate(title="油烟"))
    update_case(field.session, admin, case.id, CaseUpdate(title="噪声"))
    entry = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "edit")).one()
    assert (entry.detail["before"], entry.detail["after"]) == ({"title": "油烟"}, {"title": "噪声"})
    with pytest.raises(Invalid):
        update_case(field.session, admin, case.id, CaseUpdate.model_validate({"title": None}))


def test_a_case_shows_its_events_and_what_is_linked_to_it_alone(field: Field) -> None:
    admin = field.actor(Role.admin)
    case = field.case(NUMBER)
    bare = field.event(at("08:00"), at("08:30"), case=NUMBER)
    shown = field.event(at("09:00"), at("09:30"), case=NUMBER)
    recording = field.recording(at("09:00"), at("09:30"))
    direct = field.recording(at("10:00"), at("10:30"))
    for link in (
        Link(
            recording_id=recording.id, event_id=shown.id, state=LinkState.confirmed, score=1, rule_version="1"
        ),
        Link(recording_id=direct.id, case_id=case.id, state=LinkState.automatic, score=1, rule_version="1"),
    ):
        field.session.add(link)
    recount(field.session, [bare.id, shown.id])
    field.session.commit()
    detail = case_detail(field.session, admin, case.id)
    assert [one.event.id for one in detail.events] == [bare.id, shown.id]
    assert [one.id for one in detail.without_recording] == [bare.id]
    assert [link.recording_id for link in detail.direct] == [direct.id]


def test_campaigns_are_the_whole_bureaus_and_known_by_id_number_or_name(field: Field) -> None:
    admin = field.actor(Role.admin)
    with pytest.raises(NotAllowed):
        create_campaign(field.session, field.actor(Role.member, "one"), CampaignCreate(name="油烟整治"))
    made = create_campaign(field.session, admin, CampaignCreate(external_id="C-1", name="油烟整治"))
    with pytest.raises(CampaignExists):
        create_campaign(field.session, admin, CampaignCreate(external_id="C-1", name="x"))
    for name in ("C-1", "油烟整治", str(made.id)):
        assert campaign_of(field.session, name).id == made.id
    update_campaign(field.session, admin, made.id, CampaignUpdate(name="油烟专项"))
    assert campaign_of(field.session, "油烟专项").id == made.id
    with pytest.raises(Invalid):
        update_campaign(field.session, admin, made.id, CampaignUpdate.model_validate({"name": None}))


@pytest.mark.parametrize(
    "spelling", ["蓉城管罚〖2024〗5号", "蓉城管罚[2024] 5 号", "案号：蓉城管罚〔2024〕5号"]
)
def test_a_table_that_writes_the_number_otherwise_means_the_same_case(field: Field, spelling: str) -> None:
    admin = field.actor(Role.admin)
    create_case(field.session, admin, wanted())
    table = f"案号,案由,中队\n{spelling},油烟,one\n"
    report = run_import(CaseImporter(field.session, admin), table.encode(), "text/csv", dry_run=False)
    assert [(row.outcome, row.changes) for row in report.rows] == [(Outcome.unchanged, [])]
    assert field.session.scalars(select(Case.number)).all() == [NUMBER]


@pytest.mark.parametrize(
    "q",
    [
        "买买提·艾力", "买买提•艾力", "买买提‧艾力", "买买提・艾力", "买买提．艾力", "买买提.艾力", "买买提艾力", "占道经营，买买提",
        "夜市", "“夜市”", NUMBER, "蓉城管罚〖2024〗 5 号", "案号： 蓉城管罚〔2024〕5号", "蓉城管罚2024第005", "人民路12-14",
    ],
)  # fmt: skip
def test_a_case_is_listed_by_words_however_they_are_set(field: Field, q: str) -> None:
    admin = field.actor(Role.admin)
    case = create_case(
        field.session, admin, wanted(title="占道经营、“夜市”", party="买买提·艾力", place="人民路 12—14")
    )
    create_case(field.session, admin, wanted(number="蓉城管罚〔2024〕6号", title="油烟", party="李四"))
    assert [one.id for one in list_cases(field.session, admin, q=q).items] == [case.id]
