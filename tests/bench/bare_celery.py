"""The least that Celery can do: the yardstick of no_op.py, run by a worker process of its own."""

import os

from celery import Celery

app = Celery("bare", broker=os.environ.get("BARE_BROKER"), backend=os.environ.get("BARE_BROKER"))
app.conf.update(
    task_serializer="json", result_serializer="json", accept_content=["json"], task_default_queue="bare"
)


@app.task(name="bare.no_op")
def no_op() -> None:
    pass
