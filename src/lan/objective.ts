// Equation 4 of the paper as one static graph: corrupt o F o loss, a function of the mask's logits theta.
import { LanError } from '../core/errors.js';
import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import type { Parameter } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { changeLoss, type Answers } from './change.js';
import type { Find, MaskShape, OutputLoss } from './choices.js';
import { lossOf, type NamedLoss } from './losses.js';

/** What buildObjective composes: the classifier, and how its input is corrupted. */
export interface ObjectiveOptions extends Pick<NamedLoss, 'plugins'> {
  /** Static graphs x [batch,...] -> log_probabilities [batch,K]. */
  readonly classifier: (batch: number) => Promise<Graph>;
  /** Makes the composed graph static: every value typed, constants folded. */
  readonly specialize: (graph: Graph) => Promise<Graph>;
  /** Shape of one sample, e.g. [C,H,W]. */
  readonly sampleShape: readonly number[];
  /** Noise draws per evaluation: the expectation of Eq. 4 is their mean. */
  readonly draws: number;
  readonly maskShape: MaskShape;
  /** Grids [rows, columns] whose logits are added after growing each bilinearly to full size; [] means one logit per mask element. */
  readonly maskGrids: readonly (readonly [number, number])[];
  readonly outputLoss: OutputLoss;
  /**
   * What the classifier gives; default 'classes'. Of values [batch,1] L_F is the squared error in units of a tolerance, which is one more input, and
   * `outputLoss` has no say.
   */
  readonly answers?: Answers;
  /**
   * Default 'keep'. With 'delete' the elements are replaced whose mask is 0 instead, and L_F is small where the answer has changed (see changeLoss): the mask
   * still says what is not needed, and its mean is still to be large.
   */
  readonly find?: Find;
}

/** Eq. 4 as a static graph, and the parameters that it is to be lowered by. */
export interface Objective {
  /**
   * Inputs: the parameters, `x` [1,...sample], `eta` [draws,...sample], `target` [1,K] (probabilities F(x), or its value [1,1]; see changeLoss for 'delete'),
   * `beta` [], `binary` [] (0: the mask is sigmoid(theta); 1: that, rounded to 0 or 1), and for values `tolerance` [].
   * Outputs: `loss` [] = output_loss - beta * mask_mean, `output_loss` [], `mask_mean` [], `mask` [1,...mask shape], `soft_mask` (that before it is
   * rounded), `outputs` [draws,K]: log-probabilities or values of the corrupted inputs.
   */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

/**
 * Builds the objective. The mask is sigmoid(theta), so it stays inside (0,1); theta is the sum of its grids, grown bilinearly (half-pixel
 * centres). Throws LanError when the grid does not suit the input, or the classifier cannot be composed.
 */
export async function buildObjective(options: ObjectiveOptions): Promise<Objective> {
  const { sampleShape, draws } = options;
  const g = new GraphBuilder('objective');
  const picture = sampleShape.length === 3;
  if (!picture && options.maskGrids.length > 0)
    throw new LanError(
      'usage',
      '`maskGrids` needs a picture as input; this model takes none.',
      'Leave `maskGrids` out, or give `maskGrids: []`.',
    );
  const maskDims = [1, ...maskShapeOf(options.maskShape, sampleShape)];
  const x = g.input('x', 'float32', [1, ...sampleShape]);
  const eta = g.input('eta', 'float32', [draws, ...sampleShape]);
  const beta = g.input('beta', 'float32', []);

  const parameters: Parameter[] = [];
  const terms: string[] = [];
  const grids = options.maskGrids.length > 0 ? options.maskGrids : [undefined];
  grids.forEach((grid, i) => {
    const dims = grid ? [1, maskDims[1]!, ...grid] : maskDims;
    const name = grids.length > 1 ? `theta_${i}` : 'theta';
    parameters.push({ name, dims });
    const theta = g.input(name, 'float32', dims);
    terms.push(grid ? grow(g, theta, dims, maskDims) : theta);
  });
  const theta = terms.length > 1 ? g.op('Sum', terms) : terms[0]!;
  const soft = g.op('Sigmoid', [theta]);
  const mask = rounded(g, soft);
  // x + A (eta - x): Eq. 2 with one product less.
  const replaced = options.find === 'delete' ? g.sub(g.scalar(1), mask) : mask;
  const corrupted = g.add(x, g.mul(replaced, g.sub(eta, x)));

  const logP = await classify(g, options, corrupted, draws);
  const k = g.typeOf(logP).dims[1]!;
  const target = g.input('target', 'float32', [1, k]);
  const { answers = 'classes' } = options;
  const outputLoss =
    options.find === 'delete'
      ? changeLoss(g, answers, logP, target, draws)
      : answers === 'values'
        ? errorInUnits(g, logP, target, draws)
        : lossOf(g, options, logP, target, draws);
  const mean = g.reshape(g.op('ReduceMean', [mask, g.ints(maskDims.map((_, i) => i))], { keepdims: 0 }), []);
  const loss = g.sub(outputLoss, g.mul(beta, mean));
  g.output(loss, 'loss');
  g.output(outputLoss, 'output_loss');
  g.output(mean, 'mask_mean');
  g.output(mask, 'mask');
  g.output(soft, 'soft_mask');
  g.output(logP, 'outputs');
  return { graph: await options.specialize(g.build()), parameters };
}

/**
 * The mask itself where the graph input `binary` [] is 0, rounded to 0 or 1 where it is 1. The dialect's Round is straight-through (Bengio et al., 2013):
 * the gradient of the rounded mask is that of the soft one.
 */
export const rounded = (g: GraphBuilder, soft: string): string =>
  g.add(soft, g.mul(g.input('binary', 'float32', []), g.sub(g.op('Round', [soft]), soft)));

/**
 * Shape of one sample's mask: [1,H,W] by pixel of [C,H,W], [T,1] by token of [T,E]; elsewhere by pixel is by element. Throws LanError (`usage`) for a mask
 * of tokens where samples are none.
 */
export function maskShapeOf(shape: MaskShape, sample: readonly number[]): readonly number[] {
  if (shape === 'token') {
    if (sample.length !== 2)
      throw new LanError(
        'usage',
        `\`maskShape: 'token'\` needs samples of shape [tokens,width], these are [${sample.join(',')}].`,
      );
    return [sample[0]!, 1];
  }
  return sample.length === 3 && shape === 'pixel' ? [1, ...sample.slice(1)] : sample;
}

/**
 * Log-probabilities [count,K] of samples `x` [count,...]; a model that takes single samples only is copied once per sample. `shared`: see
 * GraphBuilder.inline.
 */
export async function classify(
  g: GraphBuilder,
  { classifier, sampleShape }: Pick<ObjectiveOptions, 'classifier' | 'sampleShape'>,
  x: string,
  count: number,
  shared = new Map<string, string>(),
): Promise<string> {
  let whole: Graph | undefined;
  if (count > 1) {
    try {
      whole = await classifier(count);
    } catch (error) {
      if (!(error instanceof LanError)) throw error;
    }
  } else whole = await classifier(1);
  if (whole) return Object.values(g.inline(whole, { x }, shared))[0]!;
  const single = await classifier(1);
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const row = g.slice(x, [i], [i + 1], [0]);
    g.types.set(row, { type: 'float32', dims: [1, ...sampleShape] });
    rows.push(Object.values(g.inline(single, { x: row }, shared))[0]!);
  }
  const k = g.typeOf(rows[0]!).dims[1]!;
  const all = g.op('Concat', rows, { axis: 0 });
  g.types.set(all, { type: 'float32', dims: [count, k] });
  return all;
}

/** Mean over the draws of ((F(x~) - F(x)) / tolerance)^2: 1 where the value is off by just the tolerance. */
function errorInUnits(g: GraphBuilder, values: string, target: string, draws: number): string {
  const off = g.op('Div', [g.sub(values, target), g.input('tolerance', 'float32', [])]);
  return g.mul(g.reduceSum(g.mul(off, off), [0, 1], false), g.scalar(1 / draws));
}

/**
 * A map `theta` of dims `from` [N,.,rows,columns] grown bilinearly to those of `to` [N,.,H,W], as two matrix products, rows then columns: linear, so its
 * gradient is two transposed products. Throws LanError (`usage`) where it would shrink.
 */
export function grow(g: GraphBuilder, theta: string, from: readonly number[], to: readonly number[]): string {
  const [rows, columns] = from.slice(2) as [number, number];
  const [height, width] = to.slice(2) as [number, number];
  if (rows > height || columns > width)
    throw new LanError('usage', `\`maskGrids\`: a grid of ${rows}x${columns} is finer than the input, ${height}x${width}.`);
  // A side that is as fine as the input already stays as it is.
  const down = rows === height ? theta : g.matMul(g.constant(interpolation(height, rows), 'grow_rows'), theta);
  return columns === width ? down : g.matMul(down, g.constant(transposed(interpolation(width, columns)), 'grow_columns'));
}

/** [size, knots]: weights of linear interpolation with half-pixel centres, clamped at the border. */
export function interpolation(size: number, knots: number): Tensor {
  const data = new Float32Array(size * knots);
  for (let i = 0; i < size; i++) {
    const at = Math.min(knots - 1, Math.max(0, ((i + 0.5) * knots) / size - 0.5));
    const low = Math.floor(at);
    const high = Math.min(knots - 1, low + 1);
    data[i * knots + low]! += 1 - (at - low);
    data[i * knots + high]! += at - low;
  }
  return float32(data, [size, knots]);
}

/** A matrix [r,c] as [c,r]. */
export function transposed(t: Tensor): Tensor {
  const [r, c] = t.dims as [number, number];
  const source = t.data as Float32Array;
  const data = new Float32Array(sizeOf(t.dims));
  for (let i = 0; i < r; i++) for (let j = 0; j < c; j++) data[j * r + i] = source[i * c + j]!;
  return float32(data, [c, r]);
}
