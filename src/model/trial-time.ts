// How long a model's trial may take: by the size of its file, and by what a recurrent network that is unrolled honestly costs.
import type { Model } from '../onnx/graph.js';

/**
 * Seconds that any model may take, and bytes a second above that. What passes is done once more in the process that asked, which then takes as long:
 * together less than ten seconds.
 */
export const SECONDS = 4.5;
const BYTES_A_SECOND = 1e5;

/** Steps of one recurrent layer that are unrolled at most (adapters/kernels/recurrent.ts refuses more). */
const MOST_STEPS = 1000;
/**
 * Seconds for each step of each recurrent layer, and for its square: sessions of onnxruntime take longer with the square of the number of nodes. Twice
 * what an LSTM takes on two slow cores (300 steps: 5 s; 600: 15 s). Never more than MOST, however many layers there are.
 */
const STEP = 0.02;
const STEP_SQUARED = 6e-5;
const MOST = 45;

const RECURRENT = new Set(['LSTM', 'GRU', 'RNN']);
/** What may repeat nodes as often as a file likes: beside it no sequence explains how long a model takes. */
const REPEATS = new Set(['Loop', 'Scan', 'If']);

/**
 * Seconds that the trial of a model of so many bytes may take. A file of a few kilobytes may hold an LSTM over a second of speech, whose steps are
 * unrolled: they are counted by the longest axis that its inputs can have, declared or asked for (`shapes` and `sample` of `options`).
 */
export function trialSeconds(model: Model, bytes: number, options: Readonly<Record<string, unknown>>): number {
  const steps = recurrentSteps(model, options);
  return SECONDS + bytes / BYTES_A_SECOND + Math.min(MOST, STEP * steps + STEP_SQUARED * steps ** 2);
}

/** Steps that the recurrent layers of a model are unrolled to, at most; 0 where it has none, or other nodes may repeat as often as they like. */
export function recurrentSteps(model: Model, { shapes, sample }: Readonly<Record<string, unknown>>): number {
  const { nodes, inputs } = model.graph;
  const layers = nodes.filter((n) => RECURRENT.has(n.op)).length;
  if (layers === 0 || model.functions.length > 0 || nodes.some((n) => REPEATS.has(n.op))) return 0;
  const given = [...inputs.flatMap((i) => i.dims ?? []), ...numbersIn(shapes), ...numbersIn(sample)];
  const longest = given.reduce<number>((most, d) => (typeof d === 'number' ? Math.max(most, d) : most), 0);
  return layers * Math.min(longest, MOST_STEPS);
}

/** The numbers in a list, or in the lists that an object holds. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}
