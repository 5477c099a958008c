"""The WebVTT beside a sprite sheet: which tile to show for which seconds. Pure."""


def vtt(times: list[float], duration_s: float, tile: tuple[int, int], columns: int, image: str) -> str:
    """`times` are those of the tiles in order; each stands until the next. Cues are `image#xywh=x,y,w,h`."""
    width, height = tile
    cues = ["WEBVTT", ""]
    for i, start in enumerate(times):
        end = times[i + 1] if i + 1 < len(times) else max(duration_s, start + 0.001)
        x, y = i % columns * width, i // columns * height
        begin = 0.0 if i == 0 else start
        cues += [f"{_clock(begin)} --> {_clock(end)}", f"{image}#xywh={x},{y},{width},{height}", ""]
    return "\n".join(cues)


def _clock(seconds: float) -> str:
    ms = max(0, round(seconds * 1000))
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
