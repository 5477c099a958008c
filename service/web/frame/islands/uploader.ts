// The upload page: several files over tus, each until the service's SHA-256 equals the one computed here.
//
// Which file is which is told by its bytes alone: cards that begin anew give other bytes the same name, size and time.
// So each is read and hashed on this page before anything is sent, and what goes on is an upload of that very hash.
import * as tus from "tus-js-client";
import { type Dropped, type Found, foundIn } from "./dropped";
import type { Told } from "./hashing";
import { clock, size } from "./writing";

type Stage = "waiting" | "sending" | "paused" | "retrying" | "received" | "processing" | "verified";
type Bad = "refused" | "differs" | "changed" | "failed" | "signedout" | "empty" | "toolarge";
// An upload of this account that has not all its bytes: what the service knows of it.
type Unfinished = { id: string; filename: string; size: number | null; sha256: string | null; said: Record<string, string>; resumable: boolean };

const root = document.querySelector<HTMLElement>("#uploader")!;
const text: Record<string, string> = JSON.parse(root.dataset.text!);
const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
const find = <T extends HTMLElement>(selector: string, from: ParentNode = root): T => from.querySelector<T>(selector)!;
const list = find<HTMLUListElement>("#list");
const template = find<HTMLTemplateElement>("#row");

const archive = root.querySelector<HTMLInputElement>("#archive"); // of accounts that may import
const squad = root.querySelector<HTMLSelectElement>("#squad"); // of accounts that belong to none
const unfinished: Unfinished[] = JSON.parse(root.dataset.unfinished!);
const AT_ONCE = 2;
const FINAL = new Set<string>(["verified", "refused", "differs", "changed", "failed", "signedout", "empty", "toolarge"]);
// With these a file of the same bytes begins anew; with all others it has nothing to add.
const SPENT = new Set<string>(["differs", "changed", "empty", "toolarge"]);
const WORDS: Record<string, string> = {};

const worker = new Worker(root.dataset.worker!, { type: "module" });
const rows: Row[] = [];
let taken = 1; // also of rows that are gone: the worker may still speak of them

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
  changed: icon("circle-x"),
  failed: icon("circle-x"),
  signedout: icon("log-out"),
  empty: icon("circle-x"),
  toolarge: icon("circle-x"),
};

class Row {
  readonly element: HTMLLIElement;
  sent = 0;
  sha256: string | null = null;
  hashed = 0;
  // The file above with the same bytes, name and statements: sent for both.
  twin: Row | null = null;
  private own: Stage | Bad = "waiting";
  private upload: tus.Upload | null = null;
  private address: string | null = null;
  private before: Unfinished | null = null;
  private recording: string | null = null;
  private detail = "";
  private asked = 0;

  constructor(
    readonly id: number,
    readonly file: File,
    where: string,
    private readonly about: Record<string, string>,
  ) {
    this.element = (template.content.cloneNode(true) as DocumentFragment).querySelector("li")!;
    const name = find(".name", this.element);
    name.textContent = where || file.name;
    name.title = where || file.name;
    find("progress", this.element).setAttribute("aria-label", file.name);
    find(".toggle", this.element).addEventListener("click", () => (this.running ? this.pause() : this.resume()));
    find(".drop-it", this.element).addEventListener("click", () => this.drop());
    list.append(this.element);
    const limit = Number(root.dataset.max || 0);
    if (!file.size) this.own = "empty";
    else if (limit && file.size > limit) this.own = "toolarge";
    else worker.postMessage({ id, file });
    this.show();
  }

  get stage(): Stage | Bad {
    return this.twin ? this.twin.stage : this.own;
  }

  get running(): boolean {
    return !this.twin && (this.own === "sending" || this.own === "retrying");
  }

  get over(): boolean {
    return FINAL.has(this.stage);
  }

  private get sentWhole(): boolean {
    return this.file.size > 0 && this.sent === this.file.size;
  }

  get readyToSend(): boolean {
    return !this.twin && this.own === "waiting" && this.sha256 !== null;
  }

  start(): void {
    if (!this.address) this.takeUp();
    this.upload = new tus.Upload(this.file, {
      endpoint: root.dataset.endpoint!,
      uploadUrl: this.address,
      metadata: { filename: this.file.name, sha256: this.sha256!, ...this.about },
      headers: { "X-CSRF-Token": token },
      retryDelays: [0, 1000, 3000, 5000, 10000, 20000, 30000, 60000],
      storeFingerprintForResuming: false,
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        if ((status >= 400 && status < 500 && status !== 409 && status !== 423 && status !== 429) || status === 507) {
          return false;
        }
        this.set("retrying");
        void this.giveUpWhereChanged();
        return true;
      },
      onProgress: (sent) => {
        this.sent = sent;
        if (this.own === "retrying") this.own = "sending";
        this.show();
      },
      onUploadUrlAvailable: () => {
        this.address = this.upload?.url ?? this.address;
      },
      onAfterResponse: (_request, response) => {
        this.recording = response.getHeader("Zhenglu-Recording") || this.recording;
      },
      onError: (error) => void this.fail(error),
      onSuccess: () => {
        this.sent = this.file.size;
        this.set("received");
        void this.follow();
        next();
      },
    });
    this.set("sending");
    this.upload.start();
  }

  // What this account began before, in whatever browser, goes on at the service's offset.
  private takeUp(): void {
    const before = unfinished.find((one) => one.resumable && one.sha256 === this.sha256 && this.says(one.filename, one.said));
    if (!before) return;
    before.resumable = false;
    shown(before, false);
    this.before = before;
    this.address = `${root.dataset.endpoint}/${before.id}`;
  }

  // Whether an upload of these bytes under that name, of which that was said, leaves this one nothing to add.
  private says(filename: string, said: Record<string, string>): boolean {
    const same = Object.entries(this.about).every(([key, value]) => said[key] === value);
    return filename === this.file.name && same && said.archive === this.about.archive;
  }

  pause(): void {
    if (this.twin) return;
    void this.upload?.abort();
    if (this.running || this.own === "waiting") this.set("paused");
    next();
  }

  resume(): void {
    if (this.twin) return this.twin.resume();
    if (this.own === "failed" || this.own === "signedout" || this.own === "paused") {
      this.detail = "";
      this.set("waiting");
      next();
    }
  }

  hashTold(told: Told): void {
    if ("done" in told) this.hashed = told.done;
    else if ("sha256" in told) {
      this.sha256 = told.sha256;
      this.twin =
        rows.find(
          (row) =>
            row.id < this.id && !row.twin && row.sha256 === this.sha256 && !SPENT.has(row.stage) && this.says(row.file.name, row.about),
        ) ?? null;
      this.twin?.resume();
    } else return this.set("changed");
    this.show();
    if (this.readyToSend) next();
  }

  private drop(): void {
    void this.upload?.abort();
    rows.splice(rows.indexOf(this), 1);
    this.element.remove();
    if (this.before && !this.sentWhole) {
      this.before.resumable = true;
      shown(this.before, true);
    }
    for (const row of rows.filter((one) => one.twin === this)) row.standAlone(this);
    next();
  }

  // What was sent for both goes on as this one's; the rows below follow it from now on.
  private standAlone(gone: Row): void {
    const heir = rows.find((one) => one !== this && one.id < this.id && one.sha256 === this.sha256 && !one.twin && one.says(this.file.name, this.about));
    this.twin = heir ?? null;
    if (!this.twin) {
      this.own = gone.own === "verified" ? "verified" : "waiting";
      this.address = gone.address;
      this.recording = gone.recording;
      if (this.own === "verified") this.sent = this.file.size;
    }
    this.show();
  }

  // What the browser cannot read any more comes to it as a broken connection, and no patience mends that.
  private async giveUpWhereChanged(): Promise<boolean> {
    if (await this.unchanged()) return false;
    void this.upload?.abort();
    this.set("changed");
    next();
    return true;
  }

  private async fail(error: Error | tus.DetailedError): Promise<void> {
    if (await this.giveUpWhereChanged()) return;
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
    const url = this.address;
    if (!url) return this.set("failed");
    try {
      const answer = await fetch(url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
      if (answer.status === 401) return this.set("signedout");
      this.recording = answer.headers.get("Zhenglu-Recording") ?? this.recording;
      const state = answer.headers.get("Zhenglu-State") ?? "";
      const stored = answer.headers.get("Zhenglu-SHA256");
      if (state === "refused") return this.set("refused");
      if (stored && stored !== this.sha256) return this.set("differs");
      if (stored) return this.set((await this.unchanged()) ? "verified" : "changed");
      this.set(state && state !== "receiving" ? "processing" : "received");
    } catch {
      this.show(); // the network is away: ask again later
    }
    const wait = Math.min(10_000, 1500 + 500 * this.asked++);
    setTimeout(() => void this.follow(), document.hidden ? 10_000 : wait);
  }

  // The browser reads no file that was changed since it was chosen, and none whose card was taken out.
  private async unchanged(): Promise<boolean> {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  private set(stage: Stage | Bad): void {
    this.own = stage;
    if (stage === "verified") {
      for (const one of unfinished) {
        const unknown = one.sha256 === null && one.filename === this.file.name && one.size === this.file.size;
        if (one.sha256 === this.sha256 || unknown) shown(one, false);
      }
    }
    this.show();
    for (const row of rows) if (row.twin === this) row.show();
  }

  show(): void {
    const share = this.file.size && !this.twin ? this.sent / this.file.size : 0;
    const tone = this.stage === "verified" ? "good" : FINAL.has(this.stage) ? "bad" : this.stage === "retrying" ? "warn" : "";
    this.element.className = `up ${tone}`;
    const bar = find<HTMLProgressElement>("progress", this.element);
    bar.value = share;
    bar.className = tone === "warn" ? "" : tone;
    bar.hidden = this.twin !== null || (this.over && share === 0);
    const hashing = this.stage === "waiting" && this.sha256 === null;
    const said = hashing ? `${text.hashing} ${Math.round((100 * this.hashed) / this.file.size)} %` : text[this.stage];
    const line = this.twin
      ? this.over
        ? `${text.same} ${said}`
        : text.same
      : this.stage === "sending"
        ? `${said} ${Math.floor(100 * share)} %`
        : said + (this.detail ? ` ${this.detail}` : "");
    const status = find(".said", this.element);
    if (WORDS[this.id] !== line) {
      WORDS[this.id] = line;
      // Announce changes of stage, not every per cent.
      status.setAttribute("aria-live", this.stage === "sending" || hashing ? "off" : "polite");
      status.replaceChildren(PICTURES[this.stage].cloneNode(true), line);
      const recording = this.twin ? this.twin.recording : this.recording;
      if (recording && !this.running) {
        const link = document.createElement("a");
        link.href = `/recordings/${encodeURIComponent(recording)}`;
        link.textContent = text.view;
        status.append(" ", link);
      }
    }
    find(".bytes", this.element).textContent = this.twin
      ? size(this.file.size)
      : fill(text.of, { got: size(this.sent), all: size(this.file.size) });
    find(".sha", this.element).textContent = this.sha256 ? `SHA-256 ${this.sha256.slice(0, 16)}…` : "";
    const toggle = find<HTMLButtonElement>(".toggle", this.element);
    const may = !this.twin && (this.running || this.own === "paused" || this.own === "failed" || this.own === "signedout");
    toggle.hidden = !may;
    toggle.textContent = this.running ? text.pause : text.resume;
    const removable = this.twin !== null || this.over || this.stage === "paused" || this.stage === "waiting";
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
      row.start();
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
    const real = rows.filter((row) => !row.twin && row.stage !== "empty" && row.stage !== "toolarge");
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

// A row of the box of unfinished uploads.
function shown(one: Unfinished, yes: boolean): void {
  const item = document.getElementById(`unfinished-${one.id}`);
  if (!item) return;
  item.hidden = !yes;
  const box = item.closest<HTMLElement>("section")!;
  box.hidden = [...box.querySelectorAll("li")].every((each) => each.hidden);
}

function take(found: Found[]): void {
  const value = (selector: string) => find<HTMLInputElement | HTMLSelectElement>(selector).value.trim();
  const about: Record<string, string> = {};
  for (const [name, said] of [["event", value("#event")], ["case", value("#case")], ["note", value("#note")]]) {
    if (said) about[name] = said;
  }
  if (squad) about.squad = squad.value;
  if (archive?.checked) {
    about.archive = "true";
    const first = value("#first-received");
    if (first) about.first_received_at = first;
  }
  for (const { file, where } of found) {
    rows.push(new Row(taken, file, where, about));
    taken += 1;
  }
  next();
}

function takeDropped(dropped: Dropped): void {
  for (const [where, said, names] of [
    ["#left-out", text.leftout, dropped.leftOut],
    ["#unread", text.unread, dropped.unread],
  ] as const) {
    const line = find(where);
    line.classList.toggle("hidden", !names.length);
    line.textContent = fill(said, { names: names.join(", ") });
  }
  take(dropped.files);
}

worker.addEventListener("message", (event: MessageEvent<Told>) => {
  rows.find((row) => row.id === event.data.id)?.hashTold(event.data);
});

archive?.addEventListener("change", () => find("#archive-since").classList.toggle("hidden", !archive.checked));

const drop = find("#drop");
const input = find<HTMLInputElement>("#files");
input.addEventListener("change", () => {
  take([...(input.files ?? [])].map((file) => ({ file, where: "" })));
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
  if (event.dataTransfer) {
    void foundIn(event.dataTransfer, JSON.parse(root.dataset.leftOut!)).then(takeDropped);
  }
});
find("#pause-all").addEventListener("click", () => rows.forEach((row) => !row.over && row.pause()));
find("#resume-all").addEventListener("click", () => rows.forEach((row) => row.resume()));

window.addEventListener("beforeunload", (event) => {
  if (rows.some((row) => row.running)) event.preventDefault();
});
window.addEventListener("online", () => rows.forEach((row) => row.stage === "failed" && row.resume()));
