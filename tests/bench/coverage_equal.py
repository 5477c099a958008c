"""After thousands of random changes through the real actions, the rows kept are those of a full recount."""

import sys
from random import Random
from time import perf_counter

from schemas.jobs import JobKind
from tests.bench.installation import installed
from tests.bench.report import Row
from tests.bench.scale import Scale
from tests.fixtures.jobs import run_all_jobs
from tests.service.supervision.coverage.walk import Walk, differences

CHANGES = {"full": 10_000, "quick": 200}


def run(scale: Scale) -> list[Row]:
    changes, different, tried = 0, 0, 0
    started = perf_counter()
    wanted = CHANGES[scale.name]
    with installed():
        walk = Walk(Random(11), days=120, officers=120, recorders=80)
        walk.prepare()
        while changes < wanted:
            tried += 1
            changes += bool(walk.step())
            if tried % 20 == 0:
                run_all_jobs((JobKind.link,), limit=100_000)
            if tried % 500 == 0:
                run_all_jobs((JobKind.recount,))
                different += len(differences())
                print(f"  {changes:,} of {wanted:,} changes", file=sys.stderr)
        run_all_jobs((JobKind.link, JobKind.recount), limit=100_000)
        different += len(differences())
    return [
        Row(
            name=f"kept rows that differ from a full recount after {changes:,} random changes",
            value=different,
            unit="rows",
            reference=0,
            reference_command="service.supervision.coverage.counting.kept_rows of every event, compared value by value",
            ratio=None,
            aim="none",
            met=different == 0,
            detail={"steps": walk.taken, "changes_per_s": round(changes / (perf_counter() - started), 1)},
        )
    ]
