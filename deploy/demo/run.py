"""The demo from an empty folder to the table: bureau, truth, footage, upload, wait, check."""

import json
import secrets
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.demo.bureau import ZONE, Bureau, make_bureau
from deploy.demo.check import Seen, misses, verdict_row
from deploy.demo.coverage import (
    STATUSES,
    ApprovalRequest,
    differences,
    due_at,
    expected,
    make_announced,
    make_wishes,
)
from deploy.demo.footage import borrow_footage, make_footage
from deploy.demo.load import Api, announce, explain, load_bureau, make_accounts, member_of, usernames
from deploy.demo.truth import Plan, make_plan
from deploy.upload_client import Memory, Outcome, Sender, Server

WAIT_AT_MOST_S = 1800
COUNTED_AFTER_S = 60  # the board counts a changed matters list in the background


class DemoFailed(Exception):
    """A sentence for the person who started the demo."""


@dataclass
class Demo:
    """`folder`: the demo's own files below the data folder: truth, sign-ins, footage, dock state."""

    folder: Path
    address: str
    console: Console
    lent: Path | None = None
    year: bool = False

    def run(self) -> bool:
        """True when everything is as the truth says."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bureau, plans = self._truth()
        passwords = self._passwords(bureau)
        api = Api.sign_in(self.address, "admin", passwords["admin"])
        created = load_bureau(api, bureau)
        make_accounts(api, bureau, passwords)
        self._say(
            "bureau", ", ".join(f"{count} {what}" for what, count in created.items() if count) or "as before"
        )
        announce(api, make_announced(bureau, plans))
        footage = self._footage(plans)
        plans = [plan for plan in plans if plan.name in footage]
        ids = self._upload(plans, footage, passwords)
        self._wait(api, set(ids.values()))
        rows, faults = self._compare(api, plans, ids)
        self._table(rows)
        if self.lent is None:  # borrowed footage has other times
            faults += self._coverage(api, bureau, plans, passwords)
        if self.year:
            self._load_year()
        self._sign_ins(bureau, passwords)
        if faults:
            self.console.print(f"[bold red]{faults} things are not as planned[/]")
        else:
            self.console.print(f"[bold green]All {len(plans)} recordings are as planned[/]")
        return not faults

    def _say(self, what: str, how: str) -> None:
        self.console.print(f"  [green]{what:<12}[/] {how}")

    def _truth(self) -> tuple[Bureau, list[Plan]]:
        """The same as in the first run: its first day is kept. Written before anything is uploaded."""
        file = self.folder / "truth.json"
        if file.exists():
            first_day = date.fromisoformat(json.loads(file.read_text())["first_day"])
        else:
            first_day = (datetime.now(ZONE) - timedelta(days=7)).date()
        bureau = make_bureau(first_day)
        plans = make_plan(bureau)
        if not file.exists():
            statuses = expected(bureau, plans, make_wishes(bureau, plans), datetime.now(ZONE))
            told = {
                "first_day": first_day.isoformat(),
                "recordings": [plan.row() for plan in plans],
                "events": [
                    {
                        "event": name,
                        "status": statuses[name],
                        "due_at": due_at(bureau.event(name)).isoformat(),
                    }
                    for name in sorted(statuses)
                ],
            }
            file.write_text(json.dumps(told, ensure_ascii=False, indent=1))
        return bureau, plans

    def _passwords(self, bureau: Bureau) -> dict[str, str]:
        file = self.folder / "sign-in.json"
        known = json.loads(file.read_text()) if file.exists() else {}
        for username in usernames(bureau):
            known.setdefault(username, secrets.token_urlsafe(9))
        file.touch(mode=0o600)
        file.write_text(json.dumps(known, indent=1))
        return known

    def _footage(self, plans: list[Plan]) -> dict[str, Path]:
        folder = self.folder / ("lent" if self.lent else "footage")
        if self.lent:
            return borrow_footage(plans, folder, self.lent)
        with self._progress() as progress:
            task = progress.add_task("footage", total=len(plans))
            missing = [plan for plan in plans if not (folder / plan.name).exists()]
            progress.advance(task, len(plans) - len(missing))
            make_footage(plans, folder, lambda plan: progress.advance(task, plan in missing))
        return {plan.name: folder / plan.name for plan in plans}

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("  {task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
        )

    def _upload(
        self, plans: list[Plan], footage: dict[str, Path], passwords: dict[str, str]
    ) -> dict[str, str]:
        """Each squad's dock sends its squad's files over tus; answers plan name → recording id."""
        docks = {
            squad: (
                Server(self.address, self._dock_token(squad, passwords)),
                Memory(self.folder / f"dock-{squad}"),
            )
            for squad in dict.fromkeys(plan.squad for plan in plans)
        }
        with self._progress() as progress, ThreadPoolExecutor(max_workers=4) as pool:
            task = progress.add_task("upload", total=len(plans))

            def send(plan: Plan) -> tuple[str, str]:
                dock, memory = docks[plan.squad]
                sent = Sender(dock, memory, footage[plan.name], dict(plan.metadata)).send()
                if sent.outcome in (Outcome.failed, Outcome.changed) or not sent.recording:
                    raise DemoFailed(f"{plan.name}: {sent.problem}")
                progress.advance(task)
                return plan.name, sent.recording

            # A copy goes up after what it is a copy of: which of the two survives is then known.
            firsts = [plan for plan in plans if plan.copy_of is None]
            copies = [plan for plan in plans if plan.copy_of is not None]
            return dict([*pool.map(send, firsts), *pool.map(send, copies)])

    def _dock_token(self, squad: str, passwords: dict[str, str]) -> str:
        file = self.folder / f"dock-{squad}.token"
        if not file.exists():
            member = Api.sign_in(self.address, member_of(squad), passwords[member_of(squad)])
            answer = member.post("tokens", {"name": f"采集站 {squad}", "scope": "dock"})
            answer.raise_for_status()
            file.touch(mode=0o600)
            file.write_text(answer.json()["token"])
        return file.read_text()

    def _wait(self, api: Api, ids: set[str]) -> None:
        began = time.monotonic()
        with self._progress() as progress:
            task = progress.add_task("workers", total=None)
            while time.monotonic() - began < WAIT_AT_MOST_S:
                stages = [stage for id_ in ids for stage in api.get(f"recordings/{id_}")["stages"]]
                done = sum(stage["state"] in ("done", "failed") for stage in stages)
                progress.update(task, total=len(stages), completed=done)
                if stages and done == len(stages):
                    return
                time.sleep(1)
        raise DemoFailed(f"The workers were not done after {WAIT_AT_MOST_S // 60} minutes.")

    def _compare(
        self, api: Api, plans: list[Plan], ids: dict[str, str]
    ) -> tuple[list[Mapping[str, Any]], int]:
        rows, faulty = [], 0
        for plan in plans:
            faults = misses(plan, seen := self._seen(api, ids[plan.name]), own_times=self.lent is None)
            faulty += bool(faults)
            rows.append(verdict_row(plan, seen, faults))
        return rows, faulty

    def _seen(self, api: Api, recording_id: str) -> Seen:
        told = api.get(f"recordings/{recording_id}")
        return Seen(
            recording_id=told["id"],
            state=told["state"],
            reason=told["reason_text"] or "",
            tags=frozenset(tag["name"] for tag in told["tags"]),
            links=tuple(self._link(api, link) for link in api.get("links", recording=told["id"])["items"]),
            receipts=len(told["receipts"]),
        )

    def _link(self, api: Api, link: dict) -> tuple[str, str | None, str | None, tuple[str, ...]]:
        event = api.get(f"events/{link['event_id']}") if link["event_id"] else None
        case_id = link["case_id"] or (event["case_id"] if event else None)
        number = api.get(f"cases/{case_id}")["number"] if case_id else None
        return link["state"], event["external_id"] if event else None, number, tuple(link["words"])

    def _table(self, rows: list[Mapping[str, Any]]) -> None:
        table = Table(title="录音录像 recordings", expand=True, show_lines=False)
        for name, ratio in (("recording", 4), ("verdict", 2), ("event", 3), ("case", 3), ("why", 7)):
            table.add_column(name, ratio=ratio, overflow="fold")
        for row in rows:
            mark = "[red]✗[/] " if row["faults"] else "[green]✓[/] "
            verdict = f"{mark}{row['state']} · {row['link']}"
            why = f"{row['why']}" + (f" [red]{row['faults']}[/]" if row["faults"] else "")
            table.add_row(row["recording"], verdict, row["event"], row["case"], why)
        self.console.print(table)

    def _coverage(self, api: Api, bureau: Bureau, plans: list[Plan], passwords: dict[str, str]) -> int:
        """Whether the board says of each event of the week what was planned. Answers how many times it does not."""
        ids = self._event_ids(api, bureau)
        wishes = make_wishes(bureau, plans)
        self._explain(wishes, ids, passwords)
        as_of = datetime.now(ZONE)
        wanted = expected(bureau, plans, wishes, as_of)
        began = time.monotonic()
        while True:
            found = {
                name: api.get(f"events/{ids[name]}/coverage", as_of=as_of.isoformat())["counted"]["status"]
                for name in wanted
                if name in ids
            }
            wrong = differences(wanted, found)
            if not wrong or time.monotonic() - began > COUNTED_AFTER_S:
                break
            time.sleep(2)
        table = Table(title="覆盖情况 coverage")
        for column in ("status", "planned", "found"):
            table.add_column(column, justify="left" if column == "status" else "right")
        for status in STATUSES:
            planned = sum(
                status == (found[name] if found.get(name) in allowed else allowed[0])
                for name, allowed in wanted.items()
            )
            table.add_row(status, str(planned), str(sum(one == status for one in found.values())))
        self.console.print(table)
        for line in wrong:
            self.console.print(f"  [red]✗ {line}[/]")
        return len(wrong)

    def _event_ids(self, api: Api, bureau: Bureau) -> dict[str, str]:
        since = datetime.combine(bureau.first_day, datetime.min.time(), ZONE)
        asked = {"from": since.isoformat(), "to": (since + timedelta(days=7)).isoformat(), "limit": 100}
        found: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            page = api.get("events", **asked, **({"cursor": cursor} if cursor else {}))
            found |= {one["external_id"]: one["id"] for one in page["items"]}
            cursor = page["next"]
        return found

    def _explain(self, wishes: list[ApprovalRequest], ids: dict[str, str], passwords: dict[str, str]) -> None:
        supervisor = Api.sign_in(self.address, "supervisor", passwords["supervisor"])
        for wish in wishes:
            name = member_of(wish.squad)
            explain(Api.sign_in(self.address, name, passwords[name]), supervisor, ids[wish.event], wish)

    def _load_year(self) -> None:
        from deploy.demo.year.freezing import freeze_months
        from deploy.demo.year.load import load_year
        from service.kernel.database import transaction

        with transaction() as session:
            told = load_year(session)
        told["frozen months"] = freeze_months()
        self._say(
            "year 2024", ", ".join(f"{count} {what}" for what, count in told.items() if count) or "as before"
        )

    def _sign_ins(self, bureau: Bureau, passwords: dict[str, str]) -> None:
        table = Table(title=f"{self.address}", title_style="bold")
        table.add_column("role 角色")
        table.add_column("name 用户名")
        table.add_column("password 密码")
        for username in usernames(bureau):
            table.add_row(username.split("-")[0], username, passwords[username])
        self.console.print(table)
