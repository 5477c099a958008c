"""The fixtures of all tests, by what they start."""

pytest_plugins = [
    "tests.fixtures.order",
    "tests.fixtures.run",
    "tests.fixtures.postgres",
    "tests.fixtures.redis",
    "tests.fixtures.processes",
    "tests.fixtures.media",
    "tests.fixtures.jobs",
    "tests.fixtures.stack",
    "tests.fixtures.ceph",
]
