"""The HTTP API: the routes of every capability."""

from service.access.routes import router as access
from service.desk.doubles.routes import router as doubles_merged
from service.desk.imports.routes import doors as import_doors
from service.desk.imports.routes import router as imports
from service.desk.operations.routes import router as operations
from service.finding.linking.case_routes import router as cases_shown
from service.finding.linking.event_routes import router as events_linked
from service.finding.linking.routes import router as linking
from service.finding.search.routes import router as search
from service.footage.announcements.routes import router as announcements
from service.footage.recordings.routes import router as recordings
from service.footage.uploads.routes import router as uploads
from service.preservation.backups.routes import router as backups
from service.preservation.custody.routes import router as custody
from service.registry.cases.routes import router as cases
from service.registry.clocks.routes import router as clocks
from service.registry.doubles.routes import router as doubles
from service.registry.events.routes import router as events
from service.registry.matters.routes import router as matters
from service.registry.people.routes import router as people
from service.registry.recorders.routes import router as recorders
from service.supervision.coverage.routes import router as coverage
from service.supervision.disputes.routes import router as disputes
from service.supervision.explanations.routes import router as explanations
from service.supervision.snapshots.routes import router as snapshots

API = (
    access,
    people,
    recorders,
    doubles,
    doubles_merged,
    clocks,
    cases,
    cases_shown,
    matters,
    imports,
    import_doors,
    events,
    events_linked,
    announcements,
    uploads,
    search,  # before recordings: /recordings/facets is not an id
    recordings,
    linking,
    coverage,
    explanations,
    disputes,
    snapshots,
    custody,
    backups,
    operations,
)
