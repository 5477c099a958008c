"""The environment of child processes: whoever runs as the same user can read it as long as they live."""

import os

# Of whoever types commands, or of the first start: no part needs them.
PASSING = frozenset(
    {"ZHENGLU_ADMIN_PASSWORD", "ZHENGLU_ADMIN_PASSWORD_FILE", "ZHENGLU_PASSWORD", "ZHENGLU_TOKEN"}
)
PLAIN = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"})


def for_ours() -> dict[str, str]:
    """Of our own programs: all settings."""
    return {name: value for name, value in os.environ.items() if name not in PASSING}


def for_others() -> dict[str, str]:
    """Of other people's programs: none."""
    return {name: value for name, value in os.environ.items() if name in PLAIN or name.startswith("LC_")}
