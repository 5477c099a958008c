"""What a search can be asked wrongly."""

from service.kernel.asked import QueryTooLong as QueryTooLong
from service.kernel.errors import Invalid, ServiceError
from service.kernel.i18n import noop as _n


class QueryTooShort(ServiceError):
    status, type = 400, "search-query-too-short"
    sentence = _n("Search for at least two characters.")


class CursorUnreadable(ServiceError):
    status, type = 400, "search-cursor-unreadable"
    sentence = _n(
        "This page address is damaged or belongs to another search: start again from the first page."
    )


class FilterUnreadable(Invalid):
    type = "search-filter-unreadable"
