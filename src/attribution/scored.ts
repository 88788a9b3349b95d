// What is explained: the scores of a model as a graph, logits wherever it has them.
import type { OpAdapter } from '../../adapters/op.js';
import { LanError } from '../core/errors.js';
import type { Engine } from '../engine/engine.js';
import type { Classifier } from '../model/classifier.js';
import { lastNodes } from '../model/output-end.js';
import { LOG_P } from '../model/probabilities.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';

/** Name of the output that holds what is explained. */
export const SCORES = 'scores';

/** What one score is: a logit (before the last Softmax), the logarithm of a probability, or the model's output as it is. */
export type ScoreKind = 'logit' | 'log-probability' | 'value';

/** A model as the methods see it: numbers out of samples, as a graph that can be run and differentiated. */
export interface Scored {
  /** For messages. */
  readonly name: string;
  /** Shape of one sample x, without the batch axis. */
  readonly sampleShape: readonly number[];
  readonly kind: ScoreKind;
  readonly engine: Engine;
  readonly adapters: readonly OpAdapter[];
  /**
   * Static graph from `x` [batch,...sampleShape] to SCORES [batch,K] and, unless `kind` is `value`, LOG_P [batch,K]. Throws LanError where the model
   * does not take that batch.
   */
  graph(batch: number): Promise<Graph>;
}

/**
 * A classifier's scores. Where it ends in a Softmax, or gives logits, the score of a class is its logit: a Softmax that is sure of its answer is flat,
 * and in float32 its gradient ends at 0. Elsewhere it is the log-probability; of a regression the value. Several labels: log p of each, then log(1-p).
 */
export async function scoredClassifier(classifier: Classifier): Promise<Scored> {
  const value = classifier.task === 'regression';
  const first = await classifier.logProbabilities(1);
  const graphs = new Map<number, Promise<Graph>>([[1, Promise.resolve(withScores(first))]]);
  return {
    name: classifier.source.name,
    sampleShape: classifier.sampleShape,
    kind: value ? 'value' : logitsOf(first) ? 'logit' : 'log-probability',
    engine: classifier.engine,
    adapters: classifier.adapters,
    graph(batch) {
      let graph = graphs.get(batch);
      if (!graph) graphs.set(batch, (graph = classifier.logProbabilities(batch).then(withScores)));
      return graph;
    },
  };
}

/** The nodes from a final LogSoftmax on, which are followed by such that only move its data. */
function logitsOf(graph: Graph): ReturnType<typeof lastNodes> | undefined {
  const nodes = lastNodes(graph, graph.outputs[0]!.name);
  return nodes[0]?.op === 'LogSoftmax' ? nodes : undefined;
}

/** The graph of log-probabilities with its scores beside them. */
function withScores(graph: Graph): Graph {
  const g = GraphBuilder.from(graph);
  const logP = graph.outputs[0]!.name;
  let scores = logP;
  const nodes = logitsOf(graph);
  if (nodes) {
    const [last, ...moves] = nodes as [(typeof nodes)[0], ...typeof nodes];
    scores = last.inputs[0]!;
    // What moves the logarithms moves the logits in the same way.
    for (const move of moves) {
      scores = g.op(move.op, [scores, ...move.inputs.slice(1)], move.attributes);
      g.types.set(scores, graph.types.get(move.outputs[0]!)!);
    }
  }
  g.output(scores, SCORES);
  g.output(logP, LOG_P);
  return g.build();
}

/**
 * Scores from a static graph of one input `x` [1,...sample] and one output [1,K], each output being a score as it is. `batched`: the same graph for
 * more samples at once, where there is one.
 */
export function scoredGraph(
  graph: Graph,
  { engine, adapters, name = graph.name }: Pick<Scored, 'engine' | 'adapters'> & { readonly name?: string },
  batched?: (batch: number) => Promise<Graph>,
): Scored {
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  if (graph.inputs.length !== 1 || graph.outputs.length !== 1 || input!.name !== 'x')
    throw new LanError('usage', `${name}: expected a graph of one input 'x' and one output.`);
  const named = (one: Graph): Graph => {
    const g = GraphBuilder.from(one);
    g.output(one.outputs[0]!.name, SCORES);
    return g.build();
  };
  return {
    name,
    sampleShape: (input!.dims as number[]).slice(1),
    kind: 'value',
    engine,
    adapters,
    async graph(batch) {
      if (batch === 1) return named({ ...graph, outputs: [output!] });
      if (!batched) throw new LanError('input', `${name}: does not take a batch of ${batch}.`);
      return named(await batched(batch));
    },
  };
}
