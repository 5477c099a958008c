"""Lengths of time as people say them."""

import pytest

from service.kernel import i18n
from service.registry.clocks.words import length, rough_length

HOUR, DAY = 3600, 86400


def test_a_length_is_said_in_two_units_at_the_most() -> None:
    with i18n.speaking("en"):
        assert [length(s) for s in (4.2, 130, 8 * HOUR + 60, 24 * DAY + 3 * HOUR + 5)] == [
            "4.2 s",
            "2 min 10 s",
            "8 h 1 min",
            "24 d 3 h",
        ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5 * HOUR + 180, "5 h 3 min"),
        (2 * DAY - HOUR, "1 d 23 h"),
        (2 * DAY, "2 d"),
        (60 * DAY + 7 * HOUR, "60 d"),
        (1053 * DAY + 7 * HOUR, "1,053 d"),
    ],
)
def test_the_hours_of_what_is_late_for_days_are_left_out(seconds: float, said: str) -> None:
    with i18n.speaking("en"):
        assert rough_length(seconds) == rough_length(-seconds) == said
