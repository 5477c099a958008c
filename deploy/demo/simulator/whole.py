"""Squads live their year side by side; what they did and what is true of it, as one bureau's rows."""

from collections.abc import Sequence

from deploy.demo.simulator.rows import Unfilmed, Year
from deploy.demo.simulator.squad import Squad


def whole_year(squads: Sequence[Squad]) -> Year:
    for one in squads:
        one.live([other.officers for other in squads if other is not one])
    events = tuple(x for one in squads for x in one.events)
    shown = {event for one in squads for file in one.files for event in file.shows}
    why = {event: reason for one in squads for event, reason in one.unfilmed.items()}
    return Year(
        squads={one.id: one.code for one in squads},
        officers=tuple(x for one in squads for x in one.officers),
        cameras=tuple(x for one in squads for x in one.cameras),
        duties=tuple(x for one in squads for x in one.duties),
        held=tuple(x for one in squads for x in one.held),
        cases={case: one.id for one in squads for case in one.cases},
        events=(*events, *(row for one in squads for row in one.not_counted())),
        measured=tuple(x for one in squads for x in one.measured),
        files=tuple(x for one in squads for x in one.files),
        unfilmed={one.id: why.get(one.id, Unfilmed.out_of_sight) for one in events if one.id not in shown},
    )
