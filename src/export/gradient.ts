// A classifier, its loss and its input gradient as one ONNX file that any onnxruntime runs forward.
import { upstreamOf, downstreamOf } from '../compile/cut.js';
import { differentiate } from '../compile/differentiate.js';
import { LanError, LanErrors } from '../core/errors.js';
import { float32, isFloat, sizeOf, type DType } from '../core/tensor.js';
import { gradientOf } from '../engine/engine.js';
import type { HookPoint } from '../model/hook-point.js';
import type { Classifier } from '../model/open.js';
import { ownDims } from '../model/picture.js';
import { withPreprocessing, X } from '../model/preprocess.js';
import { Steps } from '../model/steps.js';
import { appendLogProbabilities } from '../model/probabilities.js';
import { requireClasses } from '../model/task.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { cardNotes, pictureMeaning, publish, type ExportedModel, type Published } from './publish.js';

/** What the input of an exported gradient is. */
export interface ExportGradientOptions {
  /** Puts the card's preprocessing inside: the input is then `x`, RGB [N,C,H,W] in 0..range. Default: the model's own input. */
  readonly pixels?: boolean;
}

const TARGET = 'lan:target';

/**
 * Inputs of the file: the model's own (names, types, layout), and `target` [N,K] (probabilities). Outputs: the model's own, `loss` [] (mean over
 * the batch of the cross-entropy -sum target log p; for 'sigmoid' outputs of the K binary ones), and per float input `<input>_grad`, d(loss)/d(input)
 * in float32; at a hook point inside (always so where the input is of integers) the value there and its gradient, `<value>` and `<value>_grad`, instead.
 * The batch is the one that the classifier was opened with. Throws LanError when the model does not take it or `pixels` is asked of
 * a model without pictures, LanErrors naming every op without a gradient rule.
 */
export async function exportGradient(
  classifier: Classifier,
  { pixels = false }: ExportGradientOptions = {},
): Promise<ExportedModel> {
  const { source, outputKind, severalLabels, hookPoint } = classifier;
  requireClasses(classifier, 'The loss of an exported gradient is that of classes');
  const { input, output } = classifier;
  const batch = input.shape[0] ?? 1;
  if (output.shape[0] !== batch)
    throw new LanError(
      'shape',
      `${source.name}: does not take a batch of ${batch}: its input '${input.name}' is [${input.shape.join(',')}], its output '${output.name}' [${output.shape.join(',')}].`,
    );
  const model = pixels ? await inPixels(classifier, input.name, batch) : classifier.graph;
  const from = hookPoint ? behind(classifier.graph, hookPoint) : model;
  const g = GraphBuilder.from(from);
  const free = (name: string): string => (classifier.graph.types.has(name) ? free(`${name}_`) : name);
  const target = free(TARGET);
  const { loss, classes } = appendLoss(g, from, output.name, classifier, batch, target);
  for (const o of from.outputs) g.output(o.name);
  g.output(loss);
  const graph = await classifier.specialize(g.build());
  const wrt = hookPoint ? [hookPoint.name] : model.inputs.filter((i) => isFloat(i.type)).map((i) => i.name);
  const gradient = gradientGraph(classifier, graph, loss, wrt);
  const whole = hookPoint && joined(classifier.graph, hookPoint, gradient);
  const backward = !whole
    ? gradient
    : pixels
      ? await inPixels(classifier, input.name, batch, whole)
      : await classifier.specialize(whole);

  const declared = (list: Graph['inputs'], name: string): DType | undefined => {
    const type = list.find((v) => v.name === name)?.type;
    return type === 'float16' || type === 'bfloat16' || type === 'float64' ? type : undefined;
  };
  const inputs: Published[] = model.inputs.map(({ name }) =>
    pixels && name === X
      ? { value: name, as: name, own: true, meaning: pictureMeaning(classifier.card!) }
      : { value: name, as: name, own: true, type: declared(source.model.graph.inputs, name), meaning: "the model's own input" },
  );
  const probabilities = `probabilities of ${classes} classes a row${severalLabels ? ', each for itself' : ''}`;
  const outputs: Published[] = [
    ...classifier.outputs.map(({ name }): Published => {
      const type = declared(source.model.graph.outputs, name);
      return {
        value: name,
        as: name,
        own: true,
        type,
        meaning: `the model's own output${name === output.name ? ` (${outputKind})` : ''}`,
      };
    }),
    {
      value: loss,
      as: 'loss',
      meaning: (named: (value: string) => string) =>
        `mean over the batch of the cross-entropy with ${named(target)}${severalLabels ? ', summed over the classes' : ''}`,
    },
    ...(hookPoint && !classifier.outputs.some((o) => o.name === hookPoint.name)
      ? [{ value: hookPoint.name, as: legal(hookPoint.name), meaning: `the value '${hookPoint.name}' inside the model` }]
      : []),
    ...wrt.map((name) => ({
      value: gradientOf(name),
      as: `${legal(name)}_grad`,
      meaning: (named: (value: string) => string) => `d ${named(loss)} / d ${named(name)}`,
    })),
  ];
  return publish(classifier, backward, {
    kind: 'gradient',
    inputs: [...inputs, { value: target, as: 'target', meaning: probabilities }],
    outputs,
    settings: {
      batch,
      pixels,
      ...(hookPoint ? { at: hookPoint.name } : {}),
      ...(pixels ? { card: classifier.card } : {}),
      output: output.name,
      outputKind,
    },
    notes: pixels ? cardNotes(classifier) : ownInputNotes(classifier),
  });
}

/** A card that was given may be taken to be inside. */
const ownInputNotes = ({ card, cardAssumed, integers }: Classifier): string[] =>
  card && !cardAssumed && !integers
    ? ["the card's preprocessing is not in the file, whose input is the model's own; `pixels` puts it inside"]
    : [];

/** What is made of the value at the hook point, which becomes an input: all outputs but that value itself. */
const behind = (graph: Graph, { name, dims }: HookPoint): Graph =>
  downstreamOf(graph, name, { type: 'float32', dims }, graph.outputs.map((o) => o.name).filter((o) => o !== name)); // prettier-ignore

/** `graph` up to the hook point, then `gradient`, which begins there; the value there is one more output. */
function joined(graph: Graph, { name }: HookPoint, gradient: Graph): Graph {
  const g = new GraphBuilder(graph.name);
  for (const i of graph.inputs) g.input(i.name, i.type!, i.dims);
  const value = g.inline(upstreamOf(graph, name), {})[name]!;
  const made = g.inline(gradient, { [name]: value });
  for (const [as, here] of Object.entries({ ...made, [name]: value })) g.output(here, as);
  return g.build();
}

/** The static model, or `graph` in its place, from pixels `x` [batch,...sample] to its own outputs. Throws LanError where it takes no pictures. */
export async function inPixels(
  classifier: Classifier,
  input: string,
  batch: number,
  graph: Graph = classifier.graph,
): Promise<Graph> {
  const { card, inputShape, picture, plugins, source } = classifier;
  if (!card)
    throw new LanError(
      'usage',
      `${source.name}: its input '${input}' is not a picture, so there are no pixels to begin with.`,
      'Leave `pixels` out.',
    );
  if (graph.inputs.some((i) => i.name === X && i.name !== input))
    throw new LanError(
      'usage',
      `${source.name}: has a further input '${X}', the name that \`pixels\` gives to the picture.`,
      'Leave `pixels` out.',
    );
  const outputs = graph.outputs.map((o) => o.name);
  const own = ownDims(picture, classifier.input.shape, batch);
  const dims = [batch, ...inputShape];
  const steps = new Steps(plugins);
  try {
    // A step that cannot be used says so when it is run.
    await steps.run(float32(new Float32Array(sizeOf(dims)), dims), card);
  } finally {
    await steps.dispose();
  }
  return classifier.specialize(withPreprocessing(graph, input, outputs, dims, card, own, steps));
}

/** Appends -sum(target log p) / N with a new input [N,K] called `name`; names the loss. */
function appendLoss(
  g: GraphBuilder,
  graph: Graph,
  output: string,
  { outputKind, severalLabels }: Pick<Classifier, 'outputKind' | 'severalLabels'>,
  batch: number,
  name: string,
): { loss: string; classes: number } {
  const logP = appendLogProbabilities(g, graph, output, outputKind);
  const columns = g.typeOf(logP).dims[1]!;
  const classes = severalLabels ? columns / 2 : columns;
  let target = g.input(name, 'float32', [batch, classes]);
  // log p stands beside log(1-p), so the target beside its complement.
  if (severalLabels) target = g.op('Concat', [target, g.sub(g.one, target)], { axis: 1 });
  return { loss: g.mul(g.reduceSum(g.mul(target, logP), [0, 1], false), g.scalar(-1 / batch)), classes };
}

function gradientGraph(classifier: Classifier, graph: Graph, loss: string, wrt: readonly string[]): Graph {
  try {
    return differentiate(graph, { of: loss, wrt: wrt.map((name) => ({ name, as: gradientOf(name) })) }, classifier.adapters);
  } catch (error) {
    throw asExportError(error, classifier);
  }
}

/** Missing rules where there is no other engine to turn to. */
export function asExportError(error: unknown, { source }: Classifier): unknown {
  if (!(error instanceof LanErrors)) return error;
  const heading = `${source.name} cannot be exported: no gradient can be derived in ONNX:`;
  return new LanErrors(error.code, heading, error.each, 'Write the rules that are missing (docs/adding-an-op.md).');
}

/** A C identifier, as the ONNX specification wants names to be. */
const legal = (name: string): string => name.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
