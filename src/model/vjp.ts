// vjp of a whole model: outputs, and the gradients of sum(cotangent * output), as two compiled programs.
import { upstreamOf, downstreamOf } from '../compile/cut.js';
import { own, table } from '../core/own.js';
import { allocate, isFloat, type Tensor } from '../core/tensor.js';
import { gradientOf, type Engine, type Program } from '../engine/engine.js';
import { GraphBuilder } from '../onnx/builder.js';
import type { Graph } from '../onnx/graph.js';
import { widened } from './float-types.js';
import type { HookPoint } from './hook-point.js';

const SUM = 'weighted_sum';
const cotangentOf = (output: string): string => `cotangent:${output}`;

/** Outputs by name, and gradients by the name of what they are taken by, in its shape; all float32. */
export interface VjpResult {
  readonly outputs: Record<string, Tensor>;
  readonly gradients: Record<string, Tensor>;
}

/** Gradients with respect to every float input of a static graph; by the value at the hook point where there is one. */
export class Vjp {
  private readonly names: readonly string[];
  private readonly outputs: readonly string[];
  private backward?: Promise<Program>;
  /** Up to the hook point. */
  private before?: Promise<Program>;

  constructor(
    private readonly graph: Graph,
    private readonly hookPoint: HookPoint | undefined,
    private readonly engine: Engine,
    private readonly specialize: (graph: Graph) => Promise<Graph>,
  ) {
    this.names = hookPoint ? [hookPoint.name] : graph.inputs.filter((i) => isFloat(i.type)).map((i) => i.name);
    this.outputs = graph.outputs.map((o) => o.name);
  }

  /** `feeds` of all inputs; a missing cotangent counts as zeros. */
  async run(feeds: Readonly<Record<string, Tensor>>, cotangents: Readonly<Record<string, Tensor>>): Promise<VjpResult> {
    const { graph, hookPoint, engine, names } = this;
    const seeds = table<Tensor>();
    for (const { name, dims } of graph.outputs.filter((o) => isFloat(o.type))) {
      const shape = dims as number[];
      seeds[cotangentOf(name)] = own(cotangents, name) ?? { type: 'float32', dims: shape, data: allocate('float32', shape) };
    }
    const all = table(feeds);
    if (hookPoint) {
      this.before ??= engine.compile(upstreamOf(graph, hookPoint.name));
      Object.assign(all, await (await this.before).run(all));
    }
    this.backward ??= this.weighted().then((weighted) => engine.gradient(weighted, SUM, names));
    const results = await (await this.backward).run({ ...all, ...widened(seeds) });
    return {
      outputs: Object.fromEntries(this.outputs.map((o) => [o, results[o]!])),
      gradients: Object.fromEntries(names.map((n) => [n, results[gradientOf(n)]!])),
    };
  }

  /** The graph, from the hook point on, with an input more per float output and SUM as one more output. */
  private weighted(): Promise<Graph> {
    const { graph, hookPoint } = this;
    const g = GraphBuilder.from(
      hookPoint ? downstreamOf(graph, hookPoint.name, { type: 'float32', dims: hookPoint.dims }, this.outputs) : graph,
    );
    const terms: string[] = [];
    for (const output of graph.outputs) {
      g.output(output.name);
      if (!isFloat(output.type)) continue;
      const dims = output.dims as number[];
      const product = g.mul(g.input(cotangentOf(output.name), 'float32', dims), output.name);
      terms.push(g.reduceSum(product, [...dims.keys()], false));
    }
    g.output(
      terms.reduce((a, b) => g.add(a, b)),
      SUM,
    );
    return this.specialize(g.build());
  }

  async dispose(): Promise<void> {
    await Promise.all([this.backward, this.before].map(async (p) => (await p)?.dispose()));
  }
}
