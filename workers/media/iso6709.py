"""ISO 6709 points as cameras write them: `+40.6892-074.0445+10.000/`, also degrees with minutes and seconds. Pure."""

import re

_POINT = re.compile(r"^([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?(?:CRS[^/]*)?/?")


def parse(text: str) -> tuple[float, float, float | None] | None:
    """(latitude, longitude, altitude in metres) or None; 0,0 is how a camera without a fix writes it."""
    match = _POINT.match(text.strip()) if len(text) < 100 else None
    if not match:
        return None
    lat, lon = _degrees(match[1], 2), _degrees(match[2], 3)
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (abs(lat) < 1e-6 and abs(lon) < 1e-6):
        return None
    alt = float(match[3]) if match[3] else None
    return lat, lon, alt if alt is not None and abs(alt) < 100_000 else None


def _degrees(text: str, width: int) -> float | None:
    """±DD.D, ±DDMM.M or ±DDMMSS.S with `width` digits of degrees."""
    sign = -1 if text[0] == "-" else 1
    whole, _, fraction = text[1:].partition(".")
    tail = f".{fraction}" if fraction else ""
    if len(whole) <= width:
        return sign * float(whole + tail)
    if len(whole) == width + 2:
        minutes = float(whole[width:] + tail)
        return sign * (int(whole[:width]) + minutes / 60) if minutes < 60 else None
    if len(whole) == width + 4:
        minutes, seconds = int(whole[width : width + 2]), float(whole[width + 2 :] + tail)
        return sign * (int(whole[:width]) + minutes / 60 + seconds / 3600) if minutes < 60 > seconds else None
    return None


def text(lat: float, lon: float) -> str:
    """The point as ISO 6709 writes it, for display and tests."""
    return f"{lat:+08.4f}{lon:+09.4f}/"
