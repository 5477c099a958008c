"""The reasons of a link as sentences, in the caller's language."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from service.finding.linking.evidence import Reason
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, moment, percent
from service.kernel.i18n import noop as _n
from service.kernel.words import Word

LINKS = {
    "confirmed": Word(lazy("Confirmed"), icon="circle-check", tone="good", meaning=lazy("A person said so.")),
    "automatic": Word(
        lazy("Linked"), icon="link", tone="info", meaning=lazy("Linked by the rules; the reasons are listed.")
    ),
    "offered": Word(
        lazy("Offered"), icon="circle-help", tone="warn", meaning=lazy("Not sure enough: a person decides.")
    ),
    "rejected": Word(
        lazy("Rejected"),
        icon="unlink",
        tone="plain",
        meaning=lazy("A person said that it is not this event."),
    ),
}

SENTENCES = {
    "event": _n("declared for this event"),
    "event.guess": _n("the file name may name this event"),
    "event_other_squad": _n("the declared event belongs to another squad and names none of its holders"),
    "other_squad": _n(
        "the event belongs to another squad, and neither holder nor duty shows that this one was there"
    ),
    "event_time_apart": _n("but the declared event lies {gap} away from the recording"),
    "case.declared": _n("declared for case {case}"),
    "case.sidecar": _n("the sidecar file names case {case}"),
    "case.file_name": _n("the file name names case {case}"),
    "case.guess": _n("the file name may name case {case}"),
    "case_other_squad": _n("the case belongs to another squad"),
    "officer": _n("officer {officer} filmed it and took part"),
    "officer.sidecar": _n("the sidecar file names officer {officer}, who took part"),
    "officer.file_name": _n("the file name names officer {officer}, who took part"),
    "officer.guess": _n("the file name may name officer {officer}, who took part"),
    "officer_elsewhere": _n("but officer {officer}, whom it names, is not among those who took part"),
    "holder_elsewhere": _n(
        "but officer {officer} held recorder {recorder} and is not among those who took part"
    ),
    "run_case": _n("a neighbouring file of the recorder names its case"),
    "run_officer": _n("a neighbouring file of the recorder names officer {officer}, who took part"),
    "beside_officer": _n("the recorder's files about that time name officer {officer}, who took part"),
    "holder": _n("officer {officer} held recorder {recorder} ({span})"),
    "holder.guess": _n("officer {officer} held recorder {recorder} ({span}), which the file name may name"),
    "partner": _n("officer {officer} of the event worked with the holder that shift"),
    "squad": _n("same squad"),
    "unlisted": _n("the event names nobody who took part"),
    "meets.both": _n("the filming begins and ends with it"),
    "meets.arrival": _n("the filming begins with the arrival"),
    "meets.departure": _n("the filming ends with the departure"),
    "filmed": _n("but the recorder filmed it in other files, and this one lies beside"),
    "only": _n("the recorder filmed nothing else about it"),
    "overlap": _n("{overlap} of {event} overlap"),
    "overlap.recording": _n("{overlap} of the recording's {recording} overlap"),
    "overlap.moment": _n("the one moment known of it lies inside the event"),
    "crew": _n("officer {officer}, who took part too, worked with them that shift"),
    "continues": _n("continues a file of the same recorder that lies inside"),
    "both": _n("that is {share} of the longer of the two"),
    "both.run": _n(
        "with the recorder's neighbouring files ({files} in all) {share} of the longer of the two"
    ),
    "sliver": _n("but only {overlap} of it"),
    "gap.before": _n("recorded {gap} before the arrival"),
    "gap.after": _n("recorded {gap} after the departure"),
    "ends.start": _n("starts within {start} of the arrival"),
    "ends.end": _n("ends within {end} of the departure"),
    "place.at": _n("{distance} from the site"),
    "place.far": _n("but {distance} away from the site"),
    "place_beside.at": _n("{distance} from the site, by a neighbouring file"),
    "place_beside.far": _n("but {distance} away from the site, by a neighbouring file"),
    "shifted": _n("it would fit if the camera's clock were {shift} off"),
    "card": _n("the files that came with it lie beside events, if it shows this one"),
    "time_unknown": _n("the time of the recording is not known"),
    "clock_doubt": _n("the camera's clock may be off by {doubt}"),
    "person": _n("a person said so"),
    "merged": _n("said of the event “{event}”, which was merged into this one"),
    "made_from": _n("the event was made from this recording"),
}
# Left out of a list unless nothing else is said: what the overlap says better already.
QUIET = {"ends", "both", "crew"}


def words(reason: Reason | Mapping[str, Any]) -> str:
    """One sentence for one reason, as kept in `Link.reasons` or fresh from the rules."""
    stored = reason.stored() if isinstance(reason, Reason) else reason
    code, params = str(stored.get("code", "")), dict(stored.get("params") or {})
    sentence, values = _sentence(code, params)
    if sentence is None:
        return code
    return _(sentence).format(**values)


def sentence(reasons: Iterable[Reason | Mapping[str, Any]]) -> str:
    """All that matters, in one line: “officer 012 held recorder R-07 (08:10–12:05); 11 min 20 s of 12 min …”."""
    return _("; ").join(said(reasons))


def said(reasons: Iterable[Reason | Mapping[str, Any]]) -> list[str]:
    """The sentences for a list, quiet terms left out unless nothing else is said."""
    rows = [reason.stored() if isinstance(reason, Reason) else reason for reason in reasons]
    loud = [row for row in rows if row.get("code") not in QUIET]
    return [words(row) for row in loud or rows]


def _sentence(code: str, params: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    match code:
        case "case":
            return SENTENCES[f"case.{params.get('source', 'declared')}"], {"case": params.get("case", "")}
        case "officer":
            source = params.get("source", "declared")
            key = code if source == "declared" else f"officer.{source}"
            return SENTENCES[key], {"officer": params["officer"]}
        case "both":
            values = {"share": percent(params["share"]), "files": params["files"]}
            return SENTENCES["both.run" if params["files"] > 1 else code], values
        case "sliver":
            return SENTENCES[code], {"overlap": length(params["overlap_s"])}
        case "shifted":
            return SENTENCES[code], {"shift": length(abs(params["shift_s"]))}
        case "meets":
            ends = (
                "both"
                if params["arrival"] and params["departure"]
                else "arrival"
                if params["arrival"]
                else "departure"
            )
            return SENTENCES[f"meets.{ends}"], {}
        case "event_time_apart":
            return SENTENCES[code], {"gap": length(params["gap_s"])}
        case "holder":
            values = {"officer": params["officer"], "recorder": params["recorder"]}
            key = "holder.guess" if params.get("source") == "guess" else code
            return SENTENCES[key], {**values, "span": _clock_span(params["from"], params["to"])}
        case "event":
            return SENTENCES["event.guess" if params.get("source") == "guess" else code], {}
        case "overlap":
            values = {name: length(params[f"{name}_s"]) for name in ("overlap", "recording", "event")}
            if not params["overlap_s"]:
                return SENTENCES["overlap.moment"], {}
            of_recording = params["recording_s"] < params["event_s"]
            return SENTENCES["overlap.recording" if of_recording else "overlap"], values
        case "gap":
            key = "gap.before" if params["before"] else "gap.after"
            return SENTENCES[key], {"gap": length(params["gap_s"])}
        case "ends":
            nearer = "start" if abs(params["start_s"]) <= abs(params["end_s"]) else "end"
            return SENTENCES[f"ends.{nearer}"], {nearer: length(abs(params[f"{nearer}_s"]))}
        case "place" | "place_beside":
            near = params["distance_m"] <= params["radius_m"] * 3
            return SENTENCES[f"{code}.{'at' if near else 'far'}"], {"distance": metres(params["distance_m"])}
        case "clock_doubt":
            return SENTENCES[code], {"doubt": length(params["doubt_s"])}
    return SENTENCES.get(code), params


def _clock_span(start: str, end: str | None) -> str:
    """08:10–12:05; with the day where it passes midnight; open while still held."""
    since = datetime.fromisoformat(start)
    if end is None:
        return _("since {time}").format(time=moment(since, "minute"))
    until = datetime.fromisoformat(end)
    same_day = moment(since, "day") == moment(until, "day")
    form = "hour" if same_day else "minute"
    return f"{moment(since, form)}–{moment(until, form)}"


def length(seconds: float) -> str:
    """12 min, 11 min 20 s, 2 h 5 min: two units at most."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = []
    if hours:
        parts.append(_("{n} h").format(n=hours))
    if minutes:
        parts.append(_("{n} min").format(n=minutes))
    if (rest and not hours) or not parts:
        parts.append(_("{n} s").format(n=rest))
    return _("{big} {small}").format(big=parts[0], small=parts[1]) if len(parts) > 1 else parts[0]


def metres(distance: float) -> str:
    if distance < 1000:
        return _("{n} m").format(n=round(distance))
    return _("{n} km").format(n=f"{distance / 1000:.1f}")
