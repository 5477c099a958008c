import pytest

from tests.service.linking.field import Field


@pytest.fixture
def bureau(session) -> Field:
    return Field(session)
