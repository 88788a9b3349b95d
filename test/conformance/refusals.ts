// What the committed list of refusals allows: each case that is not passed needs a line, and each line a case that is not passed.
import type { EngineName, Result } from './engines.js';

/** One reason for cases that do not pass. Patterns are regular expressions that match the whole of `group/case` or the whole op. */
interface Refusal {
  readonly reason: string;
  /** Both where it is absent. */
  readonly engine?: EngineName;
  readonly ops?: readonly string[];
  readonly cases?: readonly string[];
}
export type Refusals = readonly Refusal[];

/** The first pattern of the line that covers the case; undefined when none does. */
function patternFor(line: Refusal, result: Result): string | undefined {
  const whole = (pattern: string, text: string): boolean => new RegExp(`^(?:${pattern})$`).test(text);
  return line.ops?.find((p) => whole(p, result.op)) ?? line.cases?.find((p) => whole(p, result.case));
}

/**
 * `unlisted`: outcomes that are not passed and on no line. `stale`: passed outcomes that a line says are not, and, when every case was run
 * (`all`), patterns that cover no case.
 */
export function judge(results: readonly Result[], refusals: Refusals, all: boolean): { unlisted: string[]; stale: string[] } {
  const unlisted: string[] = [];
  const stale: string[] = [];
  const unused = new Set(refusals.flatMap((line) => [...(line.ops ?? []), ...(line.cases ?? [])]));
  for (const result of results) {
    for (const [engine, outcome] of Object.entries(result.outcomes)) {
      const covering = refusals.flatMap((line) => {
        const pattern = line.engine === undefined || line.engine === engine ? patternFor(line, result) : undefined;
        return pattern === undefined ? [] : [pattern];
      });
      for (const pattern of covering) unused.delete(pattern);
      if (outcome.status === 'passed')
        for (const p of covering) stale.push(`${result.case} (${engine}) passes, but is covered by '${p}'`);
      else if (covering.length === 0)
        unlisted.push(`${result.case} (${result.op}, ${engine}) ${outcome.status}: ${outcome.reason}`);
    }
  }
  if (all) for (const pattern of unused) stale.push(`'${pattern}' covers no case`);
  return { unlisted, stale };
}
