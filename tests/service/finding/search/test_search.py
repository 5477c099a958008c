"""Against a real PostgreSQL: what search finds is what looking at every document finds."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from deploy.process import wait_until
from service.finding.search import queries
from service.finding.search.documents import (
    SearchDocument,
    remove_document,
    turns,
    write_document,
    write_documents,
)
from service.finding.search.errors import CursorUnreadable, FilterUnreadable, QueryTooShort
from service.finding.search.project import index_recordings
from service.finding.search.queries import SearchFilters, search
from service.finding.search.rules import Near
from service.finding.search.schema import TABLE, ensure_partition, partition_months
from service.kernel.geo import distance_m
from service.kernel.round_trip import together
from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold
from tests.bench.search_corpus import SQUADS

MEMBER = frozenset({SQUADS[3][0]})
SCOPES = {
    "bureau": None,
    "member": MEMBER,
    "small squad": frozenset({SQUADS[11][0]}),
    "three squads": frozenset(squad for squad, _ in SQUADS[2:5]),
    "unknown squad": frozenset({UUID(int=99)}),
    "nobody": frozenset(),
}


def in_scope(scope: frozenset[UUID] | None, documents: list[SearchDocument]) -> list[SearchDocument]:
    return [document for document in documents if scope is None or document.squad_id in scope]


def newest_first(documents: list[SearchDocument]) -> list[UUID]:
    ordered = sorted(
        documents, key=lambda document: (document.received_at, document.recording_id), reverse=True
    )
    return [document.recording_id for document in ordered]


def all_pages(session: Session, scope: frozenset[UUID] | None, filters: Any, limit: int = 50) -> list[UUID]:
    found, cursor = [], None
    while True:
        page = search(session, scope, filters, cursor, limit)
        found += [hit.recording_id for hit in page.items]
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.items) == limit


def texts_of(document: SearchDocument) -> list[str]:
    numbers = [*document.cases, *document.events, *document.officers, *document.recorders]
    return [*map(fold, document.texts), *(fold(number) for number in numbers if isinstance(number, str))]


@pytest.fixture(params=[2000, 40], ids=["walk", "look up"])
def walk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a short walk nearly every query takes the other way, by the token index."""
    monkeypatch.setattr(queries, "WALK", request.param)


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_random_substrings_find_what_like_finds(
    filled: Session, documents: list[SearchDocument], walk: None, scope: frozenset[UUID] | None
) -> None:
    chance = Random(str(scope))
    for _ in range(15):
        source = chance.choice([part for part in texts_of(chance.choice(documents)) if len(part) > 1])
        length = min(len(source), chance.randint(2, 6))
        start = chance.randint(0, len(source) - length)
        needle = source[start : start + length]
        like = "%" + needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = filled.execute(
            text(f"SELECT recording_id, squad_id FROM {TABLE} WHERE body LIKE :like"), {"like": like}
        )
        expected = {row.recording_id for row in rows if scope is None or row.squad_id in scope}
        seen = {
            d.recording_id for d in in_scope(scope, documents) if any(needle in part for part in texts_of(d))
        }
        found = all_pages(filled, scope, SearchFilters(q=needle), 200)
        assert len(found) == len(set(found))
        assert set(found) == expected
        assert expected >= seen


def test_several_words_must_all_be_found(
    filled: Session, documents: list[SearchDocument], walk: None
) -> None:
    found = all_pages(filled, None, SearchFilters(q="油烟 潭口　餐饮店"), 200)
    expected = [
        d for d in documents if all(any(w in t for t in texts_of(d)) for w in ("油烟", "潭口", "餐饮店"))
    ]
    assert found == newest_first(expected)
    assert found


def test_words_never_match_across_two_texts(filled: Session, documents: list[SearchDocument]) -> None:
    assert all_pages(filled, None, SearchFilters(q="中队日常")) == []


FILTERS = {
    "squad": (SearchFilters(squad=(SQUADS[3][0], SQUADS[4][0])), lambda d: d.squad_id in (SQUADS[3][0], SQUADS[4][0])),
    "kind": (SearchFilters(kind=("coercion",)), lambda d: "coercion" in d.kinds),
    "kinds": (SearchFilters(kind=("coercion", "inspection")), lambda d: {"coercion", "inspection"} & set(d.kinds)),
    "state": (SearchFilters(state=("refused", "partial")), lambda d: d.state in ("refused", "partial")),
    "video": (SearchFilters(media=("video",)), lambda d: d.media == "video"),
    "photo": (SearchFilters(media=("photo",)), lambda d: d.media == "photo"),
    "no video": (SearchFilters(media=("photo", "sound")), lambda d: d.media in ("photo", "sound")),
    "tags": (SearchFilters(tag=("night", "rain")), lambda d: {"night", "rain"} <= set(d.tags)),
    "linked": (SearchFilters(linked=True), lambda d: d.linked),
    "unlinked": (SearchFilters(linked=False), lambda d: not d.linked),
    "officer": (SearchFilters(officer=("061",)), lambda d: "061" in d.officers),
    "recorder": (SearchFilters(recorder=("r-036", "R-037")), lambda d: {"R-036", "R-037"} & set(d.recorders)),
    "event": (SearchFilters(event=(UUID(int=0xE0_0000 + 9),)), lambda d: UUID(int=0xE0_0000 + 9) in d.events),
    "event number": (SearchFilters(event=("HD2024010000019",)), lambda d: "HD2024010000019" in d.events),
    "case": (
        SearchFilters(case=("赣蓉江城管罚[2024]第007",)),
        lambda d: any(case_number_fold(case) == "赣蓉江城管罚(2024)7" for case in d.cases),
    ),
    "days": (
        SearchFilters(since=datetime(2024, 3, 5, 4, tzinfo=UTC), until=datetime(2024, 3, 9, 20, tzinfo=UTC)),
        lambda d: datetime(2024, 3, 5, 4, tzinfo=UTC) <= d.recorded_from < datetime(2024, 3, 9, 20, tzinfo=UTC),
    ),
    "half a year": (
        SearchFilters(since=datetime(2023, 1, 1, tzinfo=UTC), until=datetime(2024, 7, 1, tzinfo=UTC)),
        lambda d: d.recorded_from < datetime(2024, 7, 1, tzinfo=UTC),
    ),
    "since": (
        SearchFilters(since=datetime(2024, 9, 1, tzinfo=UTC)),
        lambda d: d.recorded_from >= datetime(2024, 9, 1, tzinfo=UTC),
    ),
    "near": (
        SearchFilters(near=Near(25.83, 114.93, 1500)),
        lambda d: d.lat is not None and distance_m(25.83, 114.93, d.lat, d.lon) <= 1500,
    ),
    "all together": (
        SearchFilters(q="中队", kind=("inspection",), state=("ready",), linked=True, near=Near(25.83, 114.93, 6000)),
        lambda d: (
            "inspection" in d.kinds and d.state == "ready" and d.linked
            and d.lat is not None and distance_m(25.83, 114.93, d.lat, d.lon) <= 6000
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("scope", [None, MEMBER], ids=["bureau", "member"])
def test_a_filter_keeps_what_it_says(
    filled: Session, documents: list[SearchDocument], walk: None, name: str, scope: frozenset[UUID] | None
) -> None:
    filters, keeps = FILTERS[name]
    expected = newest_first([d for d in in_scope(scope, documents) if keeps(d)])
    assert all_pages(filled, scope, filters, 200) == expected
    if scope is None:
        assert expected


def test_without_filters_the_whole_scope_comes_newest_first(
    filled: Session, documents: list[SearchDocument], walk: None
) -> None:
    assert all_pages(filled, None, SearchFilters(), 200) == newest_first(documents)
    assert all_pages(filled, MEMBER, SearchFilters(), 7) == newest_first(in_scope(MEMBER, documents))


def test_a_squad_outside_the_scope_is_not_searched(filled: Session) -> None:
    assert all_pages(filled, MEMBER, SearchFilters(squad=(SQUADS[4][0],))) == []


@pytest.mark.parametrize(
    "query",
    [
        "%%",
        "__",
        "\\\\",
        "油%",
        "_油",
        "';--",
        "') OR true --",
        "$1",
        ":c0",
        "%s",
        "{}",
        "\\x00",
        "'; DROP TABLE search_documents; --",
    ],
)
def test_no_character_of_a_query_means_anything_but_itself(
    filled: Session, documents: list[SearchDocument], walk: None, query: str
) -> None:
    before = all_pages(filled, None, SearchFilters(q=query))
    expected = [d for d in documents if all(any(fold(w) in t for t in texts_of(d)) for w in query.split())]
    assert before == newest_first(expected)
    odd = SearchDocument(
        recording_id=uuid4(), received_at=datetime(2024, 5, 1, tzinfo=UTC), squad_id=None, state="ready",
        texts=(f"甲{query}乙",), tags=(query,), officers=(query,),
    )  # fmt: skip
    write_document(filled, odd)
    for filters in (SearchFilters(q=query), SearchFilters(tag=(query,)), SearchFilters(officer=(query,))):
        assert odd.recording_id in all_pages(filled, None, filters)


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_what_no_column_can_hold_is_a_clear_error(bad: str) -> None:
    with pytest.raises(FilterUnreadable):
        SearchFilters(tag=(bad,))


def test_a_time_without_zone_is_a_clear_error() -> None:
    with pytest.raises(FilterUnreadable):
        SearchFilters(since=datetime(2024, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_limit_out_of_bounds_is_a_clear_error(filled: Session, limit: int) -> None:
    with pytest.raises(FilterUnreadable):
        search(filled, None, SearchFilters(), None, limit)


def test_one_character_is_a_clear_error_for_everyone(filled: Session) -> None:
    for scope in SCOPES.values():
        with pytest.raises(QueryTooShort):
            search(filled, scope, SearchFilters(q="油"))


def test_a_damaged_cursor_is_a_clear_error(filled: Session) -> None:
    cursor = search(filled, None, SearchFilters(q="油烟"), None, 5).next
    with pytest.raises(CursorUnreadable):
        search(filled, None, SearchFilters(q="油烟"), cursor[:-1], 5)
    with pytest.raises(CursorUnreadable):
        search(filled, None, SearchFilters(q="噪音"), cursor, 5)


def test_pages_lose_and_repeat_nothing_while_recordings_arrive(
    filled: Session, documents: list[SearchDocument], walk: None
) -> None:
    filters, chance = SearchFilters(q="中队"), Random(5)
    expected = newest_first(documents)
    late, found, cursor = set(), [], None
    while True:
        page = search(filled, None, filters, cursor, 200)
        found += [hit.recording_id for hit in page.items]
        cursor = page.next
        if cursor is None:
            break
        newer = replace(
            chance.choice(documents),
            recording_id=uuid4(),
            received_at=documents[-1].received_at + timedelta(hours=len(found)),
        )
        write_document(filled, newer)
        write_document(filled, chance.choice(documents))  # written again, unchanged
        late.add(newer.recording_id)
    assert found == expected
    assert late.isdisjoint(found)


def test_arrivals_of_the_same_moment_are_all_paged(filled: Session, walk: None) -> None:
    moment = datetime(2024, 8, 8, 8, tzinfo=UTC)
    same = [
        SearchDocument(
            recording_id=uuid4(),
            received_at=moment,
            squad_id=SQUADS[3][0],
            state="ready",
            texts=("同时到达",),
        )
        for _ in range(95)
    ]
    assert write_documents(filled, same) == 95
    assert all_pages(filled, MEMBER, SearchFilters(q="同时到达"), 10) == newest_first(same)


def test_a_document_written_again_replaces_the_old_one(
    filled: Session, documents: list[SearchDocument]
) -> None:
    old = documents[100]
    assert old.recording_id in all_pages(filled, None, SearchFilters(event=old.events))
    write_document(
        filled, replace(old, texts=("蒸汽朋克",), events=(), received_at=old.received_at + timedelta(days=40))
    )
    assert all_pages(filled, None, SearchFilters(q="蒸汽朋克")) == [old.recording_id]
    assert old.recording_id not in all_pages(filled, None, SearchFilters(event=old.events))
    remove_document(filled, old.recording_id)
    assert all_pages(filled, None, SearchFilters(q="蒸汽朋克")) == []


@pytest.mark.parametrize(
    "received_at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2031, 12, 31, 23, 59, tzinfo=UTC)]
)
def test_an_arrival_far_from_the_others_is_found(filled: Session, received_at: datetime) -> None:
    write_document(
        filled,
        SearchDocument(
            recording_id=UUID(int=5),
            received_at=received_at,
            squad_id=None,
            state="ready",
            texts=("孤例一件",),
        ),
    )
    assert all_pages(filled, None, SearchFilters(q="孤例一件")) == [UUID(int=5)]


def test_what_waited_in_the_default_partition_moves_to_its_month(filled: Session) -> None:
    filled.execute(
        text(f"INSERT INTO {TABLE} SELECT gen_random_uuid(), '2022-02-03', squad_id, NULL, NULL, NULL, true, state, kinds,"
             f" tags, refs, '等候分区', grams, media FROM {TABLE} LIMIT 3")
    )  # fmt: skip
    month = datetime(2022, 2, 20, tzinfo=UTC)
    assert ensure_partition(filled, month)
    assert not ensure_partition(filled, month)
    assert filled.scalar(text(f"SELECT count(*) FROM {TABLE}_2022_02")) == 3
    assert filled.scalar(text(f"SELECT count(*) FROM {TABLE}_default")) == 0
    assert datetime(2022, 2, 1, tzinfo=UTC) in partition_months(filled)


def test_two_writers_of_one_recording_leave_one_document(
    empty: Engine, documents: list[SearchDocument]
) -> None:
    ids = [document.recording_id for document in documents[:5]]

    def write(n: int) -> None:
        for turn in range(6):
            with Session(empty) as session:
                batch = [
                    replace(d, texts=(f"写者{n}",), received_at=d.received_at + timedelta(days=31 * turn))
                    for d in documents[:5]
                ]
                write_documents(session, reversed(batch) if n else batch)
                session.commit()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    with Session(empty) as session:
        assert sorted(session.scalars(text(f"SELECT recording_id FROM {TABLE}"))) == sorted(ids)


def test_who_writes_into_a_new_month_waits_for_a_turn_without_holding_up_whoever_has_it(
    empty: Engine, documents: list[SearchDocument]
) -> None:
    first, second = documents[0], replace(documents[1], received_at=datetime(2034, 5, 6, tzinfo=UTC))

    def write() -> None:
        with Session(empty) as session:
            write_documents(session, [second])
            session.commit()

    with ThreadPoolExecutor(1) as pool, Session(empty) as session:
        together(session, turns([first.recording_id, second.recording_id]))
        waiting = pool.submit(write)
        with Session(empty) as other:
            other.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            blocked = text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            assert wait_until(lambda: bool(other.scalar(blocked)), 60)
        write_documents(session, [first])
        session.commit()
        waiting.result()
        assert session.scalar(text(f"SELECT count(*) FROM {TABLE}")) == 2


def test_a_change_of_very_many_recordings_does_not_fill_the_database_s_table_of_locks(
    session: Session,
) -> None:
    index_recordings(session, [uuid4() for _ in range(20_000)])
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
    assert (session.scalar(held) or 0) < 6_400 / 4  # what PostgreSQL keeps if it is not told otherwise
