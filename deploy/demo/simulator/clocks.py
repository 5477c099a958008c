"""What the service knows of a simulated year's clocks: what the docks measured, as it reads measurements."""

from collections import defaultdict
from uuid import UUID

from deploy.demo.simulator.rows import Year
from service.registry.clocks.rules import Measurement, Timeline


def timelines(year: Year) -> dict[UUID, Timeline]:
    """By recorder."""
    measured = defaultdict(list)
    for one in year.measured:
        measured[one.recorder].append(Measurement(one.at, one.offset_s, one.doubt_s, one.source))
    return {recorder: Timeline.of(found) for recorder, found in measured.items()}
