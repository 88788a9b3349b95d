// LAN beside other methods on one input: the same answer, noise and time for each, and the same evidence of what each found.
import type { Attribution, AttributionMethod, Passes } from '../attribution/method.js';
import { LanError, LanErrors, type ErrorCode } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { needOf } from '../evidence/measure.js';
import type { Metric } from '../evidence/metric.js';
import type { Replaceability } from '../evidence/replaceability.js';
import { orderOf } from '../lan/learn.js';
import type { Classifier } from '../model/classifier.js';
import { Scorers } from './attributed.js';
import { createAuditor, type AuditOptions, type AuditResult } from './audit.js';

/** The name of the method of this project: a mask learned by descent (Eq. 4). */
export const LAN = 'lan';

/** Who takes part: `lan`, or a method. */
export type Contender = typeof LAN | AttributionMethod;

/** What is compared, and how. */
export interface CompareOptions extends Omit<AuditOptions, 'method' | 'explainer' | 'onStep' | 'curvesOnly'> {
  readonly methods: readonly Contender[];
}

/** What one method found, or why it could not. */
export interface Compared {
  readonly name: string;
  readonly title: string;
  readonly reference: string;
  /** Why the model or the time does not allow it, in one sentence; nothing else is there then. */
  readonly refused?: string;
  readonly found?: {
    /** Of mask shape, higher = needed more. */
    readonly need: Tensor;
    readonly evidence: Replaceability;
    readonly metrics: readonly Metric[];
    readonly passes: Passes;
    /** Of explaining; compiling and evidence not counted. */
    readonly seconds: number;
    readonly details: Attribution['details'];
  };
}

/** All methods on one input. */
export interface Comparison extends Pick<AuditResult, 'answer' | 'prediction' | 'noise'> {
  readonly methods: readonly Compared[];
}

/** Failures that are about one method; any other would come again with the next one. */
const OF_ONE_METHOD: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['gradient', 'unsupported', 'usage', 'memory']);

/**
 * Explains one input by each method in turn and measures what each claims, by the same audit (see createAuditor). `settings.budget` holds for each of them. One
 * that the model or the time does not allow is listed as refused. Throws LanErrors where none is left; what is about all of them (`data`,
 * `disagreement`, `numbers`) as an audit does; `interrupted` where a signal stops it before the first result.
 */
export async function compare(classifier: Classifier, x: Tensor, options: CompareOptions): Promise<Comparison> {
  const { methods, settings, ...shared } = options;
  const budget = settings?.budget;
  if (budget !== undefined && !(budget > 0))
    throw new LanError('usage', `\`budget\`: expected a time above 0 for each method, received ${budget} s.`);
  const scorers = new Scorers();
  // One line a method is enough: that it is compiled as well is no news.
  const onPhase = (phase: string): void => {
    if (phase !== 'compiling') options.onPhase?.(phase);
  };
  const compared: Compared[] = [];
  const refusals: LanError[] = [];
  let first: Omit<Comparison, 'methods'> | undefined;
  try {
    for (const contender of methods) {
      if (options.signal?.aborted && first) break;
      const words = wordsOf(contender);
      try {
        const method = contender === LAN ? undefined : { method: contender, scorers };
        const auditor = await createAuditor(classifier, {
          ...shared,
          settings,
          onPhase,
          curvesOnly: true,
          ...(method ? { method } : {}),
        });
        try {
          const { answer, prediction, noise, betas, settings: used } = await auditor.audit(x);
          first ??= { answer, prediction, noise };
          const [beta] = betas as [(typeof betas)[0]];
          if (contender === LAN && budget !== undefined && beta.learned.history.length < 2 && beta.learned.seconds > budget)
            throw new LanError('usage', `\`budget\`: ${budget} s are shorter than two steps of learning a mask (${beta.learned.seconds.toPrecision(2)} s).`); // prettier-ignore
          compared.push({ ...words, found: foundBy(beta, used.draws) });
        } finally {
          await auditor.dispose();
        }
      } catch (error) {
        if (!(error instanceof LanError) || !OF_ONE_METHOD.has(error.code)) throw error;
        refusals.push(error);
        compared.push({ ...words, refused: sentence(error) });
      }
    }
  } finally {
    await scorers.dispose();
  }
  if (!first)
    throw refusals.length === 1
      ? refusals[0]!
      : new LanErrors('unsupported', `None of ${refusals.length} methods can explain this input:`, compared.map((c) => `${c.title}: ${c.refused!.replace(/\.$/, '')}`)); // prettier-ignore
  return { ...first, methods: compared };
}

const wordsOf = (contender: Contender): Omit<Compared, 'found' | 'refused'> => {
  if (contender === LAN) return { name: LAN, title: 'LAN', reference: 'Modeling Latent Attention Within Neural Networks, 2018' };
  const { name, title, reference } = contender;
  return { name, title, reference };
};

function foundBy({ learned, attribution, evidence, metrics }: AuditResult['betas'][0], draws: number): Compared['found'] {
  const measured = { evidence, metrics };
  if (attribution) {
    const { need, passes, seconds, details } = attribution;
    return { need, passes, seconds, details, ...measured };
  }
  const steps = learned.history.length;
  const passes = { forward: steps * draws, backward: steps * draws };
  return {
    need: needOf(orderOf(learned)),
    passes,
    seconds: learned.seconds,
    details: { steps, stopped: learned.stopped },
    ...measured,
  };
}

/** The error as one line: of several problems all, behind the heading. */
const sentence = (error: LanError): string =>
  error instanceof LanErrors
    ? `${error.message.split('\n')[0]!} ${error.problems.join('; ')}.`
    : error.message.replaceAll('\n', ' ');
