"""The contract as a file: `python -m deploy.openapi` writes docs/openapi.json anew."""

import json
from pathlib import Path

from service.app import create_app

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def written() -> str:
    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
    print(FILE)
