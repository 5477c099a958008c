"""Every template with made-up contexts on a local server: `python -m tests.browser.gallery [port]`."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from service.kernel.i18n import LocaleMiddleware
from service.web.frame import rendering
from service.web.frame.views import Shell, Viewer
from tests.browser import samples


def shell(role: str | None) -> Shell:
    member = role == "member"
    viewer = Viewer("队员 001", "officer001", role, "二中队" if member else None, member) if role else None
    return Shell(viewer, csrf_token="gallery", demo=True, waiting=4)


def media(folder: Path) -> None:
    """Half a minute of test picture with everything that the player shows."""
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    video = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=30", "-f", "lavfi", "-i", "sine=440:d=30"]
    subprocess.run(
        [
            *ffmpeg,
            *video,
            "-preset",
            "ultrafast",
            "-g",
            "100",
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "+faststart",
            folder / "play.mp4",
        ],
        check=True,
    )
    parts = ["-hls_time", "4", "-hls_playlist_type", "event", "-hls_segment_type", "fmp4"]
    subprocess.run(
        [*ffmpeg, "-i", folder / "play.mp4", "-c", "copy", "-f", "hls", *parts, folder / "whole.m3u8"],
        check=True,
    )
    # Three segments of it, as while the others are made.
    whole = (folder / "whole.m3u8").read_text().splitlines()
    third = [line.endswith("2.m4s") for line in whole].index(True)
    (folder / "growing.m3u8").write_text("\n".join([*whole[: third + 1], ""]))
    subprocess.run(
        [*ffmpeg, "-ss", "4", "-i", folder / "play.mp4", "-frames:v", "1", folder / "poster.jpg"], check=True
    )
    subprocess.run(
        [
            *ffmpeg,
            "-i",
            folder / "play.mp4",
            "-vf",
            "fps=1/3,scale=160:90,tile=5x2",
            "-frames:v",
            "1",
            folder / "sprite.jpg",
        ],
        check=True,
    )
    cues = [
        f"00:00:{3 * n:02}.000 --> 00:00:{3 * n + 3:02}.000\nsprite.jpg#xywh={160 * (n % 5)},{90 * (n // 5)},160,90\n"
        for n in range(10)
    ]
    (folder / "sprite.vtt").write_text("WEBVTT\n\n" + "\n".join(cues))
    peaks = ",".join(
        f"{abs(((n * 37) % 101) / 101 * (0.25 + 0.75 * ((n // 40) % 3) / 2)):.3f}" for n in range(600)
    )
    (folder / "peaks.json").write_text(f'{{"peaks": [{peaks}]}}')


def gallery(media_folder: Path) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.add_middleware(LocaleMiddleware)

    def page(path: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            _, role, template, context = next(p for p in samples.pages() if p[0] == path)
            request.state.shell = shell(role)
            if template == "frame/error.html":
                return rendering.render_error(request, **context)
            fragment = {"/queue": "operations/_queue.html", "/recordings": "recordings/_results.html"}.get(
                path
            )
            return rendering.render(request, template, fragment=fragment, **context)

        return answer

    @app.get("/recordings/facets")
    def facets(request: Request) -> Response:
        return rendering.render(request, "recordings/_facets.html", facets=samples.facets())

    @app.get("/coverage/lists/counts")
    def counts(request: Request) -> Response:
        tabs = samples.coverage.tabs("missing")
        return rendering.render(request, "coverage/_tabs.html", name="missing", tabs=tabs, counts=None)

    @app.get("/recordings/{number}/jobs")
    def jobs(request: Request, number: str) -> Response:
        return rendering.render(request, "recordings/_jobs.html", recording=samples.recording())

    @app.post("/recordings/{number}/links/{link}/{verb}")
    def decide(request: Request, number: str, link: str, verb: str) -> Response:
        made = samples.recording()
        made.offered = []
        return rendering.render(request, "recordings/_links.html", recording=made)

    @app.post("/media/asked/{answer}", status_code=202)
    def asked(answer: str) -> dict:
        return samples.NOTHING | samples.ANSWERS[answer]

    @app.post("/jobs/{number}/retry")
    def retry(request: Request, number: str) -> Response:
        return rendering.render_error(request, 409, "This work is already running.")

    @app.post("/language")
    async def language(request: Request) -> Response:
        form = await request.form()
        answer = rendering.redirect(request, str(form["next"]))
        answer.set_cookie("lang", str(form["lang"]), max_age=31_536_000, samesite="lax")
        return answer

    @app.get("/gallery")
    def index() -> HTMLResponse:
        return HTMLResponse(
            "".join(f'<p><a href="{path}">{path}</a> {name}' for path, _, name, _ in samples.pages())
        )

    for path, *_ in samples.pages():
        app.add_api_route(path, page(path), methods=["GET"], response_model=None)
    app.mount("/static", StaticFiles(directory=rendering.DIST))
    app.mount("/media", StaticFiles(directory=media_folder))
    return app


if __name__ == "__main__":
    import uvicorn

    with tempfile.TemporaryDirectory() as folder:
        media(Path(folder))
        port = int(sys.argv[1]) if len(sys.argv) > 1 else 8899
        uvicorn.run(gallery(Path(folder)), port=port, log_level="warning")
