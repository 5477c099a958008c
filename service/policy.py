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
    # an event whose departure is not known yet is taken to last this long
    "link_open_event_minutes": 120,
    # within this distance the place speaks for an event (both positions' honest radius), from here on against it
    "link_near_metres": 150,
    "link_far_metres": 1000,
    # a camera clock is believed when it is at most this far from the arrival of the bytes
    "clock_oldest_days": 400,
    "clock_ahead_minutes": 10,
    # bytes that one squad may have in the store, uploads in progress included; 0: as much as there is room for
    "squad_quota_bytes": 0,
    # sign-in: this many failures of one name or one address within the window close the door for the window
    "login_failures_per_name": 8,
    "login_failures_per_address": 40,
    "login_window_minutes": 10,
    "sign_in_hours": 12,
    # queue page: a worker that was silent for this long is counted as gone
    "worker_silent_seconds": 30,
    # set once by `zhenglu demo`; without it the database refuses sample rows
    "demo_database": False,
    # recorders for officers on duty (one for two)
    "officers_per_recorder": 2,
}


def policy(session: Session, name: str) -> Any:
    row = session.get(PolicyValue, name)
    return DEFAULTS[name] if row is None else row.value
