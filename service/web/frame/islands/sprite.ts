// A sprite sheet's WebVTT: cues like "sheet.jpg#xywh=160,90,160,90".
import { clock } from "./writing";

export type Cue = { from: number; to: number; url: string; x: number; y: number; w: number; h: number };

const seconds = (stamp: string): number => stamp.split(":").reduce((sum, part) => 60 * sum + Number(part), 0);

export function parse(vtt: string, base: string): Cue[] {
  const cues: Cue[] = [];
  const pattern = /([\d:.]+)\s+-->\s+([\d:.]+)[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/g;
  for (const [, from, to, file, x, y, w, h] of vtt.replace(/\r/g, "").matchAll(pattern)) {
    const url = new URL(file, new URL(base, location.href)).href;
    cues.push({ from: seconds(from), to: seconds(to), url, x: +x, y: +y, w: +w, h: +h });
  }
  return cues;
}

/** The small picture above the pointer. */
export class Preview {
  readonly element = document.createElement("div");
  private readonly picture = document.createElement("i");
  private readonly label = document.createElement("span");
  private cues: Cue[] = [];

  constructor(vtt: string | undefined) {
    this.element.className = "hover";
    this.element.hidden = true;
    this.picture.hidden = true;
    this.element.append(this.picture, this.label);
    if (vtt) void this.load(vtt);
  }

  private async load(vtt: string): Promise<void> {
    const answer = await fetch(vtt);
    if (answer.ok) this.cues = parse(await answer.text(), vtt);
  }

  show(at: number, x: number, width: number, note: string): void {
    const cue = this.cues.find((c) => at >= c.from && at < c.to) ?? this.cues.at(-1);
    const half = (cue?.w ?? 60) / 2 + 4;
    this.element.hidden = false;
    this.element.style.left = `${Math.min(Math.max(x, half), width - half)}px`;
    this.label.textContent = note ? `${clock(at)} ${note}` : clock(at);
    this.picture.hidden = !cue;
    if (cue) {
      this.picture.style.width = `${cue.w}px`;
      this.picture.style.height = `${cue.h}px`;
      this.picture.style.backgroundImage = `url("${cue.url}")`;
      this.picture.style.backgroundPosition = `-${cue.x}px -${cue.y}px`;
    }
  }

  hide(): void {
    this.element.hidden = true;
  }
}
