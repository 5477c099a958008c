"""Every table, imported once: for Alembic, and so that foreign keys resolve."""

from sqlmodel import SQLModel

from schemas import (  # noqa: F401
    accounts,
    cases,
    custody,
    events,
    jobs,
    links,
    originals,
    people,
    policy,
    recorders,
    recordings,
    uploads,
)

metadata = SQLModel.metadata
