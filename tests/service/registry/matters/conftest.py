"""The service over a database of its own, as the access tests have it."""

from tests.service.access.conftest import bureau

__all__ = ["bureau"]
