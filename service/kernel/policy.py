"""Rules that differ between bureaus, with their defaults. A row in `policy_values` replaces a default."""

from typing import Any

from sqlmodel import Session

from schemas.policy import PolicyValue
from service.kernel.settings import get_settings

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
    # files of one recorder with no longer a break between them are one act of filming
    "link_pause_seconds": 120,
    # a camera clock is believed when it is at most this far from the arrival of the bytes
    "clock_oldest_days": 400,
    "clock_ahead_minutes": 10,
    # a recorder's clock is out of step from this offset on, or when it drifts by more in a day than it may
    "clock_out_of_step_s": 30,
    "clock_drift_s_per_day": 3,
    # how far from true time a clock read at the dock, or named by a station's record, may have been read
    "clock_dock_doubt_s": 2,
    "clock_sidecar_doubt_s": 5,
    # bytes that one squad may have in the store, uploads in progress included; 0: as much as there is room for
    "squad_quota_bytes": 0,
    # sign-in: this many failures of one name or one address within the window close the door for the window
    "login_failures_per_name": 8,
    "login_failures_per_address": 40,
    "login_window_minutes": 10,
    "sign_in_hours": 12,
    # queue page: a worker that was silent for this long is counted as gone
    "worker_silent_seconds": 30,
    # stands at the head of notices
    "bureau_name": {"zh": "城市管理综合行政执法局", "en": "Bureau of Urban Management and Law Enforcement"},
    # set once by `zhenglu demo`; without it the database refuses sample rows
    "demo_database": False,
    # what events are about: code -> words; other subjects are accepted as they are written
    "event_subjects": {
        "restaurant_fumes": {"zh": "餐饮油烟", "en": "Restaurant fumes"},
        "site": {"zh": "工地", "en": "Building site"},
        "dust": {"zh": "扬尘", "en": "Dust"},
        "noise": {"zh": "噪声", "en": "Noise"},
        "vendor": {"zh": "流动摊贩", "en": "Street vendor"},
        "outdoor_sign": {"zh": "户外招牌", "en": "Outdoor sign"},
        "excavation": {"zh": "道路挖掘", "en": "Road excavation"},
        "municipal_facility": {"zh": "市政设施", "en": "Municipal facility"},
        "gas": {"zh": "燃气", "en": "Gas"},
        "air_pollution": {"zh": "大气污染", "en": "Air pollution"},
        "hazard": {"zh": "安全隐患", "en": "Safety hazard"},
        "penalty": {"zh": "行政处罚", "en": "Penalty"},
    },
    # of an event made from a recording, unless its maker says otherwise
    "event_default_kind": "inspection",
    # bytes that a station announced turn late so long after its list, where no event says when they are due
    "announced_due_hours": 24,
    # recorders for officers on duty (one for two)
    "officers_per_recorder": 2,
    # a recorder in use is listed when no dock has seen it for so long, or had so little charge when one last did
    "dock_after_days": 3,
    "low_battery_percent": 20,
    # a longer duty, or a longer event, is taken for a slip of the pen
    "longest_duty_hours": 48,
    "longest_event_hours": 72,
    # figures that stand on fewer rows than this are marked as small
    "small_denominator": 10,
    # a recording that shows no known event counts as unlinked from so long after its arrival
    "unlinked_grace_hours": 24,
}


def policy(session: Session, name: str) -> Any:
    row = session.get(PolicyValue, name)
    return DEFAULTS[name] if row is None else row.value


def holds_samples(session: Session) -> bool:
    """Whether this is a demo: what is shown or printed from it must say so."""
    return get_settings().demo or policy(session, "demo_database") is True
