"""Every operation of the contract, asked by a member of a squad."""

import pytest
from schemathesis.schemas import APIOperation

from schemas.accounts import Role
from tests.contract.asking import ask, name_of, operations
from tests.contract.bureau import House, house  # noqa: F401 - a fixture

QUEUES = ()
EXAMPLES = 6


@pytest.mark.parametrize("operation", operations(), ids=name_of)
def test_answers_as_promised(house: House, operation: APIOperation) -> None:  # noqa: F811
    ask(house, Role.member, operation, EXAMPLES)
