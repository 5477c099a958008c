"""A file's case counts for its neighbours on the recorder only where the file's own squad sees that case."""

from uuid import UUID

import pytest

from service.finding.linking.facts import gather, limits
from tests.service.finding.linking.field import Field, at

NUMBER = "蓉城管罚〔2024〕7号"


def cases_beside(bureau: Field) -> set[UUID | None]:
    """What the files before and behind say, of one that says nothing itself."""
    mine = bureau.recording(at("09:11"), at("09:20"), recorder="R-07")
    found = gather(bureau.session, mine, limits(bureau.session), ())
    assert found.recording.run
    return {piece.case_id for piece in found.recording.run}


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("source", [None, "sidecar", "file_name"])
def test_a_case_of_another_squad_that_a_neighbour_names_is_none(
    bureau: Field, source: str | None, by_id: bool
) -> None:
    case = bureau.case(NUMBER, squad="two")
    bureau.event(at("09:00"), at("09:30"), ("031",), squad="two", case=NUMBER)
    said = {"case": str(case.id) if by_id else NUMBER}
    bureau.recording(at("09:00"), at("09:10"), recorder="R-07", claims={source: said} if source else said)
    assert cases_beside(bureau) == {None}


def test_the_same_case_counts_once_an_event_of_the_squad_lies_in_it(bureau: Field) -> None:
    case = bureau.case(NUMBER, squad="two")
    bureau.recording(at("09:00"), at("09:10"), recorder="R-07", claims={"case": NUMBER})
    assert cases_beside(bureau) == {None}
    bureau.event(at("15:00"), at("15:30"), ("012",), case=NUMBER)
    assert cases_beside(bureau) == {None, case.id}  # the file of the first question is beside it, too


def test_it_is_the_squad_of_the_file_that_counts_and_not_of_who_asks(bureau: Field) -> None:
    """A recorder that another squad had just before."""
    case = bureau.case(NUMBER, squad="two")
    bureau.recording(at("09:00"), at("09:10"), squad="two", recorder="R-07", claims={"case": NUMBER})
    own = bureau.case("蓉城管罚〔2024〕8号")
    bureau.recording(at("09:21"), at("09:30"), recorder="R-07", claims={"case": own.number})
    assert cases_beside(bureau) == {case.id, own.id}
