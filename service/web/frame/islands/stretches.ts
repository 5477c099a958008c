// A rendition lays the stretches of a recording end to end: played seconds against seconds into the recording.

export type Stretch = [from: number, to: number];

export class Stretches {
  /** Of a recording without holes none are given: both are the same then. */
  constructor(private readonly all: Stretch[] = []) {}

  get length(): number {
    return this.all.reduce((sum, [from, to]) => sum + to - from, 0);
  }

  get span(): number {
    return this.all.length ? this.all[this.all.length - 1][1] : 0;
  }

  /** Where this second of the recording is played; of a hole, where it goes on. */
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

  /** The holes, each where it is jumped over. */
  joints(): number[] {
    return this.all.slice(1).map(([from]) => this.played(from));
  }
}
