"""An upload server's process that can be killed: takes a row from its arguments and prints each saved one.

python -m tests.service.kernel.storage.writer_process ROW.json SOURCE URL ACCESS SECRET [LIVES]

After so many saved rows it writes slowly, so that whoever kills it then finds it writing.
"""

import dataclasses
import json
import resource
import sys
import time
from pathlib import Path

from service.kernel.storage import open_store
from tests.service.kernel.storage.row import Row


def growth() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(row_path: str, source: str, url: str, access: str, secret: str, lives: str = "1000000") -> None:
    row = Row(**json.loads(Path(row_path).read_text()))
    store = open_store(url, access, secret)
    left = int(lives)

    def tell() -> None:
        nonlocal left
        left -= 1
        sys.stdout.write(json.dumps(dataclasses.asdict(row)) + "\n")
        sys.stdout.flush()

    hand = row.take_over(store)
    tell()
    began = growth()
    with Path(source).open("rb") as file:
        file.seek(row.offset)
        while data := file.read(1024 * 1024):
            before = row.state
            hand.write(data)
            if row.state is not before:
                tell()
            if left <= 0:
                time.sleep(0.02)
    hand.close()
    tell()
    sys.stderr.write(str(growth() - began))


if __name__ == "__main__":
    main(*sys.argv[1:])
