// An earlier result of a check, and what has become worse since.
import { TOLERANCES } from '../check/tolerances.js';
import type { CheckResult } from '../check/check.js';
import { LanError, messageOf } from '../core/errors.js';
import { comparisons, type Comparison, type Outcome } from './agreement.js';
import { short } from './format.js';

/** The `schema` of the document of a check. */
export const CHECK_SCHEMA = 'lan-onnx/check@1';

/**
 * An error has regressed when it is more than FACTOR times what it was and above its floor: a tenth of what is allowed, of central differences
 * half of it, since their own noise reaches a fifth.
 */
export const FACTOR = 2;
const FLOOR = { engines: 0.1, differences: 0.5 };

/** The document of a check, which is also a baseline for a later one: schema `lan-onnx/check@1`. */
export const checkDocument = (outcomes: readonly Outcome[], regressions?: readonly string[]) => ({
  schema: CHECK_SCHEMA,
  agrees: outcomes.every((o) => o.result?.agrees),
  ...(regressions ? { regressions } : {}),
  models: outcomes.map((o) => o.result ?? o),
});

/** By model, by comparison: was it in agreement, and with what error? */
export type Baseline = ReadonlyMap<string, ReadonlyMap<string, { readonly ok: boolean; readonly error?: number }>>;

/**
 * Reads a baseline: the text of a checkDocument, from the file `path`. Throws LanError "Baseline 'x.json': …" where it is not JSON, of another schema, or
 * lacks its fields.
 */
export function parseBaseline(text: string, path: string): Baseline {
  const fail = (problem: string): LanError =>
    new LanError('data', `Baseline '${path}': ${problem}`, 'Write it anew with `save`.');
  let json: { schema?: unknown; models?: unknown };
  try {
    json = JSON.parse(text) as typeof json;
  } catch (error) {
    throw fail(`is not JSON (${messageOf(error)}).`);
  }
  if (json?.schema !== CHECK_SCHEMA)
    throw fail(`is of schema ${typeof json?.schema === 'string' ? `'${json.schema}'` : 'unknown'}, expected '${CHECK_SCHEMA}'.`);
  try {
    return new Map((json.models as (CheckResult & { error?: string })[]).map((m) => [m.model, entriesOf(m)]));
  } catch {
    throw fail('lacks fields that a result has.');
  }
}

/** A model that could not be opened has no entries: whatever comes later is no worse. */
function entriesOf(m: CheckResult & { error?: string }) {
  if (typeof m.model !== 'string') throw new TypeError('no name');
  if (m.error !== undefined) return new Map<string, { ok: boolean; error?: number }>();
  // JSON has no Infinity; it was written as a string.
  const entries = comparisons(m).map((c) => [c.name, { ok: c.ok === true, error: c.error === undefined ? undefined : Number(c.error) }] as const); // prettier-ignore
  return new Map(entries);
}

/** Names of a model's comparisons that fail now and failed in the baseline: known, and no reason to fail again. */
export const knownFailures = (baseline: Baseline | undefined, model: string): Set<string> =>
  new Set([...(baseline?.get(model) ?? [])].filter(([, e]) => !e.ok).map(([name]) => name));

/**
 * What is worse than in the baseline, a sentence each: a model or a comparison that is gone, agreement that is lost (a comparison that is new and
 * fails counts), an error more than FACTOR times what it was and above its floor.
 */
export function regressions(baseline: Baseline, outcomes: readonly Outcome[]): string[] {
  const found: string[] = [];
  for (const [model, before] of baseline) {
    const now = outcomes.find((o) => o.model === model);
    if (!now) found.push(`${model}: in the baseline, but not checked`);
    else if (!now.result) found.push(...(before.size > 0 ? [`${model}: could be checked, and cannot be opened any more`] : []));
    else {
      const names = new Set(comparisons(now.result).map((c) => c.name));
      for (const name of before.keys()) if (!names.has(name)) found.push(`${model}: ${name}: in the baseline, but not compared`);
    }
  }
  for (const { model, result } of outcomes) {
    for (const c of result ? comparisons(result) : []) {
      const reason = worse(c, baseline.get(model)?.get(c.name), result!.tolerance);
      if (reason) found.push(`${model}: ${c.name}: ${reason}`);
    }
  }
  return found;
}

function worse(now: Comparison, before: { ok: boolean; error?: number } | undefined, tolerance: number): string | undefined {
  if (!now.ok && before?.ok !== false)
    return before ? `agreed, and does not any more: ${now.text}` : `new, and fails: ${now.text}`;
  if (now.error === undefined || before?.error === undefined) return undefined;
  const floor = now.name.startsWith('output')
    ? FLOOR.engines * tolerance
    : now.name.endsWith('central differences')
      ? FLOOR.differences * TOLERANCES.finiteDifference
      : FLOOR.engines * TOLERANCES.gradient;
  if (!(now.error > floor && now.error > FACTOR * before.error)) return undefined;
  return `max error ${short(now.error)}, was ${short(before.error)} (more than ${FACTOR} times, and above ${short(floor)})`;
}
