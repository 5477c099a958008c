"""Every operation of the contract, asked by a member of a squad."""

import pytest
from schemathesis.schemas import APIOperation

from schemas.accounts import Role
from tests.contract.asking import ask, name_of, operations
from tests.contract.bureau import House, house  # noqa: F401 - a fixture

QUEUES = ()
EXAMPLES, IN_THE_LONG_RUN = 6, 25


@pytest.mark.parametrize("operation", operations(), ids=name_of)
def test_answers_as_promised(house: House, operation: APIOperation) -> None:  # noqa: F811
    ask(house, Role.member, operation, EXAMPLES)


@pytest.mark.soak
@pytest.mark.parametrize("operation", operations(), ids=name_of)
def test_answers_as_promised_for_long(house: House, operation: APIOperation) -> None:  # noqa: F811
    ask(house, Role.member, operation, IN_THE_LONG_RUN)
