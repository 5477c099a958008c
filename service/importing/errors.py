from service.errors import ServiceError
from service.i18n import noop as _n


class ImportUnreadable(ServiceError):
    status, type = 400, "import-unreadable"
    sentence = _n("This file cannot be read: {problem}")


class ImportTooLarge(ServiceError):
    status, type = 413, "import-too-large"
    sentence = _n("This file is too large to import at once: at most {megabytes} MB and {rows} rows.")


class ColumnsMissing(ServiceError):
    status, type = 400, "columns-missing"
    sentence = _n("These columns are missing: {columns}")


class RowRefused(Exception):
    """This row is left out, with a sentence; the others go on."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
