"""Waveform peaks for the player, from raw 16-bit mono sound. Pure but for reading the file."""

import sys
from array import array
from pathlib import Path

BUCKETS = 1800
READ_BYTES = 1 << 20


def peaks(path: Path, rate: int, buckets: int = BUCKETS) -> dict:
    """`{"version": 1, "rate", "duration_s", "bucket_s", "min": […], "max": […]}`, values -1…1 with 3 decimals.

    At most `buckets` pairs, each over the same number of samples.
    """
    total = path.stat().st_size // 2
    per_bucket = max(1, -(-total // buckets))
    low: list[float] = []
    high: list[float] = []
    with path.open("rb") as file:
        while chunk := file.read(
            per_bucket * 2 if per_bucket * 2 > READ_BYTES else READ_BYTES // (per_bucket * 2) * per_bucket * 2
        ):
            samples = array("h")
            samples.frombytes(chunk[: len(chunk) // 2 * 2])
            if sys.byteorder == "big":
                samples.byteswap()
            for start in range(0, len(samples), per_bucket):
                bucket = samples[start : start + per_bucket]
                low.append(round(min(bucket) / 32768, 3))
                high.append(round(max(bucket) / 32768, 3))
    return {
        "version": 1,
        "rate": rate,
        "duration_s": round(total / rate, 3),
        "bucket_s": per_bucket / rate,
        "min": low,
        "max": high,
    }
