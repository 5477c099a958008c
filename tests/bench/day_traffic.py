"""What reaches the service on a rehearsed day: docks that read recorders out, a system that imports events, people who open
pages, and viewers who want to watch what their browser cannot play."""

import base64
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from schemas.accounts import Role
from service.kernel.clock import local
from tests.bench.footage import free_box
from tests.bench.installation import PASSWORD
from tests.bench.scale import MIB

PAGES_A_MINUTE = 20
DOCK_BYTES_A_S = 25 * 10**6  # what a camera gives through its cable
EVENTS_AT_ONCE = 10
ASKS_EVERY_S = 2.0
PAGES: dict[Role, tuple[str, ...]] = {
    Role.member: ("/", "/my-uploads", "/recordings", "{recording}"),
    Role.reviewer: ("/recordings?q={officer}", "{recording}", "/cases", "/events"),
    Role.supervisor: ("/", "/coverage", "/attention", "/queue", "/events", "{recording}"),
}


@dataclass(frozen=True)
class Film:
    """One recording of the day. `source`: whose pictures it has; its bytes are its own. `asked`: somebody will want to watch
    it where it does not play by itself."""

    source: Path
    wave: int
    squad: str
    officer: str
    recorder: str
    began: datetime
    seconds: float
    hevc: bool
    asked: bool

    @property
    def size(self) -> int:
        return self.source.stat().st_size + len(free_box())


@dataclass
class Seen:
    """What those outside met with. Milliseconds, and seconds after the click."""

    recordings: list[str] = field(default_factory=list)
    pages_ms: list[float] = field(default_factory=list)
    first_part_s: list[float] = field(default_factory=list)
    watched_s: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def dock(address: str, token: str, films: Sequence[Film], seen: Seen, viewer: Callable[[str], None]) -> None:
    """Sends one after the other, as fast as cameras are read; tells `viewer` of what will be asked for."""
    for film in films:
        recording = send(address, token, film)
        seen.recordings.append(recording)
        if film.asked:
            viewer(recording)


def send(address: str, token: str, film: Film) -> str:
    """By tus, in one go, as a station does; answers the recording."""
    said = {
        "filename": f"{film.recorder}_{local(film.began):%Y%m%d_%H%M%S}.MP4",
        "recorder": film.recorder,
        "officer": film.officer,
        "squad": film.squad,
        "recorded_at": film.began.isoformat(),
    }
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items())
    headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=300)
    try:
        created = {"Upload-Length": str(film.size), "Upload-Metadata": metadata, "Content-Length": "0"}
        connection.request("POST", "/api/v1/uploads", headers=headers | created)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 201:
            raise RuntimeError(f"an upload is not begun: {answer.status}")
        part = {
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(film.size),
        }
        upload = urlsplit(answer.headers["Location"]).path
        connection.request("PATCH", upload, body=_bytes(film), headers=headers | part)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 204:
            raise RuntimeError(f"an upload is not taken: {answer.status} {told[:300]!r}")
        return answer.headers["Zhenglu-Recording"]
    finally:
        connection.close()


def _bytes(film: Film) -> Iterator[bytes]:
    began, sent = time.monotonic(), 0
    with film.source.open("rb", buffering=0) as file:
        while block := file.read(MIB):
            yield block
            sent += len(block)
            time.sleep(max(0.0, sent / DOCK_BYTES_A_S - (time.monotonic() - began)))
    yield free_box()


def events(address: str, token: str, films: Sequence[Film], over_s: float) -> int:
    """Every film shows an inspection; the city's system hands them over a few at a time. Answers how many."""
    rows = [
        {
            "external_id": f"day-{number}",
            "title": f"巡查 {number}",
            "kind": "inspection",
            "arrived_at": (film.began - timedelta(seconds=30)).isoformat(),
            "departed_at": (film.began + timedelta(seconds=film.seconds + 30)).isoformat(),
            "squad": film.squad,
            "officers": [film.officer],
        }
        for number, film in enumerate(films)
    ]
    parts = [rows[at : at + EVENTS_AT_ONCE] for at in range(0, len(rows), EVENTS_AT_ONCE)]
    for part in parts:
        table(address, token, "events", part)
        time.sleep(over_s / len(parts))
    return len(rows)


def table(address: str, token: str, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    answer = httpx.post(
        f"{address}/api/v1/{kind}/import",
        json=rows,
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
        trust_env=False,
    )
    answer.raise_for_status()
    refused = [row for row in answer.json().get("rows", []) if row.get("outcome") in ("refused", "error")]
    if refused:
        raise RuntimeError(f"{kind}: {refused[:3]}")


def browse(
    address: str, people: dict[Role, str], officers: Sequence[str], seen: Seen, stop: threading.Event
) -> None:
    """Twenty pages a minute by all of them together, one after the other, in a written order."""
    clients = {role: _signed_in(address, name) for role, name in people.items()}
    try:
        for number in itertools.count():
            role = list(clients)[number % len(clients)]
            pages = PAGES[role]
            page = pages[number // len(clients) % len(pages)]
            recording = seen.recordings[number % len(seen.recordings)] if seen.recordings else ""
            path = page.format(
                recording=f"/recordings/{recording}" if recording else "/recordings",
                officer=officers[number % len(officers)],
            )
            began = time.monotonic()
            answer = clients[role].get(path)
            took = time.monotonic() - began
            seen.pages_ms.append(took * 1000)
            # a page of a squad may name a recording of another one
            if answer.status_code not in (200, 404):
                seen.troubles.append(f"{path}: {answer.status_code}")
            if stop.wait(max(0.0, 60 / PAGES_A_MINUTE - took)):
                return
    finally:
        for client in clients.values():
            client.close()


def _signed_in(address: str, username: str) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=60, trust_env=False)
    said = client.post("/sign-in", data={"username": username, "password": PASSWORD, "next": "/"})
    if said.status_code != 303:
        raise RuntimeError(f"{username} does not get in: {said.status_code}")
    return client


def watch(address: str, token: str, recording: str, seen: Seen, stop: threading.Event) -> None:
    """Presses play on what the browser cannot play, once it is known to be a film, and stays until it is there."""
    clicked: float | None = None
    heard_of_a_part = False
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
        while not stop.is_set():
            answer = client.post(f"/api/v1/recordings/{recording}/playback", json={"need": "viewer"})
            if answer.status_code == 202:
                clicked = clicked or time.monotonic()
                told = answer.json()
                if told["playlist"] and not heard_of_a_part:
                    heard_of_a_part = True
                    seen.first_part_s.append(time.monotonic() - clicked)
                if told["state"] == "ready":
                    seen.watched_s.append(time.monotonic() - clicked)
                    return
                if told["state"] == "failed":
                    seen.troubles.append(f"{recording}: {told['reason_text']}")
                    return
            elif answer.status_code != 404:
                seen.troubles.append(f"{recording}: {answer.status_code}")
                return
            stop.wait(ASKS_EVERY_S)
