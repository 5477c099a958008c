"""Who may do what where: role × scope × endpoint. A new route of the API must be entered here, one of a page in
`pages.py` beside it: every route of the application stands in one of the two (test_table.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from schemas.accounts import Role
from service.access.rules import MAY

ALL = frozenset(Role)
WITH_SQUAD = "one"


@dataclass(frozen=True)
class Rule:
    """`may`: the word in MAY that the role needs, "" for any role, None for anyone at all.

    `dock`: a dock's token may, too. `other`: what someone of another squad is answered; 200 means a list without
    a trace of the first squad. `good`: answers of an allowed request; those of requests whose body this table
    does not spell out are errors about the body, never about the right. `form`: fields that a page sends in place of a
    body. `said`: values of the path's parameters, where the usual ones will not do. `files`: under `format`, what else
    the answer can be a file of. `own`: it changes what is the asker's own, whatever ids it names.
    """

    may: str | None = ""
    dock: bool = False
    other: int = 200
    body: Any = None
    good: frozenset[int] = field(default_factory=lambda: frozenset({200, 201, 202, 204}))
    whole_bureau: bool = False  # only accounts without a squad
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    own: bool = False

    @property
    def roles(self) -> frozenset[Role]:
        return MAY[self.may] if self.may else ALL


def fresh() -> str:
    return uuid4().hex[:12]


TUS = {"Tus-Resumable": "1.0.0"}
ABSENT = frozenset({404})
UNSAID = frozenset({400, 409, 411, 412, 415, 422})
IMPORT = Rule("import", body=[], other=200)
BYTES = Rule(other=404, good=ABSENT)  # the bureau of these tests has no bytes
EVENT = {
    "title": "t", "kind": "inspection", "arrived_at": "2024-06-03T09:00:00+08:00", "squad": "one",
}  # fmt: skip
HOLDING = {"recorder": "R-07", "officer": "012", "held_from": "2024-06-04T09:00:00+08:00"}

DUTY = {"officer": "012", "starts_at": "2024-06-04T20:00:00+08:00", "ends_at": "2024-06-05T08:00:00+08:00"}

ACCESS: dict[tuple[str, str], Rule] = {
    ("POST", "/api/v1/session"): Rule(
        None, body={"username": "nobody", "password": "x"}, good=frozenset({401}), own=True
    ),
    ("GET", "/api/v1/session"): Rule(dock=True),
    ("DELETE", "/api/v1/session"): Rule(own=True),
    ("POST", "/api/v1/session/password"): Rule(
        body={"current": "x", "wanted": "correct-horse-1"}, good=frozenset({401}), other=401, own=True
    ),
    ("GET", "/api/v1/tokens"): Rule(),
    ("POST", "/api/v1/tokens"): Rule("upload", body={"name": "d"}, other=201, own=True),
    ("DELETE", "/api/v1/tokens/{token_id}"): Rule(good=ABSENT, other=404),
    ("GET", "/api/v1/accounts"): Rule("accounts", whole_bureau=True),
    ("GET", "/api/v1/doubles"): Rule("accounts", whole_bureau=True),
    ("GET", "/api/v1/doubles/merged"): Rule("accounts", whole_bureau=True),
    ("POST", "/api/v1/doubles/{kind}/{double_id}/merge"): Rule(
        "accounts", whole_bureau=True, body=lambda: {"into": str(uuid4())}, good=ABSENT
    ),
    ("POST", "/api/v1/accounts"): Rule(
        "accounts",
        whole_bureau=True,
        body=lambda: {"username": fresh(), "password": "correct-horse-1", "role": "auditor"},
    ),
    ("POST", "/api/v1/accounts/{account_id}/disable"): Rule("accounts", whole_bureau=True, good=ABSENT),
    ("GET", "/api/v1/squads"): Rule(),
    ("POST", "/api/v1/squads"): Rule(
        "people", whole_bureau=True, body=lambda: {"code": fresh(), "name": "n"}
    ),
    ("POST", "/api/v1/squads/import"): Rule("import", whole_bureau=True, body=[]),
    ("GET", "/api/v1/squads/{squad_id}"): Rule(other=404),
    ("GET", "/api/v1/officers"): Rule(),
    ("POST", "/api/v1/officers"): Rule(
        "people", body=lambda: {"certificate_no": fresh(), "name": "n", "squad": "one"}, other=400
    ),
    ("POST", "/api/v1/officers/import"): IMPORT,
    ("GET", "/api/v1/officers/{officer_id}"): Rule(other=404),
    ("PATCH", "/api/v1/officers/{officer_id}"): Rule("people", body={"name": "n"}, other=404),
    ("GET", "/api/v1/rosters"): Rule(),
    ("GET", "/api/v1/rosters/on-duty"): Rule(),
    ("POST", "/api/v1/rosters"): Rule("people", body=DUTY, other=400),
    ("POST", "/api/v1/rosters/import"): IMPORT,
    ("GET", "/api/v1/rosters/{roster_id}"): Rule(other=404),
    ("PATCH", "/api/v1/rosters/{roster_id}"): Rule("people", body={}, other=404),
    ("DELETE", "/api/v1/rosters/{roster_id}"): Rule("people", other=404),
    ("GET", "/api/v1/recorder-models"): Rule(),
    ("POST", "/api/v1/recorder-models"): Rule(
        "people", whole_bureau=True, body=lambda: {"code": fresh()}
    ),
    ("PATCH", "/api/v1/recorder-models/{model_id}"): Rule("people", whole_bureau=True, body={"name": "n"}),
    ("GET", "/api/v1/recorders"): Rule(),
    ("POST", "/api/v1/recorders"): Rule("people", body=lambda: {"serial": fresh(), "squad": "one"}, other=400),
    ("POST", "/api/v1/recorders/import"): IMPORT,
    ("GET", "/api/v1/recorders/{recorder_id}"): Rule(other=404),
    ("PATCH", "/api/v1/recorders/{recorder_id}"): Rule("people", body={"state": "spare"}, other=404),
    ("GET", "/api/v1/recorders/{serial}/clock"): Rule(other=404),
    ("POST", "/api/v1/recorders/{serial}/clock"): Rule(
        "clocks", body={"measured_at": "2024-06-03T18:00:00+08:00", "offset_s": 1}, other=404
    ),
    ("POST", "/api/v1/clock-offsets/{offset_id}/withdraw"): Rule("clocks", good=ABSENT, other=404),
    ("GET", "/api/v1/clocks"): Rule(),
    ("POST", "/api/v1/clocks/import"): IMPORT,
    ("GET", "/api/v1/assignments"): Rule(),
    ("POST", "/api/v1/assignments"): Rule("people", body=HOLDING, other=400),
    ("POST", "/api/v1/assignments/import"): IMPORT,
    ("GET", "/api/v1/assignments/{assignment_id}"): Rule(other=404),
    ("PATCH", "/api/v1/assignments/{assignment_id}"): Rule("people", body={"held_to": None}, other=404),
    ("DELETE", "/api/v1/assignments/{assignment_id}"): Rule("people", other=404),
    ("GET", "/api/v1/events"): Rule(),
    ("POST", "/api/v1/events"): Rule("edit_events", body=EVENT, other=400),
    ("POST", "/api/v1/events/import"): IMPORT,
    ("GET", "/api/v1/events/{event_id}"): Rule(other=404),
    ("PATCH", "/api/v1/events/{event_id}"): Rule("edit_events", body={"title": "u"}, other=404),
    ("GET", "/api/v1/events/subjects"): Rule(),
    ("GET", "/api/v1/events/{event_id}/history"): Rule(other=404),
    ("POST", "/api/v1/events/{event_id}/cancel"): Rule("edit_events", body={"reason": "r"}, other=404),
    ("POST", "/api/v1/events/{event_id}/restore"): Rule(
        "edit_events", body={"reason": "r"}, other=404, good=frozenset({409})
    ),
    ("POST", "/api/v1/events/{event_id}/merge"): Rule(
        "edit_events", body=lambda: {"into": str(uuid4())}, other=404, good=ABSENT
    ),
    ("POST", "/api/v1/events/{event_id}/unmerge"): Rule("edit_events", other=404, good=frozenset({409})),
    ("POST", "/api/v1/events/{event_id}/unmake"): Rule("edit_events", other=404, good=frozenset({409})),
    ("GET", "/api/v1/announcements"): Rule(),
    ("POST", "/api/v1/announcements/import"): Rule("upload", dock=True, body=[]),  # for one's own squad
    ("POST", "/api/v1/announcements/{recording_id}/withdraw"): Rule(
        "withdraw_announcement", body={"reason": "r"}, other=404, good=frozenset({409})
    ),
    ("POST", "/api/v1/announcements/{recording_id}/restore"): Rule(
        "withdraw_announcement", body={"reason": "r"}, other=404, good=frozenset({409})
    ),
    ("GET", "/api/v1/cases"): Rule(),
    ("POST", "/api/v1/cases"): Rule("edit_cases", body=lambda: {"number": fresh(), "squad": "one"}, other=400),
    ("POST", "/api/v1/cases/import"): IMPORT,
    ("GET", "/api/v1/cases/{case_id}"): Rule(other=404),
    ("PATCH", "/api/v1/cases/{case_id}"): Rule("edit_cases", body={"title": "u"}, other=404),
    ("GET", "/api/v1/campaigns"): Rule(),
    ("POST", "/api/v1/campaigns"): Rule("edit_cases", whole_bureau=True, body={"name": "n"}),
    ("POST", "/api/v1/campaigns/import"): Rule("import", whole_bureau=True, body=[]),
    ("GET", "/api/v1/campaigns/{campaign_id}"): Rule(),
    ("PATCH", "/api/v1/campaigns/{campaign_id}"): Rule("edit_cases", whole_bureau=True, body={"name": "n"}),
    ("GET", "/api/v1/imports"): Rule(),
    ("GET", "/api/v1/imports/{kind}/template"): Rule(files=("csv", "xlsx")),
    ("GET", "/api/v1/imports/{import_id}"): Rule(dock=True, other=404, good=ABSENT),  # who asked, administrators
    ("GET", "/api/v1/matters"): Rule(),
    ("POST", "/api/v1/matters/import"): Rule("publish_matters", whole_bureau=True, body=[]),
    ("GET", "/api/v1/matters/{version}"): Rule(),
    ("GET", "/api/v1/matters/{version}/changes"): Rule(),
    ("GET", "/api/v1/matters/{version}/export"): Rule(files=("csv", "xlsx")),
    ("GET", "/api/v1/links"): Rule(),
    ("POST", "/api/v1/links/{link_id}/confirm"): Rule("link", other=404),
    ("POST", "/api/v1/links/{link_id}/reject"): Rule("link", other=404),
    ("POST", "/api/v1/links/{link_id}/part"): Rule("link", other=404, body={"start_s": 0, "end_s": 1}),
    ("POST", "/api/v1/links/{link_id}/undo"): Rule("link", other=404, good=frozenset({409})),
    ("POST", "/api/v1/recordings/{recording_id}/event"): Rule("link", other=404, body={"event": None}),
    ("POST", "/api/v1/recordings/{recording_id}/new-event"): Rule("edit_events", other=404, body={}),
    ("GET", "/api/v1/recordings"): Rule(),
    ("GET", "/api/v1/recordings/facets"): Rule(),
    ("GET", "/api/v1/recordings/{recording_id}"): Rule(other=404),
    ("POST", "/api/v1/recordings/{recording_id}/time"): Rule(
        "correct_times", other=404, body={"recorded_from": "2024-06-03T09:00:00+08:00", "reason": "r"}
    ),
    ("POST", "/api/v1/recordings/{recording_id}/time/withdraw"): Rule(
        "correct_times", other=404, good=frozenset({200, 409})
    ),
    ("POST", "/api/v1/recordings"): Rule("upload", dock=True, other=201, own=True),  # into one's own squad
    ("POST", "/api/v1/sidecars"): Rule("upload", dock=True, good=UNSAID, other=400),
    **{
        (method, f"/api/v1/recordings/{{recording_id}}/{part}"): BYTES
        for method in ("GET", "HEAD")
        for part in (
            "playback.m3u8", "playback/{attempt}/init.mp4", "playback/{attempt}/{number}.m4s",
            "original", "playback", "video", "poster", "picture", "sprite.jpg", "sprite.vtt", "waveform", "stills/{number}",
        )
    },
    ("POST", "/api/v1/recordings/{recording_id}/playback"): Rule(other=404, body={}, good=ABSENT),
    ("GET", "/api/v1/coverage"): Rule("see_board"),
    ("GET", "/api/v1/coverage/export"): Rule("see_board", files=("csv", "xlsx")),
    ("GET", "/api/v1/coverage/rows"): Rule("see_board"),
    ("GET", "/api/v1/snapshots"): Rule("see_board"),
    ("POST", "/api/v1/snapshots"): Rule(
        "freeze_months", whole_bureau=True, body={"month": "2020-01"}, good=frozenset({409})
    ),
    ("GET", "/api/v1/snapshots/{month}"): Rule("see_board", good=ABSENT, other=404),
    ("GET", "/api/v1/snapshots/{month}/preview"): Rule("see_board"),
    ("GET", "/api/v1/snapshots/{month}/check"): Rule("see_board", good=ABSENT, other=404),
    ("GET", "/api/v1/snapshots/{month}/rows"): Rule("see_board", good=ABSENT, other=404),
    ("GET", "/api/v1/snapshots/{month}/export"): Rule(
        "see_board", good=ABSENT, other=404, files=("csv", "xlsx", "pdf")
    ),
    ("GET", "/api/v1/coverage/lists"): Rule("see_board"),
    ("GET", "/api/v1/coverage/lists/{name}"): Rule("see_board"),
    ("GET", "/api/v1/events/{event_id}/coverage"): Rule(other=404),
    ("GET", "/api/v1/explanations"): Rule(),
    ("GET", "/api/v1/events/{event_id}/explanations"): Rule(other=404),
    ("POST", "/api/v1/events/{event_id}/explanations"): Rule(
        "explain", other=404, body={"reason": "urgent", "note": "n"}
    ),
    ("POST", "/api/v1/explanations/{explanation_id}/approve"): Rule(
        "decide_explanations", good=ABSENT, other=404
    ),
    ("POST", "/api/v1/explanations/{explanation_id}/decline"): Rule(
        "decide_explanations", body={"answer": "a"}, good=ABSENT, other=404
    ),
    ("POST", "/api/v1/explanations/{explanation_id}/reopen"): Rule(
        "decide_explanations", good=ABSENT, other=404
    ),
    ("POST", "/api/v1/explanations/{explanation_id}/withdraw"): Rule(good=ABSENT, other=404),
    ("GET", "/api/v1/disputes"): Rule(),
    ("POST", "/api/v1/disputes"): Rule(
        body=lambda: {"about": "recording", "row": str(uuid4()), "statement": "s"}, good=ABSENT, other=404
    ),
    ("GET", "/api/v1/events/{event_id}/disputes"): Rule(other=404),
    # only an officer of the event may, and no role of this table is one
    ("POST", "/api/v1/events/{event_id}/disputes"): Rule(
        other=404, body={"statement": "s"}, good=frozenset({403})
    ),
    ("POST", "/api/v1/disputes/{dispute_id}/uphold"): Rule(
        "answer_disputes", body={"answer": "a"}, good=ABSENT, other=404
    ),
    ("POST", "/api/v1/disputes/{dispute_id}/dismiss"): Rule(
        "answer_disputes", body={"answer": "a"}, good=ABSENT, other=404
    ),
    ("POST", "/api/v1/disputes/{dispute_id}/withdraw"): Rule(good=ABSENT, other=404),
    ("GET", "/api/v1/custody"): Rule("see_custody"),
    ("GET", "/api/v1/queues"): Rule("see_queue"),
    ("GET", "/api/v1/pace"): Rule("see_queue"),
    ("GET", "/api/v1/backups"): Rule("see_queue"),
    ("POST", "/api/v1/jobs/{job_id}/retry"): Rule("retry_jobs", other=404),
    ("GET", "/api/v1/recordings/quarantine"): Rule("see_queue"),
    ("POST", "/api/v1/recordings/{recording_id}/quarantine"): Rule(
        "decide_quarantine", other=404, body={"choice": "keep", "reason": "x"}, good=frozenset({409})
    ),
    ("GET", "/api/v1/set-aside"): Rule("see_queue"),
    ("POST", "/api/v1/set-aside/retry"): Rule(
        "retry_jobs", good=ABSENT, other=404, body={"duty": "complete-uploads", "subject_id": str(uuid4())}
    ),
    # One resumable protocol behind one address; its own tests ask it for what it promises (tests/service/footage/uploads).
    ("OPTIONS", "/api/v1/uploads"): Rule(None),
    ("POST", "/api/v1/uploads"): Rule(
        "upload", dock=True, other=201, headers=TUS | {"Upload-Length": "1"}, own=True
    ),
    ("HEAD", "/api/v1/uploads/{upload_id}"): Rule(dock=True, other=404, good=ABSENT, headers=TUS),
    ("PATCH", "/api/v1/uploads/{upload_id}"): Rule(
        "upload", dock=True, other=404, good=ABSENT,
        headers=TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    ),
    ("DELETE", "/api/v1/uploads/{upload_id}"): Rule(dock=True, other=404, good=ABSENT, headers=TUS),
}  # fmt: skip
# The other methods of that address, each answered that it is not one of them.
PROTOCOLS = {"/api/v1/uploads", "/api/v1/uploads/", "/api/v1/uploads/{upload_id}"}
