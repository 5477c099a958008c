import pytest

from tests.service.finding.linking.field import Field


@pytest.fixture
def bureau(session) -> Field:
    return Field(session)
