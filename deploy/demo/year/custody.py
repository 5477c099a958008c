"""What persons did in the year, as custody keeps it: the same words as the service's own actions write. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deploy.demo.simulator.rows import Happening
from deploy.demo.year.persons import Made
from schemas.coverage import DisputeState, ExplanationState
from schemas.links import LinkState

CALLED_OFF = "当事人改期，未到场"
Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """`names`: usernames by account; `squads`: of events and recordings, by their ids."""

    names: Mapping[UUID, str]
    squads: Mapping[UUID, UUID]

    def of_links(self, decided: Iterable[Row], made: Mapping[UUID, Made]) -> Iterator[Row]:
        for row in decided:
            link = made[row["id"]]
            yield self._row(
                row["decided_at"], row["decided_by"],
                "confirm" if row["state"] == LinkState.confirmed else "reject", "recording", link.recording_id,
                event=str(link.event_id), case=None, before=str(link.state),
            )  # fmt: skip

    def of_explanations(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            gap = [row["gap_from"].isoformat(), row["gap_to"].isoformat()] if row["gap_from"] else None
            same = {
                "explanation": str(row["id"]), "kind": str(row["kind"]), "reason": str(row["reason"]), "gap": gap
            }  # fmt: skip
            event = row["event_id"]
            yield self._row(
                row["asked_at"], row["asked_by"], "ask_explanation", "event", event, **same, note=row["note"]
            )
            if row["state"] != ExplanationState.asked:
                yield self._row(
                    row["decided_at"], row["decided_by"], "decide_explanation", "event", event,
                    **same, outcome=str(row["state"]), answer=row["answer"],
                )  # fmt: skip

    def of_disputes(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            same = {"dispute": str(row["id"]), "recording": None}
            event = row["event_id"]
            yield self._row(
                row["asked_at"], row["asked_by"], "raise_dispute", "event", event,
                **same, statement=row["statement"],
            )  # fmt: skip
            if row["state"] != DisputeState.open:
                yield self._row(
                    row["decided_at"], row["decided_by"], "answer_dispute", "event", event,
                    **same, outcome=str(row["state"]), answer=row["answer"],
                )  # fmt: skip

    def of_cancelled(self, events: Iterable[Happening], by: UUID) -> Iterator[Row]:
        for event in events:
            if event.cancelled is not None:
                yield self._row(event.cancelled, by, "cancel", "event", event.id, reason=CALLED_OFF)

    def _row(
        self, at: datetime, account: UUID, action: str, kind: str, subject: UUID, /, **detail: Any
    ) -> Row:
        return {
            "at": at,
            "account_id": account,
            "actor": self.names[account],
            "action": action,
            "subject_kind": kind,
            "subject_id": subject,
            "squad_id": self.squads[subject],
            "address": "",
            "detail": detail,
        }
