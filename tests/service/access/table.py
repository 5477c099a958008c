"""Who may do what where: role × scope × endpoint. A new API route must be entered here."""

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
    does not spell out are errors about the body, never about the right.
    """

    may: str | None = ""
    dock: bool = False
    other: int = 200
    body: Any = None
    good: frozenset[int] = field(default_factory=lambda: frozenset({200, 201, 202, 204}))
    whole_bureau: bool = False  # only accounts without a squad

    @property
    def roles(self) -> frozenset[Role]:
        return MAY[self.may] if self.may else ALL


def fresh() -> str:
    return uuid4().hex[:12]


ABSENT = frozenset({404})
UNSAID = frozenset({400, 409, 411, 412, 415, 422})
IMPORT = Rule("import", body=[], other=200)
BYTES = Rule(other=404, good=ABSENT)  # the bureau of these tests has no bytes
EVENT = {
    "title": "t", "kind": "inspection", "arrived_at": "2024-06-03T09:00:00+08:00", "squad": "one",
}  # fmt: skip
HOLDING = {"recorder": "R-07", "officer": "012", "held_from": "2024-06-04T09:00:00+08:00"}

ACCESS: dict[tuple[str, str], Rule] = {
    ("POST", "/api/v1/session"): Rule(None, body={"username": "nobody", "password": "x"}, good=frozenset({401})),
    ("GET", "/api/v1/session"): Rule(dock=True),
    ("DELETE", "/api/v1/session"): Rule(),
    ("POST", "/api/v1/session/password"): Rule(
        body={"current": "x", "wanted": "correct-horse-1"}, good=frozenset({401}), other=401
    ),
    ("GET", "/api/v1/tokens"): Rule(),
    ("POST", "/api/v1/tokens"): Rule(body={"name": "d"}, other=201),
    ("DELETE", "/api/v1/tokens/{token_id}"): Rule(good=ABSENT, other=404),
    ("GET", "/api/v1/accounts"): Rule("accounts", whole_bureau=True),
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
    ("POST", "/api/v1/squads/import"): IMPORT,
    ("GET", "/api/v1/squads/{squad_id}"): Rule(other=404),
    ("GET", "/api/v1/officers"): Rule(),
    ("POST", "/api/v1/officers"): Rule(
        "people", body=lambda: {"certificate_no": fresh(), "name": "n", "squad": "one"}, other=400
    ),
    ("POST", "/api/v1/officers/import"): IMPORT,
    ("GET", "/api/v1/officers/{officer_id}"): Rule(other=404),
    ("PATCH", "/api/v1/officers/{officer_id}"): Rule("people", body={"name": "n"}, other=404),
    ("GET", "/api/v1/recorder-models"): Rule(),
    ("POST", "/api/v1/recorder-models"): Rule("people", body=lambda: {"code": fresh()}, other=201),
    ("PATCH", "/api/v1/recorder-models/{model_id}"): Rule("people", body={"name": "n"}),
    ("GET", "/api/v1/recorders"): Rule(),
    ("POST", "/api/v1/recorders"): Rule("people", body=lambda: {"serial": fresh(), "squad": "one"}, other=400),
    ("POST", "/api/v1/recorders/import"): IMPORT,
    ("GET", "/api/v1/recorders/{recorder_id}"): Rule(other=404),
    ("PATCH", "/api/v1/recorders/{recorder_id}"): Rule("people", body={"state": "spare"}, other=404),
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
    ("GET", "/api/v1/cases"): Rule(),
    ("POST", "/api/v1/cases"): Rule("edit_cases", body=lambda: {"number": fresh(), "squad": "one"}, other=400),
    ("POST", "/api/v1/cases/import"): IMPORT,
    ("GET", "/api/v1/cases/{case_id}"): Rule(other=404),
    ("PATCH", "/api/v1/cases/{case_id}"): Rule("edit_cases", body={"title": "u"}, other=404),
    ("GET", "/api/v1/campaigns"): Rule(),
    ("POST", "/api/v1/campaigns"): Rule("edit_cases", body={"name": "n"}, other=201),
    ("POST", "/api/v1/campaigns/import"): IMPORT,
    ("GET", "/api/v1/campaigns/{campaign_id}"): Rule(),
    ("PATCH", "/api/v1/campaigns/{campaign_id}"): Rule("edit_cases", body={"name": "n"}),
    ("GET", "/api/v1/links"): Rule(),
    ("POST", "/api/v1/links/{link_id}/confirm"): Rule("link", other=404),
    ("POST", "/api/v1/links/{link_id}/reject"): Rule("link", other=404),
    ("POST", "/api/v1/links/{link_id}/undo"): Rule("link", other=404, good=frozenset({409})),
    ("POST", "/api/v1/recordings/{recording_id}/event"): Rule("link", other=404, body={"event": None}),
    ("POST", "/api/v1/recordings/{recording_id}/new-event"): Rule("edit_events", other=404, body={}),
    ("GET", "/api/v1/recordings"): Rule(),
    ("GET", "/api/v1/recordings/facets"): Rule(),
    ("GET", "/api/v1/recordings/{recording_id}"): Rule(other=404),
    ("POST", "/api/v1/recordings"): Rule("upload", dock=True, other=201),  # into one's own squad
    ("POST", "/api/v1/sidecars"): Rule("upload", dock=True, good=UNSAID, other=400),
    **{
        (method, f"/api/v1/recordings/{{recording_id}}/{part}"): BYTES
        for method in ("GET", "HEAD")
        for part in (
            "original", "playback", "video", "poster", "sprite.jpg", "sprite.vtt", "waveform", "stills/{number}",
        )
    },
    ("GET", "/api/v1/custody"): Rule("see_custody"),
    ("GET", "/api/v1/queues"): Rule("see_queue"),
    ("POST", "/api/v1/jobs/{job_id}/retry"): Rule("retry_jobs", other=404),
}  # fmt: skip
# One resumable upload protocol behind one address: its own tests ask every method (tests/service/uploads).
PROTOCOLS = {"/api/v1/uploads", "/api/v1/uploads/", "/api/v1/uploads/{upload_id}"}
