"""Rules that differ between bureaus, with their defaults. A row in `policy_values` replaces a default."""

from typing import Any

from sqlmodel import Session

from schemas.policy import PolicyValue

DEFAULTS: dict[str, Any] = {
    # a link is made alone from this score on, and only this far ahead of the runner-up
    "link_automatic_from": 0.75,
    "link_clear_by": 0.15,
    "link_offer_from": 0.25,
    "link_offers": 3,
    # how far from an event a recording may start or end and still be a candidate
    "link_slack_minutes": 10,
    # a camera clock is believed when it is at most this far from the arrival of the bytes
    "clock_oldest_days": 400,
    "clock_ahead_minutes": 10,
    # sign-in: this many failures of one name or one address within the window close the door for the window
    "login_failures_per_name": 8,
    "login_failures_per_address": 40,
    "login_window_minutes": 10,
    "sign_in_hours": 12,
    # queue page: a worker that was silent for this long is counted as gone
    "worker_silent_seconds": 30,
    # recorders for officers on duty (one for two)
    "officers_per_recorder": 2,
}


def policy(session: Session, name: str) -> Any:
    row = session.get(PolicyValue, name)
    return DEFAULTS[name] if row is None else row.value
