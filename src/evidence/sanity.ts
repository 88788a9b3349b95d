// Verdicts on whether an explanation could be self-deception: one a test, and one over all.
/** `fail`: the explanation does what it would do if it meant nothing. `inconclusive`: by these draws it cannot be told. */
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** One test of the self-deception battery (docs/evidence.md). */
export interface SanityTest {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was seen, in one sentence. */
  readonly finding: string;
  /** What the verdict rests on, by name. */
  readonly figures: Readonly<Record<string, number>>;
}

/** The self-deception battery of one explanation. */
export interface Sanity {
  /** `fail` where any test fails, else `inconclusive` where any is (or there was none), else `pass`. */
  readonly verdict: Verdict;
  readonly tests: readonly SanityTest[];
}

/** The verdict over all tests. */
export function sanityOf(tests: readonly SanityTest[]): Sanity {
  const any = (verdict: Verdict): boolean => tests.some((t) => t.verdict === verdict);
  return { verdict: any('fail') ? 'fail' : tests.length === 0 || any('inconclusive') ? 'inconclusive' : 'pass', tests };
}
