"""A stranger always gets in; the oldest that only waits makes room; who has signed in is left alone."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from service.kernel.crowd import Crowd


@dataclass(eq=False)
class One:
    address: str | None
    known: bool = False
    waits: bool = True
    ended: bool = False

    def end(self) -> None:
        self.ended = True


def arrived(crowd: Crowd, *ones: One) -> list[bool]:
    for one in ones:
        crowd.came(one)
    return [one.ended for one in ones]


def test_the_oldest_of_the_same_address_makes_room() -> None:
    crowd = Crowd(most=100, most_of_one=2)
    other = One("b")
    crowd.came(other)
    assert arrived(crowd, *[One("a") for _ in range(4)]) == [True, True, False, False]
    assert not other.ended and len(crowd) == 3


def test_whoever_holds_all_places_keeps_no_other_address_out() -> None:
    crowd = Crowd(most=3, most_of_one=3)
    assert arrived(crowd, One("a"), One("a"), One("a"), One("b")) == [True, False, False, False]


def test_a_network_of_one_machine_counts_as_one() -> None:
    crowd = Crowd(most=100, most_of_one=2)
    neighbours = [One("2001:db8:0:1::1"), One("192.0.2.7")]
    assert arrived(crowd, *neighbours) == [False, False]
    assert arrived(crowd, *[One(f"2001:db8::{n:x}") for n in range(4)]) == [True, True, False, False]
    carried = [One("::ffff:192.0.2.7"), One("192.0.2.7")]
    assert arrived(crowd, *carried) == [False, False] and neighbours[0].ended is False and neighbours[1].ended


def test_who_has_signed_in_is_neither_counted_nor_ended() -> None:
    crowd = Crowd(most=4, most_of_one=2)
    known = [One("a", known=True) for _ in range(50)]
    assert arrived(crowd, *known, One("a"), One("a")) == [False] * 52
    assert arrived(crowd, One("a")) == [False] and sum(one.ended for one in known) == 0


def test_what_is_being_answered_is_not_ended_and_newcomers_stay() -> None:
    crowd = Crowd(most=2, most_of_one=2)
    assert arrived(crowd, *[One("a", waits=False) for _ in range(3)], One("a")) == [False] * 4


def test_a_proxy_speaks_for_many() -> None:
    crowd = Crowd(most=5, most_of_one=1)
    assert arrived(crowd, *[One(None) for _ in range(5)]) == [False] * 5
    assert arrived(crowd, One(None)) == [False] and len(crowd) == 5


def test_a_proxy_that_carries_a_stranger_after_someone_known_is_counted_again_as_the_newest() -> None:
    crowd = Crowd(most=2, most_of_one=1)
    carried = One(None, known=True)
    others = [One(None), One(None)]
    assert arrived(crowd, carried, *others) == [False] * 3
    carried.known = False
    crowd.another(carried)
    assert [one.ended for one in (carried, *others)] == [False, True, False] and len(crowd) == 2


ONES = st.builds(One, st.sampled_from(["a", "b", None]), st.booleans(), st.booleans())


@given(st.lists(ONES, max_size=60), st.integers(1, 6), st.integers(1, 6), st.randoms())
def test_bounds_hold_for_all_that_wait_and_the_newest_is_never_ended(ones, most, most_of_one, random) -> None:  # type: ignore[no-untyped-def]
    crowd, here = Crowd(most, most_of_one), list[One]()
    for one in ones:
        crowd.came(one)
        assert not one.ended
        here = [other for other in [*here, one] if not other.ended]
        strangers = [other for other in here if not other.known]
        if not [other for other in strangers if not other.waits]:
            assert len(strangers) <= max(most, 1)
            for address in ("a", "b"):
                assert len([other for other in strangers if other.address == address]) <= most_of_one
        if here and random.random() < 0.2:
            gone = here.pop(random.randrange(len(here)))
            crowd.gone(gone)
            crowd.gone(gone)
    assert not [one for one in ones if one.known and one.ended]
