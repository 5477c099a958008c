"""One upload by tus-js-client into S3 (Ceph RGW on bluestore), beside the minio SDK's own upload of the file."""

import subprocess
import sys
from pathlib import Path

from tests.bench.installation import installed, workspace
from tests.bench.report import Row, compared
from tests.bench.scale import MIB, Scale
from tests.bench.tus_client import noise, send
from tests.bench.upload_directory import cpu_s
from tests.fixtures.ceph import CephNode

REFERENCE = """
import sys, time
from minio import Minio
endpoint, access_key, secret_key, bucket, key, file = sys.argv[1:]
client = Minio(endpoint, access_key, secret_key, secure=False, region="us-east-1")
client.bucket_exists(bucket)
started = time.perf_counter()
client.fput_object(bucket, key, file)
print(time.perf_counter() - started)
"""


def run(scale: Scale) -> list[Row]:
    with workspace() as folder, CephNode(store="bluestore") as ceph, installed("web", ceph=ceph) as ours:
        file = noise(folder / "upload.mp4", scale.upload_bytes)
        small = noise(folder / "small.mp4", 16 * MIB)
        send(ours.uploads, ours.dock, small)
        by_sdk(ceph, "small", small)
        rates, references, cpu = [], [], []
        for number in range(scale.rounds):
            before = cpu_s(ours.children["web"])
            rates.append(scale.upload_bytes / 1e6 / send(ours.uploads, ours.dock, file).seconds)
            cpu.append(round(cpu_s(ours.children["web"]) - before, 2))
            references.append(scale.upload_bytes / 1e6 / by_sdk(ceph, f"reference/{number}", file))
    return [
        compared(
            f"one {scale.upload_bytes // MIB} MiB upload by tus-js-client into S3 (RGW, bluestore)",
            "MB/s",
            rates,
            references,
            f"python -c '{REFERENCE}' ENDPOINT ACCESS_KEY SECRET_KEY BUCKET KEY FILE",
            at_least=1.0,
            server_cpu_s=cpu,
        )
    ]


def by_sdk(ceph: CephNode, key: str, file: Path) -> float:
    """Seconds. Into the service's own bucket, in a process of its own as the service is one."""
    words = [f"127.0.0.1:{ceph.port}", ceph.access_key, ceph.secret_key, "bench", key, str(file)]
    done = subprocess.run(
        [sys.executable, "-c", REFERENCE, *words], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the SDK's upload failed: {done.stderr.strip()[-2000:]}")
    return float(done.stdout)
