// Which file the player's video shows: asks for what is missing, follows what is being made, changes over without losing
// the second, and measures the line. What follows from what is decided in watching.ts.
import { Line } from "./line";
import type { Following } from "./segments";
import type { Stretches } from "./stretches";
import { type Answer, type Asked, type Happening, type Kind, type Need, type Shown, type There, type Watch, ended, need, next, opened, pauseMs, tracks, wholeOf } from "./watching";

type Files = keyof There;

/** As the page writes it (service/web/recordings/views.py). `type`: of the original or of a copy of its streams, where the
 * browser has to be asked whether it plays its `codec`. `begins`: where the recording begins in a file; null where that is the stretches end to end. `bits`: a second. */
export type Sources = {
  there: There;
  type: string | null;
  codec: string | null;
  ask: string | null;
  begins: Record<Files, number | null>;
  bits: Record<Files, number | null>;
  picture: { width: number; height: number; fps: number } | null;
};

const SMALL = "small-picture"; // chosen, for as long as this tab is open
const SAMPLE_MS = 500;
const EDGE_S = 0.25;
const FINISHED_MS = 8000;
const FAR_S = 8; // the smaller version takes over when it is so far ahead of the viewer

export class Source {
  watch: Watch = { shown: null, asked: null, unfit: [] };
  /** Of bits a second: what the line brings, if that is known, and what the picture needs. */
  slow: { has: number | null; needs: number } | null = null;
  /** What this browser plays is known. */
  ready = false;
  /** What was watched while it was made is whole. */
  finished = false;
  /** The smaller picture is wanted, made or not. */
  small = sessionStorage.getItem(SMALL) !== null;
  private readonly there: There;
  private readonly line = new Line();
  private codec: string | null = null; // of the original, where this browser plays it
  private made = 0; // seconds of the growing file
  private wanted: number | null = null; // the player's second to go to when that can be shown
  private going = false; // as the viewer wants it, whatever the video does for want of bytes
  private changing = false;
  private turn = 0;
  private following: Following | null = null;
  private asks = 0;
  private timer = 0;
  private staying = false;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly cover: HTMLCanvasElement,
    private readonly segments: string,
    private readonly given: Sources,
    readonly length: number, // seconds recorded
    private readonly axis: (begins: number | null) => Stretches,
    private readonly changed: () => void,
  ) {
    this.there = { ...given.there };
    for (const name of ["seeking", "ratechange", "emptied"]) video.addEventListener(name, () => this.line.forget());
    video.addEventListener("play", () => (this.going = true));
    video.addEventListener("pause", () => {
      if (!this.changing && this.wanted === null) this.going = false;
    });
    video.addEventListener("error", () => this.broke());
    // Who leaves asks no more; who comes back by the browser's way goes on.
    addEventListener("pagehide", () => clearTimeout(this.timer));
    addEventListener("pageshow", (event) => event.persisted && this.poll());
    document.addEventListener("visibilitychange", () => this.poll());
    setInterval(() => this.measure(), SAMPLE_MS);
    void this.open();
  }

  private async open(): Promise<void> {
    const { there } = this;
    if (await this.plays()) this.codec = this.given.codec;
    else there.original = null;
    this.watch = opened(there, this.small);
    this.ready = true;
    const { shown } = this.watch;
    if (!shown) this.empty();
    else if (this.video.currentSrc !== new URL(shown.src, location.href).href) this.video.src = shown.src;
    if (this.going) shown ? this.play() : this.press();
    this.changed();
  }

  private async plays(): Promise<boolean> {
    const { type, picture, bits } = this.given;
    if (!type) return false;
    const { video, audio } = tracks(type);
    const asked: MediaDecodingConfiguration = { type: "file" };
    if (video) {
      const { width, height, fps } = picture ?? { width: 1920, height: 1080, fps: 30 };
      asked.video = { contentType: video, width, height, framerate: fps, bitrate: bits.original ?? 8e6 };
    }
    if (audio) asked.audio = { contentType: audio };
    try {
      return (await navigator.mediaCapabilities.decodingInfo(asked)).supported;
    } catch {
      return this.video.canPlayType(type) === "probably";
    }
  }

  /** Whether there are two pictures to choose from, the smaller one perhaps still to be made. */
  get choice(): boolean {
    return this.need === "line" && (this.there.video !== null || this.given.ask !== null);
  }

  /** This browser plays its codec, but not in the container that it came in. */
  get copies(): boolean {
    return this.codec !== null && this.there.original === null && this.watch.unfit.length === 0;
  }

  get smallMade(): boolean {
    return this.there.video !== null;
  }

  get need(): Need {
    return need(this.there, this.watch);
  }

  get growing(): boolean {
    return this.watch.shown?.as === "segments";
  }

  /** Asked for, and nothing to see yet. */
  get waits(): boolean {
    const { shown, asked } = this.watch;
    return !shown && asked !== null && !ended(asked);
  }

  /** What is still being made plays, or could. */
  get begun(): boolean {
    return this.growing && !this.changing;
  }

  /** How far what is being made reaches, in the player's seconds. */
  get reaches(): number {
    return this.stretches.shown(this.made);
  }

  /** The second that is not made yet and was asked for. */
  get awaits(): number | null {
    return this.begun ? this.wanted : null;
  }

  /** Played to the end of what is made. */
  get starves(): boolean {
    const { video } = this;
    return this.growing && this.going && video.readyState < video.HAVE_FUTURE_DATA && video.currentTime > this.made - 1;
  }

  get playing(): boolean {
    return this.changing || this.wanted !== null || !this.watch.shown ? this.going : !this.video.paused;
  }

  get stretches(): Stretches {
    return this.axisOf(this.watch.shown);
  }

  private axisOf(shown: Shown | null): Stretches {
    return this.axis(this.given.begins[shown === null || shown.as === "segments" ? "video" : shown.as]);
  }

  /** In the player's seconds. */
  get now(): number {
    return this.wanted ?? (this.watch.shown ? this.stretches.shown(this.video.currentTime) : 0);
  }

  seek(to: number): void {
    const inFile = this.stretches.inFile(to);
    if (!this.watch.shown || this.changing) this.wanted = to;
    else if (this.growing && inFile > this.made - EDGE_S) {
      const going = this.going;
      this.wanted = to;
      this.video.pause();
      this.going = going;
    } else {
      const waited = this.wanted !== null;
      this.wanted = null;
      this.video.currentTime = inFile;
      if (waited && this.going) this.play();
    }
    this.changed();
  }

  toggle(): void {
    if (!this.ready) this.going = !this.going;
    else if (!this.watch.shown && !this.waits) this.press();
    else if (this.changing || this.wanted !== null || !this.watch.shown) this.going = !this.going;
    else if (this.video.paused) this.play();
    else this.video.pause();
    this.changed();
  }

  pause(): void {
    if (this.playing) this.toggle();
  }

  private play(): void {
    void this.video.play().catch(() => undefined);
  }

  /** Asks for what is not there, or once more for what could not be made. `button`: by one that says so. */
  press(button = false): void {
    this.going = true;
    this.happens({ is: "pressed", button });
  }

  choose(small: boolean): void {
    this.small = small;
    if (small) sessionStorage.setItem(SMALL, "1");
    else sessionStorage.removeItem(SMALL);
    this.slow = null;
    this.happens({ is: "chosen", small });
  }

  /** The line may be as slow as it likes. */
  stay(): void {
    this.staying = true;
    this.slow = null;
    this.changed();
  }

  private happens(happening: Happening): void {
    const was = this.watch;
    this.watch = next(was, this.there, happening);
    const { shown, asked } = this.watch;
    if (!shown && asked && ended(asked)) this.going = false;
    if (asked?.state === "asking") {
      this.asks = 0;
      void this.load(); // meanwhile
    }
    if (!shown && was.shown) this.empty();
    else if (shown && (shown.as !== was.shown?.as || shown.src !== was.shown.src)) void this.change(was.shown);
    this.poll();
    this.changed();
  }

  private poll(): void {
    clearTimeout(this.timer);
    const { asked } = this.watch;
    if (!asked || ended(asked)) return;
    const pause = asked.state === "asking" ? 0 : pauseMs(this.watch, this.asks, document.hidden);
    this.timer = window.setTimeout(() => void this.ask(asked), pause);
  }

  private async ask(asked: Asked): Promise<void> {
    const turn = (this.asks += 1);
    const happening = await this.told(asked).catch((): Happening => ({ is: "unheard" }));
    if (this.watch.asked?.need === asked.need && turn === this.asks) this.happens(happening);
  }

  private async told({ need, again, pressed }: Asked): Promise<Happening> {
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    const answer = await fetch(this.given.ask!, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
      body: JSON.stringify({ need, again, pressed, ...(this.codec ? { plays: this.codec } : {}) }),
    });
    if (answer.status >= 500 || answer.status === 429) return { is: "unheard" };
    const told = await answer.json();
    const refused: Answer = { state: "failed", progress: null, playlist: null, playback: null, reason_text: told.detail ?? null };
    return this.heard(answer.ok ? told : refused);
  }

  private heard(answer: Answer): Happening {
    if (answer.state === "ready" && answer.playback) {
      this.finished = this.growing;
      setTimeout(() => this.forget(), FINISHED_MS);
      this.there[wholeOf(answer.playback)] = answer.playback;
    }
    const reached = (answer.progress ?? 0) * this.length;
    return { is: "told", answer, far: reached > this.now + FAR_S };
  }

  private forget(): void {
    this.finished = false;
    this.changed();
  }

  private load(): Promise<typeof import("./segments") | null> {
    return import(this.segments).catch(() => null);
  }

  /** Another file in the same video, at the same second. */
  private async change(was: Shown | null): Promise<void> {
    const { video, watch } = this;
    const shown = watch.shown!;
    const turn = (this.turn += 1);
    const late = () => turn !== this.turn;
    this.wanted ??= was ? this.axisOf(was).shown(video.currentTime) : 0;
    const speed = video.playbackRate;
    this.changing = true;
    this.hold();
    this.following?.end();
    this.following = null;
    const loaded = once(video, "loadedmetadata");
    if (shown.as === "segments") {
      this.made = 0;
      const segments = await this.load();
      if (late()) return;
      const told = { made: (seconds: number) => late() || this.grown(seconds), broke: () => late() || this.broke() };
      this.following = segments?.follow(video, shown.src, this.stretches.inFile(this.wanted), told) ?? null;
      if (!this.following) return this.broke();
    } else video.src = shown.src;
    await loaded;
    if (late()) return;
    video.playbackRate = speed;
    this.changing = false;
    this.seek(this.wanted ?? 0);
    if (this.going && this.wanted === null) this.play();
    if (video.seeking) await once(video, "seeked");
    if (late()) return;
    this.cover.hidden = true;
    this.changed();
  }

  /** What is seen stays until the next file has a picture. */
  private hold(): void {
    const { video, cover } = this;
    if (video.readyState < video.HAVE_CURRENT_DATA || !video.videoWidth) return;
    [cover.width, cover.height] = [video.videoWidth, video.videoHeight];
    cover.getContext("2d")?.drawImage(video, 0, 0);
    cover.hidden = false;
  }

  private grown(seconds: number): void {
    this.made = Math.max(this.made, seconds);
    if (this.wanted !== null && !this.changing) this.seek(this.wanted);
    this.changed();
  }

  private empty(): void {
    this.turn += 1;
    this.changing = false;
    this.following?.end();
    this.following = null;
    this.cover.hidden = true;
    this.video.removeAttribute("src");
    this.video.replaceChildren();
    this.video.load();
  }

  private broke(): void {
    if (!this.ready || !this.watch.shown) return;
    this.wanted = this.now;
    this.happens({ is: "broke", playing: this.going });
  }

  private measure(): void {
    const { video, watch } = this;
    const as: Kind | undefined = watch.shown?.as;
    if (as !== "file" && as !== "original") return;
    const needs = this.given.bits[as];
    if (!needs || watch.asked || this.slow || this.staying) return;
    if (video.paused || video.seeking || this.changing || document.hidden) return this.line.forget();
    const { buffered, currentTime } = video;
    let end = currentTime;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= currentTime + 0.1) end = Math.max(end, buffered.end(i));
    }
    const slow = this.line.hear({
      at: performance.now(),
      end,
      ahead: end - currentTime,
      fetching: video.networkState === video.NETWORK_LOADING,
      waiting: video.readyState < video.HAVE_FUTURE_DATA,
      speed: video.playbackRate,
    });
    if (!slow) return;
    this.slow = { has: slow.carries ? slow.carries * needs : null, needs };
    this.changed();
  }
}

function once(video: HTMLVideoElement, name: string): Promise<void> {
  return new Promise((done) => video.addEventListener(name, () => done(), { once: true }));
}
