// The upload page: several files over tus, each until the service's SHA-256 equals the one computed here.
import * as tus from "tus-js-client";
import type { Told } from "./hashing";
import { clock, size } from "./writing";

type Stage = "waiting" | "sending" | "paused" | "retrying" | "received" | "processing" | "verified";
type Bad = "refused" | "differs" | "failed" | "signedout" | "empty" | "toolarge";

const root = document.querySelector<HTMLElement>("#uploader")!;
const text: Record<string, string> = JSON.parse(root.dataset.text!);
const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
const find = <T extends HTMLElement>(selector: string, from: ParentNode = root): T => from.querySelector<T>(selector)!;
const list = find<HTMLUListElement>("#list");
const template = find<HTMLTemplateElement>("#row");

const AT_ONCE = 2;
const SMALL = 64 * 1024 * 1024; // hashed in a moment: worth waiting for, so that the hash goes along
const FINAL = new Set<string>(["verified", "refused", "differs", "failed", "signedout", "empty", "toolarge"]);
const WORDS: Record<string, string> = {};

const worker = new Worker(root.dataset.worker!, { type: "module" });
const rows: Row[] = [];

function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${root.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

function fill(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

const PICTURES: Record<Stage | Bad, ReturnType<typeof icon>> = {
  waiting: icon("clock"),
  sending: icon("cloud-upload"),
  paused: icon("pause"),
  retrying: icon("wifi-off"),
  received: icon("loader"),
  processing: icon("loader"),
  verified: icon("shield-check"),
  refused: icon("ban"),
  differs: icon("circle-x"),
  failed: icon("circle-x"),
  signedout: icon("log-out"),
  empty: icon("circle-x"),
  toolarge: icon("circle-x"),
};

class Row {
  readonly element: HTMLLIElement;
  stage: Stage | Bad = "waiting";
  sent = 0;
  sha256: string | null = null;
  hashed = 0;
  private upload: tus.Upload | null = null;
  private recording: string | null = null;
  private detail = "";
  private asked = 0;

  constructor(
    readonly id: number,
    readonly file: File,
    private readonly about: Record<string, string>,
  ) {
    this.element = (template.content.cloneNode(true) as DocumentFragment).querySelector("li")!;
    find(".name", this.element).textContent = file.name;
    find("progress", this.element).setAttribute("aria-label", file.name);
    find(".toggle", this.element).addEventListener("click", () => (this.running ? this.pause() : this.resume()));
    find(".drop-it", this.element).addEventListener("click", () => this.drop());
    list.append(this.element);
    const limit = Number(root.dataset.max || 0);
    if (!file.size) this.stage = "empty";
    else if (limit && file.size > limit) this.stage = "toolarge";
    else worker.postMessage({ id, file });
    this.show();
  }

  get running(): boolean {
    return this.stage === "sending" || this.stage === "retrying";
  }

  get over(): boolean {
    return FINAL.has(this.stage);
  }

  get readyToSend(): boolean {
    return this.stage === "waiting" && (this.sha256 !== null || this.file.size > SMALL);
  }

  async start(): Promise<void> {
    this.set("sending");
    const metadata: Record<string, string> = { filename: this.file.name, ...this.about };
    if (this.sha256) metadata.sha256 = this.sha256;
    this.upload = new tus.Upload(this.file, {
      endpoint: root.dataset.endpoint!,
      metadata,
      headers: { "X-CSRF-Token": token },
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000],
      removeFingerprintOnSuccess: true,
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        if ((status >= 400 && status < 500 && status !== 409 && status !== 423 && status !== 429) || status === 507) {
          return false;
        }
        this.set("retrying");
        return true;
      },
      onProgress: (sent) => {
        this.sent = sent;
        if (this.stage === "retrying") this.stage = "sending";
        this.show();
      },
      onAfterResponse: (_request, response) => {
        this.recording = response.getHeader("Zhenglu-Recording") || this.recording;
      },
      onError: (error) => void this.fail(error),
      onSuccess: () => {
        this.sent = this.file.size;
        this.set("received");
        this.follow();
        next();
      },
    });
    // What this browser began before (also before a reload) goes on at the service's offset.
    const before = await this.upload.findPreviousUploads();
    if (before[0]) this.upload.resumeFromPreviousUpload(before[0]);
    if (this.stage === "sending") this.upload.start();
  }

  pause(): void {
    void this.upload?.abort();
    if (this.running || this.stage === "waiting") this.set("paused");
    next();
  }

  resume(): void {
    if (this.stage === "failed" || this.stage === "signedout" || this.stage === "paused") {
      this.detail = "";
      this.set("waiting");
      next();
    }
  }

  hashTold(told: Told): void {
    if ("done" in told) this.hashed = told.done;
    else if ("sha256" in told) this.sha256 = told.sha256;
    this.show();
    if (this.readyToSend) next();
  }

  private drop(): void {
    void this.upload?.abort();
    rows.splice(rows.indexOf(this), 1);
    this.element.remove();
    next();
  }

  private async fail(error: Error | tus.DetailedError): Promise<void> {
    const response = "originalResponse" in error ? error.originalResponse : null;
    const status = response?.getStatus() ?? 0;
    try {
      const problem = JSON.parse(response?.getBody() ?? "");
      this.detail = problem.detail ?? problem.title ?? "";
    } catch {
      this.detail = status ? `HTTP ${status}` : "";
    }
    this.set(status === 401 ? "signedout" : "failed");
    next();
  }

  // Asks the service how the stored bytes are doing until there is a verdict on them.
  private async follow(): Promise<void> {
    const url = this.upload?.url;
    if (!url) return this.set("failed");
    try {
      const answer = await fetch(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
      if (answer.status === 401) return this.set("signedout");
      this.recording = answer.headers.get("Zhenglu-Recording") ?? this.recording;
      const state = answer.headers.get("Zhenglu-State") ?? "";
      const stored = answer.headers.get("Zhenglu-SHA256");
      if (state === "refused") return this.set("refused");
      if (stored && this.sha256) return this.set(stored === this.sha256 ? "verified" : "differs");
      this.set(state && state !== "receiving" ? "processing" : "received");
    } catch {
      this.show(); // the network is away: ask again later
    }
    const wait = Math.min(10_000, 1500 + 500 * this.asked++);
    setTimeout(() => void this.follow(), document.hidden ? 10_000 : wait);
  }

  private set(stage: Stage | Bad): void {
    this.stage = stage;
    this.show();
  }

  show(): void {
    const share = this.file.size ? this.sent / this.file.size : 0;
    const tone = this.stage === "verified" ? "good" : FINAL.has(this.stage) ? "bad" : this.stage === "retrying" ? "warn" : "";
    this.element.className = `up ${tone}`;
    const bar = find<HTMLProgressElement>("progress", this.element);
    bar.value = share;
    bar.className = tone === "warn" ? "" : tone;
    bar.hidden = this.over && share === 0;
    const hashing = this.stage === "waiting" && this.sha256 === null && this.file.size <= SMALL;
    const said = hashing ? `${text.hashing} ${Math.round((100 * this.hashed) / this.file.size)} %` : text[this.stage];
    const line = this.stage === "sending" ? `${said} ${Math.floor(100 * share)} %` : said + (this.detail ? ` ${this.detail}` : "");
    const status = find(".said", this.element);
    if (WORDS[this.id] !== line) {
      WORDS[this.id] = line;
      // Announce changes of stage, not every per cent.
      status.setAttribute("aria-live", this.stage === "sending" || hashing ? "off" : "polite");
      status.replaceChildren(PICTURES[this.stage].cloneNode(true), line);
      if (this.recording && !this.running) {
        const link = document.createElement("a");
        link.href = `/recordings/${encodeURIComponent(this.recording)}`;
        link.textContent = text.view;
        status.append(" ", link);
      }
    }
    find(".bytes", this.element).textContent = fill(text.of, { got: size(this.sent), all: size(this.file.size) });
    find(".sha", this.element).textContent = this.sha256 ? `SHA-256 ${this.sha256.slice(0, 16)}…` : "";
    const toggle = find<HTMLButtonElement>(".toggle", this.element);
    const may = this.running || this.stage === "paused" || this.stage === "failed" || this.stage === "signedout";
    toggle.hidden = !may;
    toggle.textContent = this.running ? text.pause : text.resume;
    const removable = this.over || this.stage === "paused" || this.stage === "waiting";
    find(".drop-it", this.element).hidden = !removable;
    board();
  }
}

function next(): void {
  let busy = rows.filter((row) => row.running).length;
  for (const row of rows) {
    if (busy >= AT_ONCE) break;
    if (row.readyToSend) {
      busy += 1;
      void row.start();
    }
  }
  board();
}

const pace: { at: number; sent: number }[] = [];
let scheduled = false;

function board(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    find("#board").classList.toggle("hidden", !rows.length);
    const real = rows.filter((row) => row.stage !== "empty" && row.stage !== "toolarge");
    const all = real.reduce((sum, row) => sum + row.file.size, 0);
    const sent = real.reduce((sum, row) => sum + row.sent, 0);
    find<HTMLProgressElement>("#total").value = all ? sent / all : 0;
    const summary = fill(text.total, { done: rows.filter((row) => row.stage === "verified").length, all: rows.length });
    if (find("#summary").textContent !== summary) find("#summary").textContent = summary;
    const running = rows.some((row) => row.running);
    pace.push({ at: performance.now(), sent });
    while (pace.length > 2 && pace[0].at < performance.now() - 8000) pace.shift();
    const rate = (1000 * (sent - pace[0].sent)) / Math.max(1, performance.now() - pace[0].at);
    const left = rate > 0 ? fill(text.left, { time: clock((all - sent) / rate) }) : "";
    const parts = [fill(text.of, { got: size(sent), all: size(all) })];
    if (running && rate > 0) parts.push(`${size(rate)}/s`, left);
    find("#speed").textContent = parts.join(" · ");
    find("#pause-all").classList.toggle("hidden", !rows.some((row) => row.running || row.readyToSend));
    find("#resume-all").classList.toggle("hidden", !rows.some((row) => row.stage === "paused"));
  });
}

function take(files: FileList | null): void {
  const value = (selector: string) => find<HTMLInputElement | HTMLSelectElement>(selector).value.trim();
  const about: Record<string, string> = {};
  for (const [name, said] of [["event", value("#event")], ["case", value("#case")], ["note", value("#note")]]) {
    if (said) about[name] = said;
  }
  for (const file of files ?? []) {
    const known = rows.some(
      (row) => row.file.name === file.name && row.file.size === file.size && row.file.lastModified === file.lastModified,
    );
    if (!known) rows.push(new Row(rows.length ? rows[rows.length - 1].id + 1 : 1, file, about));
  }
  next();
}

worker.addEventListener("message", (event: MessageEvent<Told>) => {
  rows.find((row) => row.id === event.data.id)?.hashTold(event.data);
});

const drop = find("#drop");
const input = find<HTMLInputElement>("#files");
input.addEventListener("change", () => {
  take(input.files);
  input.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer?.files ?? null);
});
find("#pause-all").addEventListener("click", () => rows.forEach((row) => !row.over && row.pause()));
find("#resume-all").addEventListener("click", () => rows.forEach((row) => row.resume()));

window.addEventListener("beforeunload", (event) => {
  if (rows.some((row) => row.running)) event.preventDefault();
});
window.addEventListener("online", () => rows.forEach((row) => row.stage === "failed" && row.resume()));
