"""What templates call `words`: the tables of all capabilities in one place. Code imports each where it stands."""

from service.access.rules import MAY
from service.access.words import ROLES
from service.desk.operations.words import ATTENTION, JOB_STATES, SWEEPS, WAITS
from service.finding.linking.words import LINKS
from service.footage.recordings.words import LOCKS, RECEIPTS, STATES
from service.footage.tags import GROUPS as TAGS
from service.kernel.job_kinds import KINDS as JOBS
from service.kernel.queues import QUEUES
from service.kernel.words import unknown
from service.registry.events.kinds import KINDS
from service.registry.events.words import EVENTS
from service.registry.importing.words import OUTCOMES
from service.registry.matters.words import DUTIES, MOMENTS, STEPS
from service.registry.recorders.words import RECORDER_LISTS, RECORDER_STATES
from service.web.frame.navigation import HEADINGS, bar, navigation, opened

__all__ = [
    "ATTENTION",
    "DUTIES",
    "EVENTS",
    "HEADINGS",
    "JOBS",
    "JOB_STATES",
    "KINDS",
    "LINKS",
    "LOCKS",
    "MAY",
    "MOMENTS",
    "OUTCOMES",
    "QUEUES",
    "RECEIPTS",
    "RECORDER_LISTS",
    "RECORDER_STATES",
    "ROLES",
    "STATES",
    "STEPS",
    "SWEEPS",
    "TAGS",
    "WAITS",
    "bar",
    "navigation",
    "opened",
    "unknown",
]
