import pytest
from sqlmodel import Session

from tests.service.finding.linking.field import Field


@pytest.fixture
def bureau(session: Session) -> Field:
    return Field(session)
