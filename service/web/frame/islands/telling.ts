// In words, under the picture: what is not made yet, how far it is, that the line is slow; with the buttons that help.
import type { Source } from "./source";
import { clock } from "./writing";

/** `share`: of what is made, where a bar shows it; while it plays, the time line does. */
type Told = { key: string; values?: Record<string, string>; share?: number | null; doing?: [string, () => void][] };

const ALOUD_EVERY = 0.25; // of what is made

export function tell(source: Source): Told | null {
  const { watch, need } = source;
  const { asked, shown } = watch;
  const [made, length] = [clock(source.reaches), clock(source.length)];
  if (!source.ready) return null;
  if (asked?.state === "failed") {
    return { key: asked.reason ? "failed" : "failed_so", values: { reason: asked.reason ?? "" }, doing: [["again", () => source.press(true)], ...back(source)] };
  }
  if (asked?.state === "not_asked") return { key: "not_asked", doing: [["make", () => source.press(true)], ...back(source)] };
  const share = asked?.progress ?? null;
  if (asked && !asked.heard) return { key: "unheard", share };
  if (source.awaits !== null) return { key: "beyond", values: { at: clock(source.awaits), made, length } };
  if (source.begun) return { key: source.starves ? "edge" : "growing", values: { made, length } };
  if (asked) {
    const doing = shown || need === "line" ? back(source) : [];
    if (asked.state !== "running") return { key: shown ? "small_asked" : asked.state, doing };
    return { key: shown && !source.growing ? "takes_over" : "running", values: { share: percent(share ?? 0) }, share, doing };
  }
  if (!shown && watch.unfit.includes("video")) return { key: "broken" };
  if (!shown && source.copies) return { key: "copies" };
  if (!shown) return { key: need === "line" ? "small_unmade" : watch.unfit.length ? "unfit" : "not_here", doing: back(source) };
  if (source.slow) {
    const { has, needs } = source.slow;
    return {
      key: has === null ? "stalls" : "slow",
      values: { has: megabits(has ?? 0), needs: megabits(needs) },
      doing: [["smaller", () => source.choose(true)], ["stay", () => source.stay()]],
    };
  }
  return source.finished ? { key: "finished" } : null;
}

function back(source: Source): [string, () => void][] {
  return source.choice ? [["recorded", () => source.choose(false)]] : [];
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;
const megabits = (bits: number): string => (bits / 1e6).toFixed(bits < 1e7 ? 1 : 0);

export class Telling {
  readonly element = document.createElement("div");
  private readonly aloud = document.createElement("p");
  private readonly said = document.createElement("p");
  private readonly bar = document.createElement("progress");
  private readonly buttons = document.createElement("span");
  private key = "";
  private step = "";

  /** `left`: the button that had the focus is gone. */
  constructor(
    private readonly text: Record<string, string>,
    private readonly left: () => void,
  ) {
    this.element.className = "tells";
    this.element.hidden = true;
    this.aloud.className = "sr";
    this.aloud.setAttribute("role", "status");
    this.said.setAttribute("aria-hidden", "true");
    this.bar.max = 1;
    this.bar.setAttribute("aria-label", text.progress);
    this.element.append(this.said, this.buttons, this.bar);
  }

  /** What is read aloud stands outside: a region that is hidden with its words is never heard. */
  get region(): HTMLElement {
    return this.aloud;
  }

  update(source: Source): void {
    const told = tell(source);
    this.element.hidden = told === null;
    const key = told?.key ?? "";
    const sentence = told ? this.sentence(told) : "";
    if (this.said.textContent !== sentence) this.said.textContent = sentence;
    const step = `${key} ${Math.floor((source.watch.asked?.progress ?? 0) / ALOUD_EVERY)} ${told?.values?.at ?? ""}`;
    if (step !== this.step) this.aloud.textContent = sentence;
    this.step = step;
    this.bar.hidden = told?.share == null;
    this.bar.value = told?.share ?? 0;
    if (key === this.key) return;
    this.key = key;
    this.element.classList.toggle("bad", key.startsWith("failed") || key === "broken");
    const had = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...(told?.doing ?? []).map(([name, act]) => this.button(name, act)));
    if (had) this.left();
  }

  private sentence({ key, values }: Told): string {
    return this.text[key].replace(/\{(\w+)\}/g, (whole, name: string) => values?.[name] ?? whole);
  }

  private button(name: string, act: () => void): HTMLButtonElement {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = this.text[name];
    made.addEventListener("click", act);
    return made;
  }
}
