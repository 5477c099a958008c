"""The fixtures of all tests, by what they start."""

import gc

from hypothesis import HealthCheck, settings

# No property is judged by its speed, and a run tells of the change, not of luck: `--hypothesis-profile=default`
# looks for new examples.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

pytest_plugins = [
    "tests.fixtures.order",
    "tests.fixtures.run",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
    "tests.fixtures.processes",
    "tests.fixtures.media",
    "tests.fixtures.photos",
    "tests.fixtures.jobs",
    "tests.fixtures.backups",
    "tests.fixtures.stack",
    "tests.fixtures.ceph",
    "tests.fixtures.passwords",
    "tests.fixtures.soak",
]


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: the collector of garbage need not look through them again and
    again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
