"""The same bytes again, under another name or with more said: what it adds, and what it must not change."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.claims import Claims
from service.footage.recordings.arrivals import NAMES, SOURCES, Arrival, alone, together

A, B = "2026-11-25T02:05:00+00:00", "2026-11-25T09:00:00+00:00"


def facts(*names: str) -> Any:
    words = {name: st.sampled_from([A, B] if name in ("start", "end") else ["1", "2", "3"]) for name in names}
    return st.fixed_dictionaries({}, optional=words)


@st.composite
def claims(draw: Any) -> Claims:
    found = draw(facts("recorder", "officer", "event", "case", "note"))
    if draw(st.booleans()):
        found["recorded_at"] = draw(st.sampled_from([A, B]))
    for source in SOURCES[1:]:
        if held := draw(facts("recorder", "officer", "event", "case", "start", "end", "card", "file_id")):
            found[source] = held
    return cast(Claims, found)


@st.composite
def arrivals(draw: Any) -> list[Arrival]:
    return [Arrival(str(n), f"{n}.mp4", one) for n, one in enumerate(draw(st.lists(claims(), max_size=4)))]


def said(found: Claims, name: str) -> str | None:
    """By the uploader, else in the sidecar, else in the name."""
    for source, key in NAMES[name].items():
        held: Any = found if source == "declared" else found.get(source, {})
        if held.get(key):
            return str(held[key])
    return None


@given(claims(), arrivals())
def test_what_was_said_first_stays_whoever_says_otherwise_later(own: Claims, later: list[Arrival]) -> None:
    found = together(own, later)
    for name in NAMES:
        everyone = [one for one in (said(each, name) for each in (own, *(a.claims for a in later))) if one]
        assert said(found, name) == (everyone[0] if everyone else None)
        otherwise = {
            one["value"] for one in found.get("also", ()) if one["name"] == name and not one["filled"]
        }
        assert otherwise == {one for one in everyone if one != everyone[0]}, "each other word is shown"


@given(claims(), arrivals())
def test_reading_all_arrivals_anew_gives_the_same(own: Claims, later: list[Arrival]) -> None:
    found = together(own, later)
    assert together(alone(found), later) == found
    assert together(own, [Arrival("0", "own", own), *later]).get("sidecar") == found.get("sidecar")
    for name in NAMES:
        assert said(alone(found), name) == said(own, name)


@given(claims())
def test_bytes_that_came_once_say_what_they_said(own: Claims) -> None:
    assert together(own, []) == own
    assert "also" not in together(own, [Arrival("0", "own", own)])


def test_what_the_devices_clock_showed_stays_with_when_it_showed_it() -> None:
    first: Claims = {"device_time": A, "device_time_at": A}
    second: Claims = {"device_time": B, "device_time_at": B}
    found = together(first, [Arrival("1", "", second)])
    assert (found["device_time"], found["device_time_at"]) == (A, A)
    found = together({}, [Arrival("1", "", second)])
    assert (found["device_time"], found["device_time_at"]) == (B, B)


def test_a_person_who_said_that_it_shows_no_event_is_not_overruled() -> None:
    own: Claims = {"event_put_right": {"event": None, "before": "E1", "rejected": []}}
    assert "event" not in together(own, [Arrival("1", "", {"event": "E1"})])


@pytest.mark.parametrize(
    ("held", "more", "differs"),
    [
        (A, "2026-11-25T10:05:30+08:00", False),
        (A, "2026-11-25 10:06:00", False),
        (A, B, True),
        (A, "soon", True),
    ],
)
def test_the_same_moment_written_otherwise_is_no_contradiction(held: str, more: str, differs: bool) -> None:
    found = together({"file_name": {"start": held}}, [Arrival("1", "", {"recorded_at": more})])
    assert bool(found.get("also")) is differs
    assert "recorded_at" not in found


def test_what_is_guessed_from_a_name_gives_way_to_whoever_says_something() -> None:
    guess: Claims = {"file_name": {"officer": "1", "start": A, "guessed": True}}
    named = Arrival("1", "b.mp4", {"file_name": {"officer": "2"}})
    assert together(guess, [named])["file_name"] == {"officer": "2"}
    assert together(named.claims, [Arrival("2", "a.mp4", guess)]) == named.claims
    assert together({}, [Arrival("2", "a.mp4", guess)]) == guess
    declared = together(guess, [Arrival("1", "", {"officer": "3"})])
    assert (declared["officer"], declared["also"][0]["filled"]) == ("3", True)
