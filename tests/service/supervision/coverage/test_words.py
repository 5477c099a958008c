"""Every figure, status, list and reason has its words, and every word a figure."""

from schemas.coverage import Exclusion, ExplanationReason
from service.supervision.coverage.figure_types import Dimension
from service.supervision.coverage.figures import SPECS
from service.supervision.coverage.lists import LISTS
from service.supervision.coverage.rules import EARLY_STOP, LATE_START, MIDDLE
from service.supervision.coverage.status import NOT_DUE, Status
from service.supervision.coverage.words import DIMENSIONS, EXCLUSIONS, EXEMPTIONS, PLACES, STATUSES
from service.supervision.coverage.words import LISTS as TITLES


def test_what_is_counted_is_defined_in_words() -> None:
    assert len({spec.name for spec in SPECS}) == len(SPECS)
    for spec in SPECS:
        words = spec.words
        assert str(words.title)
        assert bool(str(words.numerator)) == bool(str(words.denominator)) == spec.counted


def test_every_status_list_dimension_and_reason_has_its_word() -> None:
    assert set(STATUSES) == set(Status)
    assert set(TITLES) == {one.name for one in LISTS}
    assert set(DIMENSIONS) == set(Dimension)
    assert set(EXEMPTIONS) == set(ExplanationReason)
    assert set(PLACES) == {LATE_START, MIDDLE, EARLY_STOP}
    assert set(EXCLUSIONS) >= {*Exclusion, NOT_DUE, "exempt", "departure_unknown"}
