// Whether the line carries what plays: by how often it stood still, and by the seconds of it that came in a second.

/** Taken twice a second while a whole file plays. `ahead`: seconds that lie ready behind `end`'s place in the file. */
export type Sample = { at: number; end: number; ahead: number; fetching: boolean; waiting: boolean; speed: number };

export type Slow = { carries: number | null }; // of what it needs, as a share

const WINDOW_S = 30;
const STOOD_S = 3; // together, in that window
const MEASURED_S = 6; // of fetching, before its speed says anything
const NEAR_S = 6; // with more than this in hand no line is too slow yet
const WIDE_ENOUGH = 0.97;

export class Line {
  private samples: Sample[] = [];

  /** What lies ready jumps with a seek; what was measured before stays measured no more. */
  forget(): void {
    this.samples = [];
  }

  hear(sample: Sample): Slow | null {
    this.samples.push(sample);
    while (this.samples[0].at < sample.at - 1000 * WINDOW_S) this.samples.shift();
    let [stood, fetched, came] = [0, 0, 0];
    for (let i = 1; i < this.samples.length; i += 1) {
      const [before, now] = [this.samples[i - 1], this.samples[i]];
      const passed = (now.at - before.at) / 1000;
      if (now.waiting) stood += passed;
      if (before.fetching && now.fetching) {
        fetched += passed;
        came += Math.max(0, now.end - before.end);
      }
    }
    const carries = fetched >= MEASURED_S / 2 ? came / fetched / sample.speed : null;
    const short = fetched >= MEASURED_S && carries !== null && carries < WIDE_ENOUGH && sample.ahead < NEAR_S;
    // A store that wakes slowly stands still too, once; a line that then brings more than enough is no slow line.
    const stands = stood >= STOOD_S && (carries === null || carries < WIDE_ENOUGH);
    return short || stands ? { carries } : null;
  }
}
