"""Every kind of table that can be imported, in the order in which a new installation needs them."""

from service.footage.announcements.importers import AnnouncementImporter
from service.registry.cases.importers import CampaignImporter, CaseImporter
from service.registry.clocks.importers import ClockOffsetImporter
from service.registry.events.importers import EventImporter
from service.registry.importing.errors import NoSuchImport
from service.registry.importing.importer import Importer
from service.registry.matters.importers import MatterImporter
from service.registry.people.importers import OfficerImporter, RosterImporter, SquadImporter
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter

_KINDS: tuple[type[Importer], ...] = (
    SquadImporter,
    OfficerImporter,
    RecorderImporter,
    AssignmentImporter,
    ClockOffsetImporter,
    RosterImporter,
    CaseImporter,
    CampaignImporter,
    EventImporter,
    MatterImporter,
)
IMPORTS: dict[str, type[Importer]] = {one.name: one for one in _KINDS}
IN_BACKGROUND: dict[str, type[Importer]] = {**IMPORTS, AnnouncementImporter.name: AnnouncementImporter}
"""Whatever a worker may have to import: also what has a door of its own."""


def import_kind(name: str) -> type[Importer]:
    if name not in IMPORTS:
        raise NoSuchImport(name=name)
    return IMPORTS[name]
