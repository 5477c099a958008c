"""The recorders' clocks over the year: what each showed, and what the dock measured of it in the evening. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from deploy.demo.year.report import DAYS, YEAR
from deploy.demo.year.squads import at
from schemas.base import new_id
from schemas.clocks import OffsetSource
from service.registry.clocks.keep import offset_when_shown
from service.registry.clocks.rules import Measurement, Offset, Timeline

DAY_S = 86400.0
SUMMER_TIME = (date(YEAR, 4, 8), date(YEAR, 4, 21))  # somebody had set one recorder to it
DRIFTING = (2, 7)  # places of recorders whose clocks run fast
HOUR_OFF = 4
SET_EVERY_DAYS = 80
DOUBT_S = 1.5


@dataclass
class Clock:
    """Of one recorder. `drift`: seconds a day since it was last set."""

    recorder: UUID
    drift: float
    start_s: float
    hour_off: bool
    measured: list[Measurement] = field(default_factory=list)
    line: Timeline | None = None

    def offset(self, moment: datetime) -> float:
        """Device − true. Set when a dock has seen it run for `SET_EVERY_DAYS`."""
        days = (moment - at(DAYS[0], time(19, 30))).total_seconds() / DAY_S
        found = self.start_s + self.drift * (days % SET_EVERY_DAYS)
        first, last = SUMMER_TIME
        if self.hour_off and at(first, time(7, 0)) <= moment < at(last, time(19, 30)):
            found += 3600
        return found

    def shown(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=round(self.offset(moment), 1))

    def correct(self, shown: datetime, received: datetime) -> Offset | None:
        """As the service corrects what a clock showed."""
        if self.line is None:
            self.line = Timeline.of(self.measured)
        return offset_when_shown(self.line, shown, received)


def clocks_of(recorders: Sequence[UUID], rng: Random) -> dict[UUID, Clock]:
    found = {}
    for place, recorder in enumerate(recorders):
        drift = 1.6 + rng.random() if place in DRIFTING else rng.uniform(-0.15, 0.15)
        clock = Clock(recorder, drift, rng.uniform(-2, 2), place == HOUR_OFF)
        for day in DAYS:
            if rng.random() < 0.9:
                moment = at(day, time(18, 20)) + timedelta(seconds=rng.randrange(2400))
                read = round(clock.offset(moment) + rng.gauss(0, 0.3), 1)
                clock.measured.append(Measurement(moment, read, DOUBT_S, OffsetSource.dock))
        found[recorder] = clock
    return found


def rows(clocks: dict[UUID, Clock]) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(),
            "recorder_id": clock.recorder,
            "source": OffsetSource.dock,
            "measured_at": one.measured_at,
            "offset_s": one.offset_s,
            "doubt_s": one.doubt_s,
            "created_at": one.measured_at,
        }
        for clock in clocks.values()
        for one in clock.measured
    ]
