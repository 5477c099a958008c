"""Who may open which page and send which form: what is no API. Read as `table.py`, beside which it stands."""

from uuid import uuid4

from tests.service.access.table import ABSENT, UNSAID, Rule

DONE = frozenset({200, 204, 303})
CONFLICT = frozenset({409})
WHOLE = {"title": "检查", "kind": "inspection", "arrived": "2024-06-03T09:00:00"}
MONTH = {"month": "2020-01"}

PAGES: dict[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Rule(None),
    ("GET", "/readyz"): Rule(None),
    ("GET", "/metrics"): Rule("see_queue"),
    ("GET", "/openapi.json"): Rule(None),
    ("HEAD", "/openapi.json"): Rule(None),
    ("GET", "/docs"): Rule(None),
    ("GET", "/static/{path}"): Rule(None),
    ("HEAD", "/static/{path}"): Rule(None),
    ("GET", "/sign-in"): Rule(None),
    ("POST", "/sign-in"): Rule(
        None, form={"username": "nobody", "password": "x"}, good=frozenset({401}), own=True
    ),
    ("POST", "/language"): Rule(None, form={"lang": "en"}, good=DONE, own=True),
    ("POST", "/sign-out"): Rule(good=DONE, other=303, own=True),
    ("GET", "/account"): Rule(),
    ("POST", "/account/password"): Rule(form={"old": "x", "new": "y", "again": "z"}, good=UNSAID, other=400, own=True),
    ("POST", "/account/language"): Rule(form={"lang": "zh_CN"}, good=DONE, other=303, own=True),
    ("POST", "/account/tokens"): Rule("upload", form={"name": "d"}, own=True),
    ("POST", "/account/tokens/{token_id}/revoke"): Rule(good=ABSENT, other=404),
    ("GET", "/people"): Rule("see_people"),
    ("GET", "/people/doubles"): Rule("accounts", whole_bureau=True),
    ("GET", "/people/doubles/{kind}/{double_id}"): Rule("accounts", whole_bureau=True, good=CONFLICT),
    ("POST", "/people/doubles/{kind}/{double_id}/merge"): Rule(
        "accounts", whole_bureau=True, form={"into": str(uuid4())}, good=ABSENT | CONFLICT
    ),
    ("GET", "/recorders"): Rule("see_people"),
    ("GET", "/recorders/{serial}"): Rule("see_people", other=404),
    ("POST", "/recorders/{serial}/clock"): Rule("clocks", form={"offset_s": "1"}, good=DONE, other=404),
    ("POST", "/recorders/{serial}/clock/{offset_id}/withdraw"): Rule("clocks", good=ABSENT, other=404),
    ("POST", "/recorders/{serial}/time-lapse"): Rule("people", whole_bureau=True, good=ABSENT),  # no model
    ("GET", "/clocks"): Rule("see_people"),
    ("GET", "/cases"): Rule(),
    ("GET", "/cases/{case_id}"): Rule(other=404),
    ("GET", "/matters"): Rule(),
    ("GET", "/matters/{version}"): Rule(),
    ("GET", "/import"): Rule("import"),
    ("POST", "/import/{kind}"): Rule("import", body=[], good=UNSAID, other=400),
    ("GET", "/import/{import_id}"): Rule(good=ABSENT, other=404),
    ("GET", "/events"): Rule(),
    ("GET", "/events/{event_id}"): Rule(other=404),
    ("GET", "/events/{event_id}/history"): Rule(other=404),
    ("GET", "/events/{event_id}/edit"): Rule("edit_events", other=404),
    ("POST", "/events/{event_id}/edit"): Rule("edit_events", form=WHOLE, good=DONE, other=404),
    ("POST", "/events/{event_id}/unmake"): Rule("edit_events", good=CONFLICT, other=404),
    ("POST", "/events/{event_id}/cancel"): Rule("edit_events", form={"reason": "r"}, good=DONE, other=404),
    ("POST", "/events/{event_id}/restore"): Rule("edit_events", form={"reason": "r"}, good=CONFLICT, other=404),
    ("POST", "/events/{event_id}/merge"): Rule(
        "edit_events", form={"into": str(uuid4())}, good=ABSENT, other=404
    ),
    ("POST", "/events/{event_id}/unmerge"): Rule("edit_events", good=CONFLICT, other=404),
    ("POST", "/events/{event_id}/explain"): Rule(
        "explain", form={"reason": "urgent", "note": "n"}, good=DONE, other=404
    ),
    # only an officer of the event may, and no role of this table is one
    ("POST", "/events/{event_id}/dispute"): Rule(form={"statement": "s"}, good=frozenset({403}), other=404),
    ("POST", "/disputes"): Rule(
        form={"about": "recording", "row": str(uuid4()), "statement": "s"}, good=ABSENT, other=404
    ),
    ("POST", "/{queue}/{wish_id}/{verb}"): Rule("decide_explanations", good=ABSENT, other=404),  # as said in the test
    ("GET", "/recordings"): Rule(),
    ("GET", "/recordings/facets"): Rule(),
    ("GET", "/recordings/{recording_id}"): Rule(other=404),
    ("GET", "/recordings/{recording_id}/jobs"): Rule(other=404),
    ("GET", "/recordings/{recording_id}/new-event"): Rule("edit_events", other=404),
    ("POST", "/recordings/{recording_id}/new-event"): Rule("edit_events", form=WHOLE, good=DONE, other=404),
    ("POST", "/recordings/{recording_id}/links/{link_id}/part"): Rule(
        "link", form={"since": "0:00", "until": "0:01"}, good=DONE, other=404
    ),
    ("POST", "/recordings/{recording_id}/links/{link_id}/{decision}"): Rule("link", good=DONE, other=404),
    ("POST", "/recordings/{recording_id}/playback"): Rule(form={"need": "viewer"}, good=ABSENT, other=404),
    ("POST", "/recordings/{recording_id}/time"): Rule(
        "correct_times", form={"recorded_from": "2024-06-03T09:00:00", "reason": "r"}, good=DONE, other=404
    ),
    ("POST", "/recordings/{recording_id}/time/withdraw"): Rule("correct_times", good=DONE | CONFLICT, other=404),
    ("POST", "/recordings/{recording_id}/quarantine/{choice}"): Rule(
        "decide_quarantine", form={"reason": "r"}, good=CONFLICT, other=404
    ),
    ("POST", "/announcements/{recording_id}/withdraw"): Rule(
        "withdraw_announcement", form={"reason": "r"}, good=CONFLICT, other=404
    ),
    ("POST", "/announcements/{recording_id}/restore"): Rule(
        "withdraw_announcement", form={"reason": "r"}, good=CONFLICT, other=404
    ),
    ("POST", "/jobs/{job_id}/retry"): Rule("retry_jobs", good=DONE, other=404),
    ("GET", "/upload"): Rule("upload"),
    ("GET", "/my-uploads"): Rule("upload"),
    ("POST", "/my-uploads/{recording_id}/event"): Rule("link", form={"event": ""}, good=DONE, other=404),
    ("POST", "/my-uploads/{recording_id}/removal"): Rule("upload", form={"reason": "r"}, good=DONE, other=404),
    ("POST", "/my-uploads/unfinished/{upload_id}/forget"): Rule(good=ABSENT, other=404),
    ("GET", "/coverage"): Rule("see_board"),
    ("GET", "/coverage/more"): Rule("see_board"),
    ("GET", "/coverage/rows"): Rule("see_board"),
    ("GET", "/coverage/lists"): Rule("see_board"),
    ("GET", "/coverage/lists/counts"): Rule("see_board"),
    ("GET", "/coverage/lists/{name}"): Rule("see_board"),
    ("POST", "/coverage/lists/{name}/recordings/{recording_id}/links/{link_id}/{decision}"): Rule(
        "link", said={"name": "unlinked"}, good=DONE, other=404
    ),
    ("GET", "/coverage/mine"): Rule(good=ABSENT, other=404),  # for officers, and no role of this table is one
    ("GET", "/snapshots"): Rule("see_board"),
    ("POST", "/snapshots/{month}/freeze"): Rule("freeze_months", whole_bureau=True, said=MONTH, good=CONFLICT),
    ("GET", "/snapshots/{month}"): Rule("see_board"),
    ("GET", "/snapshots/{month}/rows"): Rule("see_board", good=ABSENT, other=404),
    ("GET", "/snapshots/{month}/check"): Rule("see_board", good=ABSENT, other=404),
    ("GET", "/"): Rule(),
    ("GET", "/attention"): Rule("see_board"),
    ("GET", "/queue"): Rule("see_queue"),
    ("GET", "/queue/pace"): Rule("see_queue"),
    ("POST", "/set-aside/{duty}/{subject_id}/retry"): Rule("retry_jobs", good=ABSENT, other=404),
}  # fmt: skip
