"""Sample footage made with ffmpeg and espeak-ng: a drawn street, burned-in time and officer number, speech."""

import hashlib
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path

from deploy.demo.bureau import ZONE
from deploy.demo.truth import Plan

SIZE = (640, 360)
RATE = 10
FONT = "Noto Sans CJK SC"
FAULT_SPAN = {"covered": (15, 35), "silent": (10, 30), "black": (45, 59)}
SPEECH = "现在是{hour}点{minute}分。我们是城管执法队员,编号{number}。{act}。现场全程录音录像。"


class FootageFailed(Exception):
    """ffmpeg or espeak-ng did not make a sample; the message carries what it said."""


def make_footage(plans: list[Plan], folder: Path, on_done: Callable[[Plan], None]) -> None:
    """Makes what is missing in `folder`, two at a time. What is there from an earlier run is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    originals = [plan for plan in plans if plan.copy_of is None]
    with ThreadPoolExecutor(max_workers=max(1, min(4, os.cpu_count() or 1))) as pool:
        for plan, _ in zip(originals, pool.map(lambda plan: _make(plan, folder), originals), strict=True):
            on_done(plan)
    for plan in plans:
        if plan.copy_of is not None and not (folder / plan.name).exists():
            shutil.copyfile(folder / plan.copy_of, folder / plan.name)
            on_done(plan)


def borrow_footage(plans: list[Plan], folder: Path, lent: Path) -> dict[str, Path]:
    """FOOTAGE=dir: the folder's files stand in for the pictures, under the planned names, one after the other.
    Answers plan name → file. A squad gets each file once, for the same bytes again would be the same recording: a
    small folder leaves plans out.

    Times and durations then are those of the files, so only what does not depend on them is expected.
    """
    files = sorted(path for path in lent.rglob("*") if path.is_file() and not _hidden(path.relative_to(lent)))
    if not files:
        raise FootageFailed(f"no files in {lent}")
    folder.mkdir(parents=True, exist_ok=True)
    borrowed: dict[str, Path] = {}
    given: Counter[str] = Counter()
    for plan in plans:
        if given[plan.squad] == len(files):
            continue
        source = files[given[plan.squad]]
        given[plan.squad] += 1
        target = folder / Path(plan.name).with_suffix(source.suffix).name
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            shutil.copyfile(source, target)
        borrowed[plan.name] = target
    return borrowed


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _run(argv: list[str]) -> None:
    done = subprocess.run(
        argv, capture_output=True, text=True, env={**os.environ, "TZ": ZONE.key}, check=False
    )
    if done.returncode != 0:
        raise FootageFailed(f"{argv[0]}: {done.stderr[-500:]}")


def _make(plan: Plan, folder: Path) -> None:
    target = folder / plan.name
    if target.exists():
        return
    unfinished = folder / f".{plan.name}"
    if plan.container == "text":
        unfinished.write_text("巡查笔记:这不是录音录像。\n" * 200)
    else:
        speech = folder / f".{plan.name}.wav"
        _speak(plan, speech)
        _run(_command(plan, speech, unfinished))
        speech.unlink()
        if plan.container == "broken":
            _lose_power(unfinished)
    unfinished.rename(target)


def _speak(plan: Plan, target: Path) -> None:
    local = plan.start.astimezone(ZONE)
    text = SPEECH.format(hour=local.hour, minute=local.minute, number=int(plan.officer), act="正在执法检查")
    _run(["espeak-ng", "-v", "cmn", "-s", "150", "-w", str(target), text])


def _command(plan: Plan, speech: Path, target: Path) -> list[str]:
    seconds = max(plan.seconds, 2)
    argv = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    argv += ["-f", "lavfi", "-i", _scene(plan, seconds)]
    argv += ["-i", str(speech)]
    argv += [
        "-f",
        "lavfi",
        "-i",
        f"anoisesrc=color=brown:amplitude=0.05:duration={seconds}:seed={_seed(plan)}",
    ]
    sound = "[1:a]aresample=44100,apad[s];[2:a]aresample=44100[n];[s][n]amix=inputs=2:duration=shortest[m]"
    if "silent" in plan.faults:
        start, end = FAULT_SPAN["silent"]
        sound += f";[m]volume=0:enable='between(t,{start},{end})'[a]"
    else:
        sound += ";[m]anull[a]"
    argv += ["-filter_complex", sound, "-t", str(seconds)]
    if plan.container != "m4a":
        argv += ["-map", "0:v", "-pix_fmt", "yuv420p", "-g", str(RATE * 2)]
    argv += ["-map", "[a]", "-ac", "1"]
    argv += _codecs(plan.container)
    if plan.clock is not None:
        written = plan.clock if plan.clock.tzinfo is None else plan.clock.astimezone(UTC).replace(tzinfo=None)
        argv += ["-metadata", f"creation_time={written:%Y-%m-%dT%H:%M:%S}Z"]
    return [*argv, "-f", _format(plan.container), str(target)]


def _codecs(container: str) -> list[str]:
    aac = ["-c:a", "aac", "-b:a", "48k"]
    return {
        "hevc": [
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            "log-level=none",
            "-tag:v",
            "hvc1",
            *aac,
        ],
        "avi": ["-c:v", "mpeg4", "-q:v", "5", "-c:a", "libmp3lame", "-b:a", "64k"],
        "m4a": aac,
    }.get(container, ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", *aac])


def _format(container: str) -> str:
    return {"ts": "mpegts", "avi": "avi"}.get(container, "mp4")


def _lose_power(path: Path) -> None:
    """Without +faststart the index stands last: cutting the end off is what a flat battery does."""
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * 0.7))


def _seed(plan: Plan) -> int:
    return int.from_bytes(hashlib.sha256(plan.name.encode()).digest()[:4])


def _scene(plan: Plan, seconds: int) -> str:
    """A street: sky, houses with windows, road, vehicles that pass, and the overlay that such cameras burn in."""
    rng = random.Random(_seed(plan))
    width, height = SIZE
    sky = rng.choice(("0x9fc3dd", "0xb7cad6", "0xc9d3d8", "0x8fb6d4"))
    ground = int(height * 0.68)
    parts = [f"color=c={sky}:s={width}x{height}:r={RATE}:d={seconds}"]
    x = -10
    while x < width:
        house, floor = rng.randint(70, 130), rng.randint(40, 130)
        wall = rng.choice(("0x8d7f6f", "0xa39a8c", "0x77808a", "0x9b8676", "0x6e7b77"))
        parts.append(f"drawbox=x={x}:y={floor}:w={house}:h={ground - floor}:c={wall}:t=fill")
        parts += [
            f"drawbox=x={wx}:y={wy}:w=12:h=16:c=0x39434f:t=fill"
            for wx in range(x + 12, x + house - 16, 26)
            for wy in range(floor + 12, ground - 44, 32)
        ]
        sign = rng.choice(("0xb33a2e", "0x2f6f9f", "0x3f8f56", "0xc2912e"))
        parts.append(f"drawbox=x={x + 6}:y={ground - 34}:w={house - 14}:h=16:c={sign}:t=fill")
        x += house + rng.randint(0, 8)
    parts.append(f"drawbox=x=0:y={ground}:w={width}:h={height - ground}:c=0x5a5d60:t=fill")
    parts += [f"drawbox=x={lane}:y={ground + 52}:w=34:h=5:c=0xd8d8c8:t=fill" for lane in range(10, width, 78)]
    for n in range(3):
        colour = rng.choice(("0x2d4f7c", "0x8c2f2f", "0xdedede", "0x2f2f33", "0xd39a2d"))
        speed, phase = rng.randint(30, 90), rng.randint(0, 700)
        y = ground + 8 + n * 30
        path = f"mod(t*{speed}+{phase}\\,{width + 160})-120"
        parts.append(f"drawbox=x='{path}':y={y}:w=86:h=26:c={colour}:t=fill")
    # worn on a chest, a camera is never still
    parts.append("scale=664:374,crop=640:360:x='12+9*sin(t*0.9)':y='7+5*sin(t*1.7)'")
    parts.append(f"noise=alls=4:allf=t:all_seed={_seed(plan) % 100000}")
    parts += _faults(plan)
    parts += _overlay(plan)
    return ",".join(parts)


def _faults(plan: Plan) -> list[str]:
    found = []
    for fault, colour in (("covered", "0x1d1715"), ("black", "black")):
        if fault in plan.faults:
            start, end = FAULT_SPAN[fault]
            found.append(f"drawbox=x=0:y=0:w=iw:h=ih:c={colour}:t=fill:enable='between(t,{start},{end})'")
    return found


def _overlay(plan: Plan) -> list[str]:
    base = f"font={FONT}:fontcolor=white:fontsize=20:box=1:boxcolor=black@0.45:boxborderw=5"
    clock = int(plan.start.timestamp())
    return [
        f"drawtext={base}:x=12:y=10:text='%{{pts\\:localtime\\:{clock}\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S}}'",
        f"drawtext={base}:x=12:y=h-34:text='执法记录仪 编号 {plan.officer}'",
    ]
