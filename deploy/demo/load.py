"""Loads the sample bureau through the public API, as an administrator would. Idempotent."""

from dataclasses import dataclass
from typing import Any

import httpx

from deploy.demo.bureau import Bureau

# Import order follows what refers to what; (path, attribute of the bureau).
IMPORTS = (
    ("squads", "squads"),
    ("officers", "officers"),
    ("recorders", "recorders"),
    ("assignments", "assignments"),
    ("campaigns", "campaigns"),
    ("cases", "cases"),
    ("events", "events"),
)
BUREAU_ROLES = {"reviewer": "审核员", "supervisor": "督察", "legal": "法制审核员", "auditor": "审计员"}


class LoadFailed(Exception):
    """The service refused a row of the sample bureau; the message says which and why."""


@dataclass
class Api:
    """The service as one account sees it."""

    client: httpx.Client

    @classmethod
    def sign_in(cls, address: str, username: str, password: str) -> "Api":
        client = httpx.Client(base_url=address, timeout=60, trust_env=False)
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


def load_bureau(api: Api, bureau: Bureau) -> dict[str, int]:
    """Imports everything; answers how many rows were created by what."""
    created = {}
    for model in bureau.rows("models"):
        answer = api.post("recorder-models", model)
        if answer.status_code not in (201, 409):
            raise LoadFailed(f"recorder-models: {answer.text[:400]}")
    for path, attribute in IMPORTS:
        answer = api.post(f"{path}/import", bureau.rows(attribute))
        if answer.status_code >= 400:
            raise LoadFailed(f"{path}: {answer.text[:400]}")
        report = answer.json()
        refused = [row for row in report["rows"] if row["outcome"] == "refused"]
        if refused:
            raise LoadFailed(f"{path}: {refused[0]}")
        created[path] = sum(row["outcome"] == "created" for row in report["rows"])
    return created


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
