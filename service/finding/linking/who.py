"""Who filmed, against who was at the event: identity terms, and whether another squad's event is tied to it. Pure."""

from typing import Any

from service.finding.linking.evidence import EventFacts, Holding, Reason, RecordingFacts, Source
from service.finding.linking.surroundings import Span

# How much each kind of evidence can add.
IDENTITY = {
    "case": 0.56,
    "officer": 0.52,
    "holder": 0.48,
    "run_case": 0.48,
    "run_officer": 0.46,
    "beside_officer": 0.44,
    "partner": 0.38,
    "partner_beside": 0.30,
    "unlisted": 0.30,
    "squad": 0.14,
}
SOURCES = {Source.declared: 1.0, Source.sidecar: 1.0, Source.file_name: 0.95, Source.guess: 0.95}
BESIDE_UNSURE = 0.85  # named before it or after it only, or somebody else
AGREEMENT = 0.05  # a second identity that says the same
CREW = 0.12  # the others of the event worked with its officer that shift
OFFICER_ELSEWHERE = -0.04  # the named officer was not there, though the holder was
HOLDER_ELSEWHERE = -0.12  # who held the recorder was not there
USUAL_FROM = 2  # events, from which on somebody is a partner of the shift


def was_there(recording: RecordingFacts, event: EventFacts) -> bool:
    """The event is its own squad's; or one of the event's officers held its recorder, or is named by it, and belongs to
    its squad by what the bureau wrote down: the recorder's squad, the officer's, the roster. Who uploads can say any
    number, so another squad's officer, recorder, case or event that is only said proves nothing."""
    if event.squad_id == recording.squad_id:
        return True
    at_work = {person.id for person in event.officers}
    held = recording.recorder_source != Source.guess and any(
        one.officer.id in at_work and (recording.recorder_ours or one.squad_id == recording.squad_id)
        for one in recording.holdings
    )
    named = recording.officer is not None and recording.officer_source != Source.guess
    if held or not named or recording.officer is None or recording.officer.id not in at_work:
        return held
    ended = event.end or event.start
    return recording.officer_ours or any(
        since <= ended and until >= event.start for since, until in recording.lent
    )


def identity_reasons(recording: RecordingFacts, event: EventFacts, part: Span | None) -> list[Reason]:
    """The strongest first at its full weight; what else agrees adds a little. Guesses come after what is not one."""
    found: list[Reason] = []
    at_work = {person.id for person in event.officers}
    if recording.declared_case is not None and recording.declared_case == event.case_id:
        weight = IDENTITY["case"] * SOURCES[recording.case_source]
        params: dict[str, Any] = {"case": recording.case_number, "source": recording.case_source.value}
        found.append(Reason("case", params, weight))
    if recording.officer and recording.officer.id in at_work:
        params = {"officer": recording.officer.label, "source": recording.officer_source.value}
        found.append(Reason("officer", params, IDENTITY["officer"] * SOURCES[recording.officer_source]))
    holding = _best_holding(recording, at_work, part)
    if holding is not None:
        held, share = holding
        params = {
            "officer": held.officer.label,
            "recorder": recording.recorder,
            "from": held.start.isoformat(),
            "to": held.end.isoformat() if held.end else None,
        }
        if recording.recorder_source == Source.guess:
            params["source"] = Source.guess.value
        found.append(Reason("holder", params, IDENTITY["holder"] * (0.5 + 0.5 * share)))
    found += _said_beside(recording, event, at_work)
    partners = sorted(person.label for person in event.officers if person.id in recording.partners)
    if partners and not found:
        weight = IDENTITY["partner" if len(event.officers) == 1 else "partner_beside"]
        found.append(Reason("partner", {"officer": partners[0]}, weight))
        partners = []
    if not found and recording.squad_id == event.squad_id:
        code = "squad" if event.officers else "unlisted"
        found.append(Reason(code, {}, IDENTITY[code]))
    found.sort(key=lambda reason: (is_guess(reason), -reason.weight))
    whole = _usual(recording, event) / max(1, len(event.officers) - 1)
    crew = [Reason("crew", {"officer": partners[0]}, CREW * min(1.0, whole))] if partners else []
    return [
        *found[:1],
        *(Reason(reason.code, reason.params, AGREEMENT) for reason in found[1:]),
        *crew,
    ]


def _usual(recording: RecordingFacts, event: EventFacts) -> float:
    """How many of the event's people its officer worked with that shift. Who did so once while another did all the
    while came along from another crew, and counts the less."""
    others = [person.id for person in event.officers if person.id in recording.partners]
    often = {one: len(events - {event.id}) for one, events in recording.together.items()}
    most = max(often.values(), default=0)
    return sum(often.get(one, most) / most if most else 1.0 for one in others)


def _said_beside(recording: RecordingFacts, event: EventFacts, at_work: set) -> list[Reason]:
    """What the recorder's neighbouring files say, where this one says nothing itself."""
    found = []
    of_case = event.case_id is not None and any(piece.case_id == event.case_id for piece in recording.run)
    if (recording.declared_case is None or recording.case_foreign) and of_case:
        found.append(Reason("run_case", {}, IDENTITY["run_case"]))
    if recording.officer is None or recording.officer_source == Source.guess:
        named = sorted(
            piece.officer.label
            for piece in recording.run
            if piece.officer is not None and piece.officer.id in at_work
        )
        if named:
            found.append(Reason("run_officer", {"officer": named[0]}, IDENTITY["run_officer"]))
        elif recording.recorder_source != Source.guess and not is_held(recording):
            found += _named_beside(recording, at_work)
    return found


def _named_beside(recording: RecordingFacts, at_work: set) -> list[Reason]:
    """Whom the nearest files name, where nobody is written down who held the recorder."""
    named = sorted(person.label for person in recording.named_beside if person.id in at_work)
    agreed = len(recording.named_beside) == 2 and len(set(recording.named_beside)) == 1
    weight = IDENTITY["beside_officer"] * (1.0 if agreed else BESIDE_UNSURE)
    return [Reason("beside_officer", {"officer": named[0]}, weight)] if named else []


def is_held(recording: RecordingFacts) -> bool:
    """Somebody is written down who held the recorder then, and it is no guess which one it was."""
    return recording.recorder_source != Source.guess and any(
        held.start < until and (held.end is None or held.end > since)
        for held in recording.holdings
        for since, until in recording.shown
    )


def is_guess(reason: Reason) -> bool:
    return reason.params.get("source") == Source.guess


def _best_holding(recording: RecordingFacts, at_work: set, part: Span | None) -> tuple[Holding, float] | None:
    """The holder among the event's officers who held the recorder longest of what was filmed there."""
    best: tuple[Holding, float] | None = None
    for held in recording.holdings:
        if held.officer.id not in at_work:
            continue
        share = 1.0 if part is None else _held_share(held, part)
        if best is None or share > best[1]:
            best = held, share
    return best


def _held_share(held: Holding, part: Span) -> float:
    whole = (part[1] - part[0]).total_seconds()
    if not whole:
        return 1.0
    until = min(held.end, part[1]) if held.end else part[1]
    return min(1.0, max(0.0, (until - max(held.start, part[0])).total_seconds() / whole))


def contradictions(
    recording: RecordingFacts, event: EventFacts, identity: str, part: Span | None
) -> list[Reason]:
    """Somebody else is named, or held the recorder all the while."""
    at_work = {person.id for person in event.officers}
    found = []
    if (
        recording.officer is not None
        and recording.officer_source != Source.guess
        and recording.officer.id not in at_work
        and identity in ("holder", "case")
    ):
        params = {"officer": recording.officer.label}
        found.append(Reason("officer_elsewhere", params, OFFICER_ELSEWHERE))
    if identity in ("officer", "case", "run_officer", "run_case", "beside_officer") and part is not None:
        there = [held for held in recording.holdings if _held_share(held, part) > 0.5]
        mine = {recording.officer.id} if recording.officer else set()
        if there and not any(held.officer.id in at_work | mine for held in there):
            params = {"officer": there[0].officer.label, "recorder": recording.recorder}
            found.append(Reason("holder_elsewhere", params, HOLDER_ELSEWHERE))
    return found


def is_usual_partner(recording: RecordingFacts, event: EventFacts) -> bool:
    """Who filmed worked with the one whom the event names at no fewer events of that shift than with anybody else."""
    often = {one: len(events - {event.id}) for one, events in recording.together.items()}
    mine = max((often.get(person.id, 0) for person in event.officers), default=0)
    return mine >= USUAL_FROM and mine >= max(often.values())
