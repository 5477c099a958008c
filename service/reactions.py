"""What follows from a change, in the order in which its locks are taken.

The order is the same for whatever changes something: clocks; rows of events; then here the field, and the jobs asked for;
recordings' links; search documents; and last the coverage. A link job holds its own job's row, takes the
last three in this order and never waits for the field: so it and a change of the field cannot wait for each other.
Whoever goes on to recordings' links after a change of the field settles it first, through LINK_JOBS.

Whoever runs actions imports this module: the application, the workers, the commands. A new reaction to a change is
one line here.
"""

from service.finding.linking.relink import LINK_JOBS
from service.finding.search.project import DOCUMENTS
from service.finding.search.renamed import RENAMED
from service.kernel.changes import install
from service.supervision.coverage.counting import COVERAGE

install(LINK_JOBS, RENAMED, DOCUMENTS, COVERAGE)
