from collections import Counter
from uuid import UUID

import pytest
from sqlmodel import Session

from service.finding.search import queries
from service.finding.search.criteria import SearchFilters
from service.finding.search.documents import SearchDocument, facet_values
from service.finding.search.queries import facets
from tests.bench.search_corpus import SQUADS
from tests.service.finding.search.test_search import MEMBER, in_scope, texts_of

SCOPES = {"bureau": None, "member": MEMBER, "two squads": frozenset({SQUADS[0][0], SQUADS[11][0]})}


def counted(documents: list[SearchDocument]) -> Counter[tuple[str, str]]:
    counts = Counter(value for document in documents for value in facet_values(document))
    counts["total", ""] = len(documents)
    return counts


@pytest.fixture(
    params=[(1000, 5000), (30, 60), (30, 400)], ids=["all read", "rare from the start", "rare late"]
)
def cap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """With a small sample, most values are counted in hits that are read for their rare values alone."""
    monkeypatch.setattr(queries, "FACET_CAP", request.param[0])
    monkeypatch.setattr(queries, "FACET_SAMPLE", request.param[1])
    return request.param[0]


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
@pytest.mark.parametrize("query", [None, "油烟", "中队", "当事人拒绝签字", "没有这样的字"])
def test_counts_are_exact_up_to_the_cap(
    filled: Session,
    documents: list[SearchDocument],
    cap: int,
    scope: frozenset[UUID] | None,
    query: str | None,
) -> None:
    hits = [d for d in in_scope(scope, documents) if not query or any(query in part for part in texts_of(d))]
    found = facets(filled, scope, SearchFilters(q=query))
    flat = {(name, facet.value): facet for name, values in found.items() for facet in values}
    expected = counted(hits)
    assert {key for key, facet in flat.items() if facet.count} == {
        key for key, count in expected.items() if count
    }
    for key, facet in flat.items():
        assert (facet.count, facet.capped) == (min(expected[key], cap), expected[key] > cap)


def test_every_facet_is_there_even_without_hits(filled: Session) -> None:
    assert set(facets(filled, frozenset(), SearchFilters())) == {
        "total",
        "squad",
        "kind",
        "state",
        "media",
        "tag",
        "linked",
    }
    assert facets(filled, frozenset({UUID(int=1)}), SearchFilters())["total"][0].count == 0


def test_filters_narrow_the_counts(filled: Session, documents: list[SearchDocument], cap: int) -> None:
    hits = [d for d in documents if d.state == "partial" and "night" in d.tags]
    found = facets(filled, None, SearchFilters(state=("partial",), tag=("night",)))
    assert [facet.value for facet in found["state"]] == ["partial"]
    assert found["total"][0].count == min(len(hits), cap)


def test_values_come_most_frequent_first(filled: Session) -> None:
    for values in facets(filled, MEMBER, SearchFilters()).values():
        assert [facet.count for facet in values] == sorted((facet.count for facet in values), reverse=True)
