// The player: the browser's video under our own controls, with waveform, previews and tags on one time line.
import { Source, type Sources } from "./source";
import { Preview } from "./sprite";
import { Stretches } from "./stretches";
import { Telling } from "./telling";
import { clock } from "./writing";

type Mark = { label: string; kind: string; from: number; to: number };

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const USUAL_FPS = 25;

class Player {
  private readonly video: HTMLVideoElement;
  private readonly text: Record<string, string>;
  private readonly marks: Mark[];
  private readonly source: Source;
  private readonly telling: Telling;
  private readonly holes: string[];
  private readonly real: number | null;
  private readonly lane = element("div", "lane");
  private readonly canvas = document.createElement("canvas");
  private readonly head = element("div", "head-mark");
  private readonly unmade = element("div", "unmade");
  private readonly picture = document.createElement("select");
  private readonly time = element("span", "clock");
  private readonly wall = element("span", "real");
  private readonly speed = document.createElement("select");
  private readonly playButton: HTMLButtonElement;
  private readonly bigButton: HTMLButtonElement;
  private readonly muteButton: HTMLButtonElement;
  private readonly preview: Preview;
  private peaks: number[] = [];
  private readonly clockOf: Intl.DateTimeFormat;

  constructor(private readonly root: HTMLElement) {
    this.video = root.querySelector("video")!;
    this.text = JSON.parse(root.dataset.text!);
    this.marks = JSON.parse(root.dataset.tags || "[]");
    this.holes = JSON.parse(root.dataset.holes || "[]");
    this.real = root.dataset.real ? Number(root.dataset.real) : null;
    this.clockOf = new Intl.DateTimeFormat("sv-SE", { timeZone: root.dataset.zone || undefined, timeStyle: "medium" });
    this.preview = new Preview(root.dataset.vtt || undefined);
    this.playButton = this.button(this.icon("play"), this.text.play, () => this.source.toggle());
    this.bigButton = this.button(this.icon("play"), this.text.watch, () => this.source.toggle());
    this.muteButton = this.button(this.icon("volume-2"), this.text.mute, () => (this.video.muted = !this.video.muted));
    this.video.controls = false;
    this.telling = new Telling(this.text, () => this.playButton.focus());
    this.source = this.sourceOf(root);
    this.build();
    this.listen();
    if (root.dataset.peaks) void this.loadPeaks(root.dataset.peaks);
  }

  private sourceOf(root: HTMLElement): Source {
    const stretches = JSON.parse(root.dataset.stretches || "[]");
    const cover = document.createElement("canvas");
    cover.hidden = true;
    this.video.after(cover);
    return new Source(
      this.video,
      cover,
      root.dataset.segments!,
      JSON.parse(root.dataset.sources!) as Sources,
      new Stretches(stretches).length || Number(root.dataset.duration || 0),
      (begins) => new Stretches(stretches, begins),
      () => this.source && this.tell(),
    );
  }

  private get stretches(): Stretches {
    return this.source.stretches;
  }

  /** A file that is still being made is as long as it will be. */
  get duration(): number {
    const { duration } = this.video;
    return !this.source.growing && Number.isFinite(duration) && duration > 0 ? this.stretches.lasts(duration) : this.source.length;
  }

  private get now(): number {
    const { now } = this.source;
    return this.duration ? Math.min(now, this.duration) : now;
  }

  /** As the player counts, whatever file plays. */
  seek(to: number): void {
    this.source.seek(Math.min(Math.max(0, to), this.duration || to));
  }

  /** The original itself stands still in a hole. */
  private leaveHole(): void {
    const beyond = this.stretches.outOf(this.video.currentTime);
    if (beyond !== null && !this.video.seeking) this.video.currentTime = beyond;
  }

  private setSpeed(rate: number): void {
    this.video.playbackRate = Math.min(4, Math.max(0.5, rate));
  }

  private button(icon: SVGSVGElement, label: string, act: () => void): HTMLButtonElement {
    const made = document.createElement("button");
    made.type = "button";
    made.append(icon);
    made.setAttribute("aria-label", label);
    made.title = label;
    made.addEventListener("click", act);
    return made;
  }

  private icon(name: string): SVGSVGElement {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `${this.root.dataset.icons}#${name}`);
    svg.append(use);
    return svg;
  }

  private build(): void {
    const { text } = this;
    this.lane.tabIndex = 0;
    this.lane.setAttribute("role", "slider");
    this.lane.setAttribute("aria-label", text.position);
    this.lane.append(this.canvas, this.unmade, this.head, this.preview.element);

    const marks = element("div", "marks");
    for (const mark of this.marks) {
      const tick = document.createElement("button");
      tick.type = "button";
      tick.className = mark.kind;
      tick.addEventListener("click", () => this.seek(this.stretches.played(mark.from)));
      marks.append(tick);
    }
    const place = () => {
      if (!this.duration) return;
      this.marks.forEach((mark, index) => {
        const tick = marks.children[index] as HTMLElement;
        const [from, to] = [this.stretches.played(mark.from), this.stretches.played(mark.to)];
        tick.title = `${clock(from)} ${mark.label}`;
        tick.setAttribute("aria-label", tick.title);
        tick.style.left = `${(100 * from) / this.duration}%`;
        tick.style.width = `${(100 * Math.max(0, to - from)) / this.duration}%`;
      });
      this.placeJoints();
      this.draw();
    };
    place();
    this.video.addEventListener("durationchange", place);

    for (const rate of SPEEDS) this.speed.add(new Option(`${rate}×`, String(rate), rate === 1, rate === 1));
    this.speed.setAttribute("aria-label", text.speed);
    this.speed.addEventListener("change", () => this.setSpeed(Number(this.speed.value)));

    this.picture.setAttribute("aria-label", text.picture);
    this.picture.className = "picture";
    this.picture.add(new Option(text.as_recorded, "recorded"));
    this.picture.add(new Option(text.small, "small"));
    this.picture.addEventListener("change", () => this.source.choose(this.picture.value === "small"));
    this.bigButton.className = "big";
    this.video.after(this.bigButton);

    const controls = element("div", "controls");
    controls.append(
      this.playButton,
      this.button(this.icon("rewind"), text.back, () => this.seek(this.now - 5)),
      this.button(this.icon("fast-forward"), text.forward, () => this.seek(this.now + 5)),
      this.time,
      this.wall,
      element("span", "push"),
      this.button(this.icon("step-back"), text.frame_back, () => this.step(-1)),
      this.button(this.icon("step-forward"), text.frame_on, () => this.step(1)),
      this.picture,
      this.speed,
      this.muteButton,
      this.button(this.icon("maximize"), text.full, () => void this.fullScreen()),
    );
    this.root.append(this.telling.element, this.telling.region, this.lane);
    if (this.marks.length) this.root.append(marks);
    this.root.append(controls);
    this.draw();
    this.tell();
  }

  private placeJoints(): void {
    this.lane.querySelectorAll(".joint").forEach((joint) => joint.remove());
    this.stretches.joints().forEach((at) => {
      const joint = element("div", "joint");
      joint.style.left = `${(100 * at) / this.duration}%`;
      this.lane.append(joint);
    });
  }

  private step(frames: number): void {
    this.source.pause();
    this.seek(this.now + frames / (Number(this.root.dataset.fps) || USUAL_FPS));
  }

  private async fullScreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.root.requestFullscreen();
  }

  private listen(): void {
    const { video, lane } = this;
    video.addEventListener("click", () => this.source.toggle());
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => this.tellButtons());
    for (const name of ["timeupdate", "seeking", "durationchange", "loadedmetadata", "waiting", "playing"]) {
      video.addEventListener(name, () => this.tell());
    }
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) video.addEventListener(name, () => this.leaveHole());
    video.addEventListener("volumechange", () => this.tellButtons());
    video.addEventListener("ratechange", () => {
      const wanted = String(video.playbackRate);
      if (![...this.speed.options].some((option) => option.value === wanted)) {
        this.speed.add(new Option(`${wanted}×`, wanted));
      }
      this.speed.value = wanted;
    });

    const at = (event: PointerEvent): [number, number, number] => {
      const box = lane.getBoundingClientRect();
      const x = Math.min(Math.max(0, event.clientX - box.left), box.width);
      return [(x / box.width) * this.duration, x, box.width];
    };
    lane.addEventListener("pointerdown", (event) => {
      lane.setPointerCapture(event.pointerId);
      this.seek(at(event)[0]);
    });
    lane.addEventListener("pointermove", (event) => {
      const [seconds, x, width] = at(event);
      if (lane.hasPointerCapture(event.pointerId)) this.seek(seconds);
      const into = this.stretches.recorded(seconds);
      const mark = this.marks.find((m) => into >= m.from && into <= m.to);
      this.preview.show(seconds, x, width, this.holeAt(seconds, width) ?? mark?.label ?? "");
    });
    lane.addEventListener("pointerleave", () => this.preview.hide());

    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => {
      const jump = (event.target as Element).closest<HTMLElement>("[data-seek]");
      if (!jump) return;
      this.seek(this.stretches.played(Number(jump.dataset.seek)));
      this.root.scrollIntoView({ block: "nearest" });
    });
    new ResizeObserver(() => this.draw()).observe(lane);
    const follow = () => {
      if (!video.paused) this.moveHead();
      requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
  }

  /** The hole that is jumped over within a few pixels of there. */
  private holeAt(seconds: number, width: number): string | undefined {
    const near = (6 / width) * this.duration;
    return this.holes[this.stretches.joints().findIndex((at) => Math.abs(at - seconds) <= near)];
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input, select, textarea, [contenteditable]")) return;
    if (event.key === " " && target.matches("button, summary, a")) return;
    const { video } = this;
    const acts: Record<string, () => void> = {
      " ": () => this.source.toggle(),
      k: () => this.source.pause(),
      l: () => (this.source.playing ? this.setSpeed(this.neighbour(1)) : this.source.toggle()),
      j: () => (this.source.playing ? this.setSpeed(this.neighbour(-1)) : this.seek(this.now - 5)),
      ArrowLeft: () => this.seek(this.now - 5),
      ArrowRight: () => this.seek(this.now + 5),
      ",": () => this.step(-1),
      ".": () => this.step(1),
      f: () => void this.fullScreen(),
      m: () => (video.muted = !video.muted),
    };
    if (target === this.lane) {
      acts.Home = () => this.seek(0);
      acts.End = () => this.seek(this.duration);
    }
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private neighbour(direction: 1 | -1): number {
    const now = this.video.playbackRate;
    const others = direction > 0 ? SPEEDS.filter((rate) => rate > now) : SPEEDS.filter((rate) => rate < now).reverse();
    return others[0] ?? now;
  }

  private tell(): void {
    const { now } = this;
    this.time.textContent = `${clock(now)} / ${clock(this.duration)}`;
    this.wall.textContent = this.real === null ? "" : this.clockOf.format(new Date(1000 * (this.real + this.stretches.recorded(now))));
    this.lane.setAttribute("aria-valuemin", "0");
    this.lane.setAttribute("aria-valuemax", String(Math.round(this.duration)));
    this.lane.setAttribute("aria-valuenow", String(Math.round(now)));
    this.lane.setAttribute("aria-valuetext", this.time.textContent);
    this.moveHead();
    this.tellSource();
  }

  private tellSource(): void {
    const { source } = this;
    this.telling.update(source);
    this.root.classList.toggle("waits", source.waits);
    const pressed = document.activeElement === this.bigButton;
    this.bigButton.hidden = !source.ready || source.waits || source.watch.shown !== null;
    if (pressed && this.bigButton.hidden) this.playButton.focus();
    const unmade = this.root.parentElement?.querySelector<HTMLElement>(".unmade");
    if (unmade) unmade.hidden = source.smallMade;
    this.picture.hidden = !source.choice;
    this.picture.value = source.small ? "small" : "recorded";
    this.unmade.hidden = !source.growing;
    if (source.growing && this.duration) this.unmade.style.left = `${Math.min(100, (100 * source.reaches) / this.duration)}%`;
    this.tellButtons();
  }

  private tellButtons(): void {
    const swap = (button: HTMLButtonElement, icon: SVGSVGElement, label: string) => {
      if (button.title === label) return;
      button.replaceChildren(icon);
      button.setAttribute("aria-label", label);
      button.title = label;
    };
    if (this.source.playing) swap(this.playButton, this.icon("pause"), this.text.pause);
    else swap(this.playButton, this.icon("play"), this.text.play);
    if (this.video.muted) swap(this.muteButton, this.icon("volume-x"), this.text.unmute);
    else swap(this.muteButton, this.icon("volume-2"), this.text.mute);
  }

  private moveHead(): void {
    this.head.style.left = this.duration ? `${(100 * this.now) / this.duration}%` : "0";
  }

  private async loadPeaks(url: string): Promise<void> {
    const answer = await fetch(url);
    if (!answer.ok) return;
    this.peaks = (await answer.json()).peaks ?? [];
    this.draw();
  }

  private draw(): void {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [this.lane.clientWidth, this.lane.clientHeight];
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    if (!pen || !width) return;
    pen.scale(ratio, ratio);
    if (this.duration) {
      for (const mark of this.marks) {
        pen.fillStyle = mark.kind === "quality" ? "rgb(209 154 53 / 24%)" : "rgb(93 138 150 / 24%)";
        const [from, to] = [this.stretches.played(mark.from), this.stretches.played(mark.to)];
        pen.fillRect((from / this.duration) * width, 0, ((to - from) / this.duration) * width, height);
      }
    }
    pen.fillStyle = "#6fa9b6";
    if (!this.peaks.length) {
      pen.fillRect(0, height / 2, width, 1);
      return;
    }
    for (let x = 0; x < width; x += 3) {
      const [a, b] = [x / width, (x + 3) / width].map((share) => Math.floor(share * this.peaks.length));
      const peak = Math.max(...this.peaks.slice(a, Math.max(a + 1, b)), 0);
      const tall = Math.max(1, Math.min(1, peak) * (height - 8));
      pen.fillRect(x, (height - tall) / 2, 2, tall);
    }
  }
}

function element(name: string, kind: string): HTMLElement {
  const made = document.createElement(name);
  made.className = kind;
  return made;
}

document.querySelectorAll<HTMLElement>(".player[data-text]").forEach((root) => new Player(root));
