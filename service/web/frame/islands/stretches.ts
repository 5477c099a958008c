// Three ways to count. Seconds into the recording, holes and all: tags, marks, real time. Seconds as the player counts
// them, which leaves the holes out: lane, clock, pictures, waveform. Seconds of the file that plays: a rendition counts
// as the player does, the original itself has its holes and may begin later.

export type Stretch = [from: number, to: number];

export class Stretches {
  /** Of a recording without holes none are given: two of the three are the same then. `begins`: where the recording
   * begins in the file that plays, where that has its holes; null of one that was laid end to end. */
  constructor(
    private readonly all: Stretch[] = [],
    private readonly begins: number | null = null,
  ) {}

  get length(): number {
    return this.all.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  private get span(): number {
    return this.all.length ? this.all[this.all.length - 1][1] : 0;
  }

  /** Where the player is at this second of the recording; of a hole, where it goes on. */
  played(into: number): number {
    let before = 0;
    for (const [from, to] of this.all) {
      if (into < to) return before + Math.max(0, into - from);
      before += to - from;
    }
    return before + into - this.span;
  }

  /** The second of the recording that is played there; at a joint the one after the hole. */
  recorded(played: number): number {
    for (const [from, to] of this.all) {
      if (played < to - from) return from + played;
      played -= to - from;
    }
    return this.span + played;
  }

  /** Where the player is when the file that plays is there. */
  shown(inFile: number): number {
    return this.begins === null ? inFile : Math.max(0, this.played(inFile - this.begins));
  }

  inFile(played: number): number {
    return this.begins === null ? played : this.recorded(played) + this.begins;
  }

  /** Of a file that lasts so long, as the player counts. */
  lasts(inFile: number): number {
    if (this.begins === null) return inFile;
    return this.all.length ? this.length : Math.max(0, inFile - this.begins);
  }

  /** How the file gets out of the hole that it is in; null where it is in none. */
  outOf(inFile: number): number | null {
    if (this.begins === null) return null;
    const into = inFile - this.begins;
    const next = this.all.find(([, to]) => into < to);
    return next && into < next[0] - NEAR ? next[0] + this.begins : null;
  }

  /** The holes, each where it is jumped over. */
  joints(): number[] {
    return this.all.slice(1).map(([from]) => this.played(from));
  }
}

const NEAR = 0.1;
