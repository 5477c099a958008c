// A file that is still being made, played from its segments. A chunk of its own: hls.js, because only Safari can play a
// growing playlist by itself; loaded when somebody watches one.
import Hls from "hls.js/light";

export type Following = { end: () => void };
export type Told = {
  made: (seconds: number) => void; // how far it reaches by now
  broke: () => void;
};

const AGAIN_MS = 1500;

/** Plays `url` in `video` from `from` on, until `end`. Null where this browser cannot. */
export function follow(video: HTMLVideoElement, url: string, from: number, told: Told): Following | null {
  if (Hls.isSupported()) return byHls(video, url, from, told);
  return video.canPlayType("application/vnd.apple.mpegurl") ? byItself(video, url, from, told) : null;
}

function byHls(video: HTMLVideoElement, url: string, from: number, told: Told): Following {
  const hls = new Hls({
    startPosition: from,
    enableWorker: false, // it would be loaded from a blob:, which the page's policy refuses
    liveDurationInfinity: false,
    lowLatencyMode: false,
    // A growing playlist counts as live, and who stands at its end is put back to the place to start from: no further
    // than this.
    liveSyncDuration: 0.1,
    liveSyncOnStallIncrease: 0,
    backBufferLength: 120,
  });
  let [mended, ended] = [false, false];
  hls.on(Hls.Events.LEVEL_UPDATED, (_event, { details }) => told.made(details.edge));
  hls.on(Hls.Events.ERROR, (_event, error) => {
    if (!error.fatal) return;
    if (error.type === Hls.ErrorTypes.NETWORK_ERROR) {
      // The attempt may have ended, and the next have no segment yet.
      setTimeout(() => !ended && (hls.levels.length ? hls.startLoad() : hls.loadSource(url)), AGAIN_MS);
    } else if (error.type === Hls.ErrorTypes.MEDIA_ERROR && !mended) {
      mended = true;
      hls.recoverMediaError();
    } else told.broke();
  });
  hls.attachMedia(video);
  hls.loadSource(url);
  return {
    end: () => {
      ended = true;
      hls.destroy();
    },
  };
}

function byItself(video: HTMLVideoElement, url: string, from: number, told: Told): Following {
  const told_made = () => video.seekable.length && told.made(video.seekable.end(video.seekable.length - 1));
  const timer = setInterval(told_made, 1000);
  video.addEventListener("loadedmetadata", () => (video.currentTime = from), { once: true });
  video.src = url;
  return { end: () => clearInterval(timer) };
}
