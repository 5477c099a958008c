"""What an error says, and what it costs to be able to raise one."""

import json
import subprocess
import sys


def test_a_pure_module_that_raises_loads_no_web_no_templates_and_no_database() -> None:
    code = "import json, sys, service.kernel.errors; print(json.dumps([name.split('.')[0] for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"fastapi", "starlette", "jinja2", "sqlalchemy", "sqlmodel", "psycopg"}
