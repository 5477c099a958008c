// What the player shows, and what it has asked to be made, from what happens. Pure; source.ts carries it out.

export type Need = "viewer" | "line"; // this browser cannot play what is there; this line cannot carry it

/** The answer of POST …/playback; asking again is how one learns how far it is. */
export type Answer = {
  state: "not_asked" | "queued" | "running" | "ready" | "failed";
  progress: number | null;
  playlist: string | null;
  playback: string | null;
  reason_text: string | null;
};

/** What there is when the page opens. `file` plays in every browser; `original` is of a format that this browser says it
 * plays; `video` is the smaller version. */
export type There = { file: string | null; original: string | null; video: string | null };

export type Kind = keyof There | "segments";
export type Shown = { as: Kind; src: string };

/** `pressed`: by a button that says so, not only by play; the bureau's rule may want that. `again`: it had failed before.
 * `heard` false: the service did not answer the last time. */
export type Asked = {
  need: Need;
  pressed: boolean;
  state: "asking" | "not_asked" | "queued" | "running" | "failed";
  progress: number | null;
  reason: string | null;
  again: boolean;
  heard: boolean;
};

/** `unfit`: what this browser tried and could not play. */
export type Watch = { shown: Shown | null; asked: Asked | null; unfit: Kind[] };

export type Happening =
  | { is: "pressed"; button: boolean } // play, where nothing is shown, or a button: make it; make it once more
  | { is: "chosen"; small: boolean }
  | { is: "told"; answer: Answer; far: boolean } // far: what is made of it reaches beyond where the viewer is
  | { is: "unheard" }
  | { is: "broke"; playing: boolean };

export function opened(there: There, small: boolean): Watch {
  const none: Watch = { shown: null, asked: null, unfit: [] };
  if (small) return { ...none, shown: made(there, none) };
  return { ...none, shown: asRecorded(there, none) ?? made(there, none) };
}

/** Why a version has to be made here. */
export function need(there: There, watch: Watch): Need {
  return asRecorded(there, watch) ? "line" : "viewer";
}

export function next(watch: Watch, there: There, happening: Happening): Watch {
  switch (happening.is) {
    case "pressed":
      if (watch.asked && !ended(watch.asked)) return watch;
      return {
        ...watch,
        asked: asking(watch.asked?.need ?? need(there, watch), happening.button, watch.asked?.state === "failed"),
      };
    case "chosen":
      if (!happening.small) return { ...watch, shown: asRecorded(there, watch) ?? watch.shown, asked: null };
      return made(there, watch)
        ? { ...watch, shown: made(there, watch), asked: null }
        : { ...watch, asked: watch.asked ?? asking("line", true) };
    case "told":
      return watch.asked ? told(watch, watch.asked, happening.answer, happening.far) : watch;
    case "unheard":
      return watch.asked ? { ...watch, asked: { ...watch.asked, heard: false } } : watch;
    case "broke":
      return broke(watch, there, happening.playing);
  }
}

function told(watch: Watch, asked: Asked, answer: Answer, far: boolean): Watch {
  const { state, progress, reason_text: reason, playlist, playback } = answer;
  if (state === "ready") {
    return playback ? { ...watch, shown: { as: wholeOf(playback), src: playback }, asked: null } : watch;
  }
  const known: Asked = { ...asked, state, progress, reason, again: false, heard: true };
  // Another attempt than the one that was watched: what that one made is gone.
  const anew = watch.shown?.as === "segments" && watch.shown.src !== playlist;
  const begins = playlist && !watch.unfit.includes("segments") && (anew || far || !watch.shown);
  if (ended(known) || !begins) return { ...watch, asked: known };
  return { ...watch, shown: { as: "segments", src: playlist }, asked: known };
}

function broke(watch: Watch, there: There, playing: boolean): Watch {
  const unfit = watch.shown ? [...watch.unfit, watch.shown.as] : watch.unfit;
  const after: Watch = { shown: null, asked: watch.asked, unfit };
  if (watch.asked || watch.shown?.as === "video") return after; // the finished file is still to come, or was it
  after.shown = asRecorded(there, after) ?? made(there, after);
  return after.shown || !playing ? after : { ...after, asked: asking("viewer") };
}

/** Nothing more comes of it by itself. */
export const ended = (asked: Asked): boolean => asked.state === "failed" || asked.state === "not_asked";

/** Which of the files it is that has been made, by its address: a copy of the original's streams, for this browser or for
 * all, or the encode. */
export const wholeOf = (address: string): keyof There =>
  address.endsWith("/video") ? "video" : address.includes("plays=") ? "original" : "file";

function asking(need: Need, pressed = false, again = false): Asked {
  return { need, pressed, again, state: "asking", progress: null, reason: null, heard: true };
}

const asRecorded = (there: There, watch: Watch): Shown | null => first(there, watch, ["file", "original"]);
const made = (there: There, watch: Watch): Shown | null => first(there, watch, ["video"]);

function first(there: There, { unfit }: Watch, kinds: (keyof There)[]): Shown | null {
  const as = kinds.find((kind) => there[kind] && !unfit.includes(kind));
  return as ? { as, src: there[as]! } : null;
}

/** Quick while a viewer looks at nothing, slower once he watches. */
export function pauseMs(watch: Watch, asked: number, hidden: boolean): number {
  if (hidden) return 10_000;
  if (watch.asked && !watch.asked.heard) return Math.min(10_000, 1000 * 2 ** Math.min(asked, 4));
  if (watch.shown) return 2000;
  return asked < 20 ? 300 : 1000;
}

/** MIME with codecs as MediaCapabilities wants them: picture and sound apart. */
export function tracks(type: string): { video: string | null; audio: string | null } {
  const [container, given] = [type.split(";")[0].trim(), /codecs\s*=\s*"?([^"]*)"?/.exec(type)?.[1] ?? ""];
  const codecs = given.split(",").map((codec) => codec.trim()).filter(Boolean);
  const heard = codecs.find((codec) => /^(mp4a|opus|vorbis|flac|ac-3|ec-3|mp3)/i.test(codec));
  const seen = codecs.find((codec) => codec !== heard);
  const sound = container.replace(/^video\//, "audio/");
  return {
    video: seen ? `${container}; codecs="${seen}"` : null,
    audio: heard ? `${sound}; codecs="${heard}"` : null,
  };
}
