"""Part numbers and sizes for any history of an upload, without a store."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.kernel.storage.protocols import MIB, Stored
from service.kernel.storage.s3_concatenation import plan, whole
from service.kernel.storage.s3_parts import (
    MAX_PART,
    MAX_PARTS,
    MIN_PART,
    WINDOW,
    Layout,
    Tail,
    part_size,
    worth_a_part,
)

TIB = 2**40


def parts_of(length: int, told: bool, deaths: list[int]) -> list[tuple[int, int]]:
    """(number, size) when writers die after as many parts as `deaths` says, in turn."""
    made, number, offset, since, turn = [], 1, 0, 0, 0
    while offset < length:
        if turn < len(deaths) and since == deaths[turn]:
            number, since, turn = number + WINDOW, 0, turn + 1
        size = min(part_size(number, offset, length if told else None), length - offset)
        made.append((number, size))
        number, offset, since = number + 1, offset + size, since + 1
    return made


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 5 * TIB), st.booleans(), st.lists(st.integers(0, 300), max_size=60))
def test_any_length_fits_into_the_numbers(length: int, told: bool, deaths: list[int]) -> None:
    made = parts_of(length, told, deaths)
    assert sum(size for _, size in made) == length
    assert made[-1][0] <= MAX_PARTS
    assert all(MIN_PART <= size <= MAX_PART for _, size in made[:-1])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 100 * 2**30), st.integers(5_000_000, 64 * MIB))
def test_requests_of_any_size_do_not_use_up_the_numbers(length: int, request: int) -> None:
    """Each request ends cleanly after `request` bytes, as with a client that sends in pieces."""
    layout, received = Layout(), 0
    while received < length and layout.next <= MAX_PARTS:
        received += min(request, length - received)
        number, sent = layout.next, layout.in_parts
        while (waiting := received - sent) and waiting >= (size := part_size(number, sent, length)):
            number, sent = number + 1, sent + size
        if (waiting := received - sent) and worth_a_part(waiting, number, sent, length):
            number, sent = number + 1, sent + waiting
        layout = Layout(next=number, runs=((1, number - 1, sent),))
    assert received == length
    assert layout.next <= MAX_PARTS + 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, WINDOW - 1)), max_size=100))
def test_no_number_is_ever_used_by_two_epochs(history: list[tuple[bool, int]]) -> None:
    """Each epoch uses some of the numbers it was granted, and ends well or not at all."""
    layout, used = Layout(), set[int]()
    for ends_well, uses in history:
        layout = Layout.from_state(layout.begun().to_state())
        mine = set(range(layout.next, layout.limit))
        assert not mine & used
        assert all(number >= max(used, default=0) for number in mine)
        if ends_well:
            used |= set(range(layout.next, layout.next + uses))
            layout = Layout(next=layout.next + uses, limit=layout.next + uses)
        else:
            used |= mine


def test_a_state_stays_small_and_survives_json() -> None:
    layout = Layout("id", tail=None)
    for number in range(1, 9001):
        layout = layout.with_part(number, 8 * MIB)
    assert layout.runs == ((1, 9000, 9000 * 8 * MIB),)
    with_tail = Layout("id", 5, 13, ((1, 4, 100),), Tail("tails/k/1-5", "v", 7), True)
    assert Layout.from_state(with_tail.to_state()) == with_tail
    assert with_tail.offset == 107
    assert with_tail.with_part(5, 20).offset == 120


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3) | st.integers(4 * MIB, 17 * MIB) | st.integers(1, 12 * 2**30), max_size=40))
def test_a_concatenation_covers_every_byte_once_in_legal_parts(sizes: list[int]) -> None:
    sources = [Stored(f"p/{n}", "1", size) for n, size in enumerate(sizes)]
    parts = plan(whole(sources))
    covered = [piece for part in parts for piece in part]
    assert [(s.key, start) for s, start, _ in covered] == sorted(
        [(s.key, start) for s, start, _ in covered], key=lambda at: (int(at[0][2:]), at[1])
    )
    for source in sources:
        mine = [(start, length) for s, start, length in covered if s.key == source.key]
        ends = [0, *(start + length for start, length in mine)]
        assert [start for start, _ in mine] == ends[:-1]
        assert ends[-1] == source.size
    lengths = [sum(length for _, _, length in part) for part in parts]
    assert all(MIN_PART <= length <= MAX_PART for length in lengths[:-1])
    assert all(len(part) == 1 or length <= 16 * MIB for part, length in zip(parts, lengths, strict=True))
