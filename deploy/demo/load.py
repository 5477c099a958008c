"""Loads the sample bureau through the public API, as an administrator would. Idempotent."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from deploy.demo.bureau import Bureau
from deploy.demo.coverage import Announced, ApprovalRequest
from deploy.demo.matters import LISTS
from service.kernel import i18n

# Import order follows what refers to what; (path, attribute of the bureau).
IMPORTS = (
    ("squads", "squads"),
    ("officers", "officers"),
    ("recorders", "recorders"),
    ("assignments", "assignments"),
    ("rosters", "rosters"),
    ("clocks", "clocks"),
    ("campaigns", "campaigns"),
    ("cases", "cases"),
    ("events", "events"),
)
BUREAU_ROLES = {"reviewer": "审核员", "supervisor": "督察", "legal": "法制审核员", "auditor": "审计员"}


class LoadFailed(Exception):
    """The service refused a row of the sample bureau; the message says which and why."""


@dataclass
class Api:
    """The service as one account sees it, in the language of the command."""

    client: httpx.Client

    @classmethod
    def sign_in(cls, address: str, username: str, password: str) -> "Api":
        client = httpx.Client(
            base_url=address,
            headers={"Accept-Language": i18n.current().replace("_", "-")},
            timeout=60,
            trust_env=False,
        )
        answer = client.post("/api/v1/session", json={"username": username, "password": password})
        answer.raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        # the token alone is enough; a cookie would ask for a CSRF token too
        client.cookies.clear()
        return cls(client)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/v1/{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(f"/api/v1/{path}", json=body)

    def imported(self, import_id: str) -> dict[str, Any]:
        """The report of an import in the background."""
        while (told := self.get(f"imports/{import_id}"))["state"] not in ("done", "failed"):
            time.sleep(0.5)
        if told["state"] == "failed":
            raise LoadFailed(told["problem"]["detail"])
        return told


def load_bureau(api: Api, bureau: Bureau) -> dict[str, int]:
    """Imports everything; answers how many rows were created by what."""
    created = {}
    for model in bureau.rows("models"):
        answer = api.post("recorder-models", model)
        if answer.status_code not in (201, 409):
            raise LoadFailed(f"recorder-models: {answer.text[:400]}")
    for day, note, lines in LISTS:
        asked = f"matters/import?in_force_from={day}&note={quote(note)}"
        _import(api, asked, [line.model_dump(mode="json") for line in lines])
    for path, attribute in IMPORTS:
        created[path] = _import(api, f"{path}/import", bureau.rows(attribute))
    return created


def _import(api: Api, path: str, rows: list[dict[str, Any]]) -> int:
    answer = api.post(path, rows)
    if answer.status_code >= 400:
        raise LoadFailed(f"{path}: {answer.text[:400]}")
    report = api.imported(answer.json()["id"]) if answer.status_code == 202 else answer.json()
    refused = [row for row in report["rows"] if row["outcome"] == "refused"]
    if refused:
        raise LoadFailed(f"{path}: {refused[0]}")
    return sum(row["outcome"] == "created" for row in report["rows"])


def announce(api: Api, files: list[Announced]) -> None:
    """What a station says is still on a device."""
    for one in files:
        row = {
            "file_name": one.name,
            "file_id": one.name.rpartition(".")[0],
            "recorder": one.recorder,
            "officer": one.officer,
            "start": one.start.isoformat(),
            "end": one.end.isoformat(),
        }
        asked = {"squad": one.squad, "complete": "false", "collected_at": one.listed_at.isoformat()}
        _import(api, f"announcements/import?{urlencode(asked)}", [row])


def explain(member: Api, supervisor: Api, event_id: str, wish: ApprovalRequest) -> None:
    """Once: what was said already is not said again."""
    if member.get(f"events/{event_id}/explanations")["items"]:
        return
    asked = member.post(f"events/{event_id}/explanations", {"reason": wish.reason, "note": wish.note})
    asked.raise_for_status()
    if wish.approved:
        supervisor.post(f"explanations/{asked.json()['id']}/approve", {"answer": ""}).raise_for_status()


def make_accounts(api: Api, bureau: Bureau, passwords: dict[str, str]) -> None:
    """One account for each role of the bureau, and a member for each squad. What exists stays."""
    wanted = [{"username": role, "role": role, "display_name": name} for role, name in BUREAU_ROLES.items()]
    for squad in bureau.squads:
        officer = next(officer for officer in bureau.officers if officer.squad == squad["code"])
        wanted.append(
            {
                "username": member_of(squad["code"]),
                "role": "member",
                "display_name": officer.name,
                "squad": squad["code"],
                "officer": officer.certificate_no,
            }
        )
    for account in wanted:
        answer = api.post("accounts", {**account, "password": passwords[account["username"]]})
        if answer.status_code not in (201, 409):
            raise LoadFailed(f"account {account['username']}: {answer.text[:300]}")


def member_of(squad: str) -> str:
    return f"member-{squad.lower()}"


def usernames(bureau: Bureau) -> list[str]:
    return ["admin", *BUREAU_ROLES, *(member_of(squad["code"]) for squad in bureau.squads)]
