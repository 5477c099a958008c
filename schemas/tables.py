"""Every table, imported once: for Alembic, and so that foreign keys resolve."""

from sqlmodel import SQLModel

from schemas import (  # noqa: F401
    accounts,
    backups,
    cases,
    clocks,
    coverage,
    custody,
    doubles,
    encode_needs,
    events,
    imports,
    jobs,
    kept_bytes,
    links,
    matters,
    originals,
    people,
    policy,
    quarantine,
    recorders,
    recordings,
    rendition_segments,
    server_clock,
    sweeps,
    uploads,
)

metadata = SQLModel.metadata
