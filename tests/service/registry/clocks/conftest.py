from collections.abc import Iterator

import pytest
from sqlmodel import Session

from tests.service.finding.linking.field import Field


@pytest.fixture
def field(session: Session) -> Iterator[Field]:
    yield Field(session)
