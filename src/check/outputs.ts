// A model's outputs in each engine against the reference, at every input.
import { isFloat } from '../core/tensor.js';
import type { OutputKind } from '../model/card.js';
import { lastOp } from '../model/output-end.js';
import { guessOutputKind } from '../model/probabilities.js';
import { difference, divergence, topAgreement, topKAgreement } from './compare.js';
import { label, type CheckContext } from './context.js';

/** How many classes the top-k agreement looks at. */
export const TOP = 5;

/** One output of one engine against the reference, over all inputs. */
export interface OutputAgreement {
  readonly engine: string;
  readonly output: string;
  /** Worst of the inputs: max|value - reference| / max|reference|; Infinity where shapes or NaNs differ. */
  readonly maxError: number;
  /** The input at which it is worst. */
  readonly input: string;
  /** Fraction of elements within tolerance, in 0..1, at the worst input. */
  readonly matchFraction: number;
  /** Fraction of rows with the same largest element, in 0..1, mean of the inputs; undefined where the output has no rows of two or more. */
  readonly top1?: number;
  /** Fraction of the five largest of a row that are the same, in any order, in 0..1, mean of the inputs; undefined for rows of five or fewer. */
  readonly top5?: number;
  /** KL(reference || engine) in nats, worst of the inputs, for outputs that are class scores at every input. */
  readonly kl?: number;
  /** Is `maxError` within the tolerance? */
  readonly ok: boolean;
}

/**
 * Runs the graph on every sample in each engine, and compares each numeric output with what the reference gave: one row per engine and output,
 * `ok` where `maxError` is at most the context's tolerance. With `failFast` no engine follows one that is not.
 * Throws LanErrors naming every op that an engine cannot run, LanError ('memory') where memory runs out.
 */
export async function checkOutputs(context: CheckContext): Promise<OutputAgreement[]> {
  const { graph, engines, samples, tolerance } = context;
  const rows: OutputAgreement[] = [];
  for (const engine of engines) {
    context.onProgress(`outputs, ${label(engine)}`);
    const program = await engine.compile(graph);
    const worst = new Map<string, Omit<OutputAgreement, 'ok'>>();
    try {
      for (const { name, feeds, expected } of samples) {
        const results = await program.run(feeds);
        for (const [output, reference] of Object.entries(expected)) {
          const value = results[output]!;
          const { maxError, matchFraction } = difference(value, reference, tolerance);
          const known = worst.get(output);
          const mean = (now: number | undefined, before: number | undefined): number | undefined =>
            now === undefined ? undefined : now / samples.length + (before ?? 0);
          const kind = scoresOf(context, output);
          const kl = kind && divergence(value, reference, kind);
          worst.set(
            output,
            present({
              engine: label(engine),
              output,
              maxError: Math.max(maxError, known?.maxError ?? 0),
              input: known && known.maxError >= maxError ? known.input : name,
              matchFraction: Math.min(matchFraction, known?.matchFraction ?? 1),
              top1: mean(topAgreement(value, reference), known?.top1),
              top5: mean(topKAgreement(value, reference, TOP), known?.top5),
              // At one input without it there is no worst of all.
              kl: kl === undefined || (known && known.kl === undefined) ? undefined : Math.max(kl, known?.kl ?? 0),
            }),
          );
        }
      }
    } finally {
      await program.dispose();
    }
    rows.push(...[...worst.values()].map((row) => ({ ...row, ok: row.maxError <= tolerance })));
    if (context.failFast && rows.some((r) => !r.ok)) break;
  }
  return rows;
}

/** Without the fields that are undefined. */
const present = <T extends object>(row: T): T => Object.fromEntries(Object.entries(row).filter(([, v]) => v !== undefined)) as T;

/** What kind of class scores an output is, by the card or its last op; [N,K] without either counts as logits; undefined: none. */
function scoresOf({ graph, card, output: main }: CheckContext, output: string): OutputKind | undefined {
  const { type, dims } = graph.outputs.find((o) => o.name === output)!;
  if (!isFloat(type)) return undefined;
  if (card.output && output === main) return card.output;
  const said = ['Softmax', 'LogSoftmax', 'Sigmoid'].includes(lastOp(graph, output)?.op ?? '');
  return said || dims?.length === 2 ? guessOutputKind(graph, output) : undefined;
}
