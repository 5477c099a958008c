"""The figures, one object each: its words, what it adds up, the rows behind it. One that is added here stands on the
board, in the API, in exports, in the notice and in the months frozen from then on."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func

from schemas.coverage import EventCoverage
from service.kernel.i18n import lazy as _
from service.registry.events.recorded import filmed, only_contested, only_offered
from service.supervision.coverage.figure_types import (
    OF_DUTY,
    OF_RECORDERS,
    OF_RECORDINGS,
    About,
    OfDuty,
    OfEvents,
    OfLinks,
    OfRecorders,
    OfRecordings,
    Part,
    Spec,
    Words,
)
from service.supervision.coverage.recorders import clock_standings, dock_standings

MICROSECONDS = 1_000_000  # of a second
_row: Any = EventCoverage
_MEASURED = _row.required_to.is_not(None)
_EXPECTED = _row.links + _row.announced - _row.archived


def _whole(seconds: Any) -> ColumnElement[Any]:
    """Microseconds, of which they are a whole number: in whatever order these are added up, the sum is the same."""
    return func.coalesce(func.sum(cast(seconds * MICROSECONDS, BigInteger)).filter(_MEASURED), 0)


_REQUIRED = _("Events that had to be recorded, whose upload deadline is over and that are not exempt.")

SPECS: tuple[Spec, ...] = (
    Spec(
        "recorded",
        1,
        Words(
            _("Events recorded"),
            _(
                "Those of which at least one linked recording was received, can be played and shows some of the required time."
            ),
            _REQUIRED,
            _(
                "A linked recording that cannot be played, whose time is not known, whose pictures lie too far apart, or "
                "that shows none of the required time does not count here: if nothing else shows the event, it is missing. "
                "One that came after the deadline counts."
            ),
        ),
        OfEvents(
            share=lambda of: (of.filmed, of.n, of.n),
            held=filmed(),
            rest=~filmed(),
            offered=only_offered(),
            contested=only_contested(),
        ),
        wrong=(Part.rest, _("without a recording")),
    ),
    Spec(
        "completeness",
        2,
        Words(
            _("Time recorded"),
            _(
                "The time inside the required interval that some linked recording shows, counted once however many do."
            ),
            _("The required time of these events, from the start to the end that the matters list asks for."),
            _(
                "Missing events count with nothing recorded; what is forgiven counts as not recorded too. "
                "Recordings that cannot be played show no time; a hole inside one, where it has no picture, is not recorded, "
                "once it is measured where it has any."
            ),
        ),
        OfEvents(
            share=lambda of: (
                int(of.sums["recorded_us"]) / MICROSECONDS,
                int(of.sums["required_us"]) / MICROSECONDS,
                int(of.sums["measured"]),
            ),
            sums={
                "measured": func.count(_row.required_to),
                "required_us": _whole(_row.required_s),
                "recorded_us": _whole(_row.recorded_s),
            },
            where=_MEASURED,
            unknown="departure_unknown",
            held=_row.recorded_s > 0,
            rest=_row.recorded_s < _row.required_s,
        ),
        unit="seconds",
        wrong=(Part.rest, _("not recorded whole")),
        own_rows=False,
    ),
    Spec(
        "steps",
        3,
        Words(_("Required steps seen")),
    ),
    Spec(
        "recorders_on_duty",
        4,
        Words(
            _("Recorders for officers on duty"),
            _(
                "Recorders that officers on duty held, or that filmed or took a photo that day, at most as many as were needed."
            ),
            _(
                "Recorders needed: officers on duty, divided by the officers for whom one is enough, rounded up."
            ),
            _("Added up over the days of each squad for which a roster is known."),
        ),
        OfDuty(),
        by=OF_DUTY,
        wrong=(Part.rest, _("days with too few")),
        own_rows=False,
        leaves_out=False,
    ),
    Spec(
        "on_time",
        5,
        Words(
            _("Uploaded in time"),
            _("Linked recordings that were received by the upload deadline of their event."),
            _("Recordings linked to events whose deadline is over, announced ones included."),
            _(
                "Whether a recording can be played makes no difference here. What came as an old archive stands outside. "
                "A day is that of the arrival at the event, whatever day its recordings came in. "
                "Delay: from the end of the required interval to the arrival of the event's last recording."
            ),
        ),
        OfEvents(
            share=lambda of: (of.sums["in_time"], of.sums["expected"], int(of.sums["expected"])),
            sums={"expected": func.sum(_EXPECTED), "in_time": func.sum(_row.in_time)},
            where=_EXPECTED > 0,
            in_part={"archive": _row.archived > 0},
            held=_row.in_time > 0,
            rest=_row.in_time < _EXPECTED,
        ),
        wrong=(Part.rest, _("with something late")),
        own_rows=False,
        spread=_("Half of the events within {half}, 95 % within {most}."),
    ),
    Spec(
        "unlinked",
        6,
        Words(
            _("Recordings not linked"),
            _("Those that show no known event or case."),
            _("Recordings received, photos too, after a time of grace."),
        ),
        OfRecordings(base=frozenset({"linked", "unlinked"}), held=frozenset({"unlinked"})),
        better="lower",
        by=OF_RECORDINGS,
        wrong=(Part.numerator, _("not linked")),
        spread=_("Half of them wait since {half} or less, 95 of 100 since {most} or less."),
    ),
    Spec(
        "linked_alone",
        7,
        Words(
            _("Links made automatically"),
            _("Those that the rules made by themselves, confirmed since or not."),
            _("Links between recordings and events that count."),
        ),
        OfLinks(base=lambda link: link.counts, held=lambda link: link.by_machine),
        leaves_out=False,
    ),
    Spec(
        "put_right",
        7,
        Words(
            _("Automatic links put right"),
            _("Those that a person rejected."),
            _("Links that the rules made by themselves."),
        ),
        OfLinks(
            base=lambda link: link.by_machine & (link.counts | link.rejected),
            held=lambda link: link.rejected,
        ),
        better="lower",
        wrong=(Part.numerator, _("rejected")),
        leaves_out=False,
    ),
    Spec(
        "exempt",
        8,
        Words(
            _("Events exempt"),
            _("Those with an approved exemption, by reason."),
            _("Events that had to be recorded and whose upload deadline is over, exempt ones included."),
        ),
        OfEvents(share=lambda of: (of.exempt, of.n + of.exempt, of.n + of.exempt), exempt=True),
        better="lower",
        wrong=(Part.numerator, _("exempt")),
    ),
    Spec(
        "explained",
        9,
        Words(
            _("Gaps explained"),
            _("Gaps whose reason was approved by another person."),
            _("Gaps longer than the matters list forgives, in events that are recorded in part and are due."),
            _("A missing event has no gaps: what is missing whole can only be exempt."),
        ),
        OfEvents(
            share=lambda of: (of.sums["gaps_explained"], of.sums["gaps"], int(of.sums["gaps"])),
            sums={"gaps": func.sum(_row.gap_count), "gaps_explained": func.sum(_row.gap_explained)},
            where=_row.gap_count > 0,
            held=_row.gap_explained > 0,
            rest=_row.gap_explained < _row.gap_count,
        ),
        wrong=(Part.rest, _("with a gap not explained")),
        own_rows=False,
    ),
    Spec(
        "integrity",
        10,
        Words(_("Integrity checks passed")),
    ),
    Spec(
        "retention",
        11,
        Words(_("Retention kept")),
    ),
    Spec(
        "reviewed",
        12,
        Words(_("Random reviews done")),
    ),
    Spec(
        "evidence_ready",
        13,
        Words(_("Evidence ready for legal review")),
    ),
    Spec(
        "deadlines",
        14,
        Words(_("Legal deadlines")),
    ),
    Spec(
        "clocks",
        15,
        Words(
            _("Clocks out of step"),
            _("Recorders whose clock was last measured further off than allowed, or drifts faster."),
            _("Recorders in use or spare whose clock was ever measured."),
        ),
        OfRecorders(clock_standings, held="bad"),
        better="lower",
        by=OF_RECORDERS,
        wrong=(Part.numerator, _("out of step")),
    ),
    Spec(
        "docked",
        16,
        Words(
            _("Recorders seen by a dock"),
            _("Recorders seen within the days allowed, by a dock or by bytes that came from them."),
            _("Recorders in use."),
            _(
                "Charge and holder have lists of their own. How full a recorder's card is, is not known: no dock reports it."
            ),
        ),
        OfRecorders(dock_standings, held="good"),
        by=OF_RECORDERS,
        wrong=(Part.rest, _("not seen")),
    ),
)
BY_NAME = {spec.name: spec for spec in SPECS}
BOARD = tuple(spec.name for spec in SPECS if spec.about is About.event)


def figures_about(about: About) -> dict[str, Any]:
    """What is counted of these rows, by the name of the figure."""
    return {spec.name: spec.counting for spec in SPECS if spec.about is about}
