"""A bureau on a database of its own, as the tests of linking have it."""

from tests.service.finding.linking.conftest import bureau

__all__ = ["bureau"]
