"""Babel extractor for sentences that stand as plain values in a table named MESSAGES.

schemas/ lies below the floor that knows gettext, so its sentences cannot be marked where they stand.
"""

import ast
from collections.abc import Iterator
from typing import IO


def messages(file: IO[bytes], keywords: object, tags: object, options: object) -> Iterator[tuple]:
    for node in ast.parse(file.read()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == "MESSAGES":
            for value in ast.literal_eval(node.value).values():
                yield node.lineno, None, value, []
