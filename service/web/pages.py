"""The pages of every capability."""

from service.web.access.pages import router as access
from service.web.announcements.pages import router as announcements
from service.web.cases.pages import router as cases
from service.web.clocks.pages import router as clocks
from service.web.coverage.pages import router as coverage
from service.web.disputes.pages import router as disputes
from service.web.events.pages import router as events
from service.web.explanations.pages import router as explanations
from service.web.importing.pages import router as importing
from service.web.matters.pages import router as matters
from service.web.operations.pages import router as operations
from service.web.people.pages import router as people
from service.web.recorders.pages import router as recorders
from service.web.recordings.pages import router as recordings
from service.web.search.pages import router as search
from service.web.snapshots.pages import router as snapshots
from service.web.two_persons.pages import router as two_persons

PAGES = (
    access,
    people,
    recorders,
    clocks,
    cases,
    matters,
    importing,
    events,
    announcements,
    search,  # before recordings: /recordings/facets is not an id
    recordings,
    coverage,
    two_persons,
    explanations,
    disputes,
    snapshots,
    operations,
)
