from service.kernel.errors import ServiceError
from service.kernel.i18n import noop as _n


class ImportUnreadable(ServiceError):
    status, type = 400, "import-unreadable"
    sentence = _n("This file cannot be read: {problem}")


class ImportTooLarge(ServiceError):
    status, type = 413, "import-too-large"
    sentence = _n("This file is too large to import at once: at most {megabytes} MB and {rows} rows.")


class ImportTooCostly(ServiceError):
    status, type = 413, "import-too-costly"
    sentence = _n(
        "Reading this file takes far more time or memory than such a table needs: "
        "copy the rows that are wanted into a new one and save that."
    )


class ColumnsMissing(ServiceError):
    status, type = 400, "columns-missing"
    sentence = _n("These columns are missing: {columns}. The header that was seen: {seen}")


class ImportRunning(ServiceError):
    status, type = 409, "import-running"
    sentence = _n("An import of yours is still under way: wait until it has ended, then send this one again.")


class NoSuchImport(ServiceError):
    status, type = 404, "no-such-import"
    sentence = _n("There is no import of “{name}”.")


class FileChanged(ServiceError):
    status, type = 409, "file-changed"
    sentence = _n("This is not the file that was checked: check it again before you apply it.")


class RowRefused(Exception):
    """This row is left out, with a sentence; the others go on."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
