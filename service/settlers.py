"""What follows from a change, in the order in which its locks are taken: rows of the registry and of recordings are
held by then; then link jobs asked for, search documents, and last the coverage.

Whoever runs actions imports this module: the application, the workers, the commands. A new reaction to a change is
one line here.
"""

from service.finding.search.project import DOCUMENTS
from service.kernel.changes import install
from service.supervision.coverage.keep import COVERAGE

install(DOCUMENTS, COVERAGE)
