// A finding that counts as negative, as a small expression: replaceable<0.5.
import { LanError } from '../core/errors.js';
import type { AuditDocument } from './audit-files.js';
import { percent } from './claims.js';
import { FINDING_NAMES, type FindingName } from './finding-names.js';

/** How each is measured; of several masks the first counts. */
const FINDINGS: Readonly<Record<FindingName, (document: AuditDocument) => number>> = {
  /** The fraction that could be replaced entirely; 0 where none could. */
  replaceable: (d) => d.betas[0]!.evidence.hard?.fraction ?? 0,
  /** How often the answer was kept with that fraction replaced entirely; 0 where there is none. */
  kept: ({ betas: [first] }) => rate(first!.evidence.hard),
  /** The same with the mask mixed into noise. */
  'soft-kept': ({ betas: [first] }) => rate(first!.evidence.soft),
  /** How often noise alone gives the answer. */
  'noise-alone': ({ betas: [first] }) => rate(first!.evidence.noiseAlone),
};

const rate = (e: { readonly kept: number; readonly draws: number } | undefined): number => (e ? e.kept / e.draws : 0);

const COMPARE = {
  '<': (a: number, b: number): boolean => a < b,
  '<=': (a: number, b: number): boolean => a <= b,
  '>': (a: number, b: number): boolean => a > b,
  '>=': (a: number, b: number): boolean => a >= b,
} as const;

/** An expression, read: says why a result fails, or nothing where it does not. */
export type FailOn = (document: AuditDocument) => string | undefined;

/**
 * Reads `sanity`, which fails where the self-deception battery does (of several masks the first counts), or `metric`, `<`, `<=`, `>` or `>=`, and a number of 0 to 1: `replaceable<0.5`. Throws LanError (`usage`) for anything else, and for a
 * comparison that every result, or none, meets.
 */
export function readFailOn(text: string): FailOn {
  if (text.trim() === 'sanity') return failedSanity;
  const [, metric, sign, number] = /^\s*([a-z][a-z-]*)\s*(<=|>=|<|>)\s*(\S+)\s*$/i.exec(text) ?? [];
  if (metric === undefined)
    throw new LanError(
      'usage',
      `\`failOn\`: expected a metric, a comparison and a number such as replaceable<0.5, received '${text}'.`,
    );
  if (!Object.hasOwn(FINDINGS, metric))
    throw new LanError('usage', `\`failOn\`: there is no metric '${metric}'; expected one of ${FINDING_NAMES.join(', ')}.`);
  const limit = Number(number);
  if (!(limit >= 0 && limit <= 1))
    throw new LanError('usage', `\`failOn\`: '${metric}' lies between 0 and 1, received '${text}'.`);
  const compare = COMPARE[sign as keyof typeof COMPARE];
  if (compare(0, limit) === compare(1, limit))
    throw new LanError(
      'usage',
      `\`failOn\`: '${text}' is ${compare(0, limit) ? 'true of every' : 'true of no'} result, since '${metric}' lies between 0 and 1.`,
    );
  return (document) => {
    const value = FINDINGS[metric as FindingName](document);
    return compare(value, limit) ? `${metric} is ${percent(value)}: ${text.trim()}` : undefined;
  };
}

function failedSanity({ betas: [first] }: AuditDocument): string | undefined {
  const failed = first!.sanity.tests.filter((t) => t.verdict === 'fail');
  return failed.length === 0 ? undefined : `the self-deception battery failed: ${failed.map((t) => t.finding).join('; ')}`;
}
