// A finding that counts as negative, as a small expression: replaceable<0.5.
import { LanError } from '../core/errors.js';
import { partName, pluggedIn, type PluginLike } from '../core/plugin.js';
import type { AuditDocument } from './audit-files.js';
import { percent } from './claims.js';
import { short } from './format.js';
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
 * Reads `sanity`, which fails where the self-deception battery does (of several masks the first counts), or `metric`, `<`, `<=`, `>` or `>=`, and a number of 0 to 1: `replaceable<0.5`; a metric of a plug-in may have any number. Throws LanError (`usage`) for anything else, and for a
 * comparison that every result, or none, meets.
 */
export function readFailOn(text: string, plugins?: readonly PluginLike[]): FailOn {
  if (text.trim() === 'sanity') return failedSanity;
  const [, metric, sign, number] = /^\s*([a-z][a-z-]*)\s*(<=|>=|<|>)\s*(\S+)\s*$/i.exec(text) ?? [];
  if (metric === undefined)
    throw new LanError(
      'usage',
      `\`failOn\`: expected a metric, a comparison and a number such as replaceable<0.5, received '${text}'.`,
    );
  const limit = Number(number);
  const compare = COMPARE[sign as keyof typeof COMPARE];
  const own = pluggedIn(plugins, 'metrics').map((m) => partName('metrics', m));
  if (own.includes(metric)) return ofMetric(metric, text.trim(), limit, compare);
  if (!Object.hasOwn(FINDINGS, metric))
    throw new LanError(
      'usage',
      `\`failOn\`: there is no metric '${metric}'; expected one of ${[...FINDING_NAMES, ...own].join(', ')}.`,
    );
  if (!(limit >= 0 && limit <= 1))
    throw new LanError('usage', `\`failOn\`: '${metric}' lies between 0 and 1, received '${text}'.`);
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

/** A plug-in's metric, which may lie anywhere. One that was not measured is no proof that all is well. */
function ofMetric(name: string, text: string, limit: number, compare: (a: number, b: number) => boolean): FailOn {
  if (!Number.isFinite(limit)) throw new LanError('usage', `\`failOn\`: expected '${name}' to be compared with a number, received '${text}'.`); // prettier-ignore
  return ({ betas: [first] }) => {
    const value = first!.metrics.find((m) => m.name === name)?.value;
    if (value === undefined) return `${name} was not measured: ${text}`;
    return compare(value, limit) ? `${name} is ${short(value)}: ${text}` : undefined;
  };
}

function failedSanity({ betas: [first] }: AuditDocument): string | undefined {
  const failed = first!.sanity.tests.filter((t) => t.verdict === 'fail');
  return failed.length === 0 ? undefined : `the self-deception battery failed: ${failed.map((t) => t.finding).join('; ')}`;
}
