// tfjs: walks a static dialect graph calling each adapter's forward; its tape gives gradients.
import {
  resolveAttributes,
  type ForwardContext,
  type Layout,
  type OpAdapter,
  type Tf,
  type TfTensor,
} from '../../adapters/op.js';
import { asWritten } from '../../adapters/kernels/elementwise-tf.js';
import { turnsOf } from '../compile/descend.js';
import { gradientPath } from '../compile/differentiate.js';
import { logistics, type WrittenOut } from '../compile/logistic.js';
import { adapterTable, staticNode } from '../compile/static.js';
import { LanError, LanErrors } from '../core/errors.js';
import { own, table } from '../core/own.js';
import type { Tensor } from '../core/tensor.js';
import { nodeLabel, type Graph, type Node } from '../onnx/graph.js';
import { descentOnGradients } from './descent.js';
import { gradientOf, type Engine, type EngineInfo, type Program } from './engine.js';
import type { TfBackend } from './tf-backend-names.js';
import { chooseBackend, failureOnTf } from './tf-backends.js';
import { fromTf, toTf } from './tf-tensors.js';
import { loadTfjs } from './tfjs.js';

/**
 * Loads tfjs with `backend`, or with the fastest there is: tensorflow (only where @tensorflow/tfjs-node is installed), wasm, cpu.
 * Throws LanError when a backend that was asked for is not there.
 */
export async function createTfEngine(
  adapters: readonly OpAdapter[],
  options: { readonly backend?: string } = {},
): Promise<Engine> {
  const tf = await loadTfjs();
  // Production mode leaves out tfjs's advertisement on stderr and its NaN scans; inputs are checked here.
  tf.enableProdMode();
  const backend = await chooseBackend(tf, options.backend);
  const info: EngineInfo = { name: 'tfjs', backend, version: tf.version_core, threads: 1 };
  return {
    info,
    compile: (graph) => promised(() => new TfProgram(tf, backend, graph, adapters).program()),
    gradient: (graph, of, wrt) => promised(() => new TfProgram(tf, backend, graph, adapters, { of, wrt }).program()),
    descend: (graph, loss, parameters, outputs) =>
      promised(() => {
        const turns = turnsOf(loss, parameters).map(({ of, names }) => ({
          program: new TfProgram(tf, backend, graph, adapters, { of, wrt: names }).program(),
          names,
        }));
        return descentOnGradients(turns, parameters, outputs);
      }),
  };
}

/** What `make` gives or throws, as a promise: compiling for tfjs waits for nothing. */
const promised = <T>(make: () => T): Promise<T> => Promise.resolve().then(make);

/** A value in one or both memory layouts; rank-4 values are converted once, when an op first asks. */
interface Value {
  nchw?: TfTensor;
  nhwc?: TfTensor;
}

interface Step {
  readonly node: Node;
  readonly adapter: OpAdapter;
  readonly attributes: Record<string, unknown>;
}

class TfProgram {
  private readonly steps: Step[];
  private readonly constants = new Map<string, Value>();
  private readonly kept: TfTensor[] = [];
  private readonly fused: ReadonlyMap<Node, WrittenOut>;
  /** The backend that holds the constants: wasm is started afresh after it ran out of memory. */
  private uploadedTo: unknown;
  /** Where the present run is, for messages. */
  private at: Node | 'backward pass' = 'backward pass';

  constructor(
    private readonly tf: Tf,
    private readonly backend: TfBackend,
    private readonly graph: Graph,
    adapters: readonly OpAdapter[],
    private readonly gradient?: { of: string; wrt: readonly string[] },
  ) {
    const find = adapterTable(adapters);
    const problems: string[] = [];
    this.steps = graph.nodes.flatMap((node) => {
      const adapter = find(node);
      if (typeof adapter?.forward === 'function') return [{ node, adapter, attributes: resolveAttributes(adapter, node) }];
      problems.push(`${nodeLabel(node)}: ${adapter?.forward ? adapter.forward.todo : 'no tfjs forward'}`);
      return [];
    });
    if (problems.length > 0)
      throw new LanErrors('unsupported', 'The model cannot run in tfjs:', problems, "Choose `engine` 'onnxruntime'.");
    if (gradient) gradientPath(graph, gradient.of, gradient.wrt);
    this.fused = gradient ? logistics(graph) : new Map<Node, WrittenOut>();
  }

  program(): Program {
    return { run: (feeds, wanted) => this.run(feeds, wanted), dispose: () => promised(() => this.dispose()) };
  }

  private async run(feeds: Readonly<Record<string, Tensor>>, wanted?: readonly string[]): Promise<Record<string, Tensor>> {
    const { tf } = this;
    // tfjs has one backend at a time for the whole process; another engine may have changed it, also while this one waits for its own.
    while (tf.getBackend() !== this.backend) await tf.setBackend(this.backend);
    if (tf.backend() !== this.uploadedTo) this.forget();
    try {
      return this.compute(feeds, wanted);
    } catch (error) {
      if (error instanceof LanError) throw error;
      throw await failureOnTf(tf, this.backend, error, this.at, this.graph);
    }
  }

  /** In one go, so that no other program's run comes between. */
  private compute(feeds: Readonly<Record<string, Tensor>>, wanted?: readonly string[]): Record<string, Tensor> {
    const { tf } = this;
    const results = tf.tidy(() => {
      const inputs = this.graph.inputs.map((i) => {
        const feed = own(feeds, i.name);
        if (!feed)
          throw new LanError(
            'input',
            `Input '${i.name}' has no value. Expected: ${this.graph.inputs.map((x) => x.name).join(', ')}.`,
          );
        return toTf(tf, feed);
      });
      return this.gradient ? this.differentiate(inputs, this.gradient) : this.forward(inputs);
    });
    const names = [...this.graph.outputs.map((o) => o.name), ...(this.gradient?.wrt ?? []).map(gradientOf)];
    const out = table<Tensor>();
    for (const [i, name] of names.entries()) {
      const t = results[i]!;
      if (!wanted || wanted.includes(name)) {
        const type = this.graph.types.get(name)?.type ?? 'float32';
        out[name] = fromTf(t.dataSync(), type, t.shape);
      }
      t.dispose();
    }
    return out;
  }

  private differentiate(inputs: TfTensor[], { of, wrt }: { of: string; wrt: readonly string[] }): TfTensor[] {
    const { tf } = this;
    const at = wrt.map((name) => this.graph.inputs.findIndex((i) => i.name === name));
    const missing = wrt.filter((_, i) => at[i]! < 0);
    if (missing.length > 0)
      throw new LanError(
        'input',
        `Not an input: ${missing.join(', ')}. Inputs: ${this.graph.inputs.map((i) => i.name).join(', ')}.`,
      );
    const index = this.graph.outputs.findIndex((o) => o.name === of);
    if (index < 0)
      throw new LanError('input', `Not an output: ${of}. Outputs: ${this.graph.outputs.map((o) => o.name).join(', ')}.`);
    let outputs: TfTensor[] = [];
    const roots = at.map((i) => inputs[i]!);
    const f = (...xs: TfTensor[]): TfTensor => {
      const fed = [...inputs];
      at.forEach((i, k) => (fed[i] = xs[k]!));
      outputs = this.forward(fed).map((t) => tf.keep(t));
      return tf.sum(outputs[index]!);
    };
    const needed = gradientPath(this.graph, of, wrt).length > 0;
    if (!needed) return [...this.forward(inputs), ...roots.map((r) => tf.zerosLike(r))];
    const { grads } = tf.engine().gradients(() => f(...roots), roots, undefined, true);
    const gradients = grads.map((grad, i) => grad ?? tf.zerosLike(roots[i]!));
    // keep() above held the outputs beyond the tape's own scope; clones let tidy free the originals.
    const kept = outputs.map((t) => t.clone());
    for (const t of new Set(outputs)) t.dispose();
    return [...kept, ...gradients];
  }

  /** Outputs of the graph, in order; runs inside a tidy. */
  private forward(inputs: TfTensor[]): TfTensor[] {
    const values = new Map<string, Value>();
    this.graph.inputs.forEach((input, i) => values.set(input.name, { nchw: inputs[i]! }));
    const valueOf = (name: string): Value => values.get(name) ?? this.constant(name);
    const uses = this.lastUses();
    this.steps.forEach((step, k) => {
      const { node } = step;
      this.at = node;
      const results = this.call(
        step,
        node.inputs.map((n) => (n === '' ? undefined : valueOf(n))),
      );
      const written = this.fused.get(node);
      node.outputs.forEach((name, i) => {
        const made = results.tensors[i];
        const nhwc = made?.rank === 4 && results.layout === 'nhwc';
        const inLayout = (v: string): TfTensor => this.as(valueOf(v), nhwc ? 'nhwc' : 'nchw');
        const t = made && written ? asWritten(this.tf, written, inLayout, made) : made;
        if (name === '' || !t) return;
        values.set(name, nhwc ? { nhwc: t } : { nchw: t });
      });
      // Without a tape nothing else holds the values; free each after its last reader to keep the peak low.
      if (!this.gradient) for (const name of uses[k]!) values.delete(name);
    });
    const outputs = this.graph.outputs.map((o) => this.as(valueOf(o.name), 'nchw').clone());
    this.at = 'backward pass';
    return outputs;
  }

  private lastUses(): string[][] {
    const outputs = new Set(this.graph.outputs.map((o) => o.name));
    const seen = new Set<string>();
    return this.steps
      .map(({ node }) => node)
      .toReversed()
      .map((node) => {
        const last = node.inputs.filter((n) => n !== '' && !seen.has(n) && !outputs.has(n));
        for (const n of node.inputs) seen.add(n);
        return last;
      })
      .reverse();
  }

  private call({ node, adapter, attributes }: Step, inputs: (Value | undefined)[]): { tensors: TfTensor[]; layout: Layout } {
    const layout = this.layoutFor(adapter, node, inputs);
    const rank = 4;
    const x = inputs.map((value): TfTensor => {
      if (!value) return undefined as unknown as TfTensor;
      if (layout === 'nhwc' && adapter.broadcasts && (value.nchw?.rank ?? rank) < rank) return this.raise(value.nchw!);
      return this.as(value, layout === 'nhwc' && this.rankOf(value) === rank ? 'nhwc' : 'nchw');
    });
    const context: ForwardContext = {
      tf: this.tf,
      node: staticNode(node, this.graph),
      layout,
      axis: (axis, ofRank) => {
        const positive = axis < 0 ? axis + ofRank : axis;
        return layout === 'nhwc' && ofRank === rank ? [0, 3, 1, 2][positive]! : positive;
      },
    };
    return { tensors: adapter.forward instanceof Function ? adapter.forward(x, attributes, context) : [], layout };
  }

  private layoutFor(adapter: OpAdapter, node: Node, inputs: readonly (Value | undefined)[]): Layout {
    if (adapter.layout === 'nhwc') return inputs[0] && this.rankOf(inputs[0]) === 4 ? 'nhwc' : 'nchw';
    if (adapter.layout !== 'any') return 'nchw';
    // Follow the variable rank-4 operands: channels-last as soon as one of them is only there.
    const variable = inputs.filter((v, i) => v && !this.graph.constants.has(node.inputs[i]!) && this.rankOf(v) === 4);
    return variable.some((v) => v!.nchw === undefined) ? 'nhwc' : 'nchw';
  }

  private rankOf = (value: Value): number => (value.nchw ?? value.nhwc)!.rank;

  private as(value: Value, layout: Layout): TfTensor {
    const there = value[layout];
    if (there) return there;
    const made = layout === 'nhwc' ? this.tf.transpose(value.nchw!, [0, 2, 3, 1]) : this.tf.transpose(value.nhwc!, [0, 3, 1, 2]);
    value[layout] = made;
    return made;
  }

  /** A lower-rank operand of a broadcasting op, as rank 4 channels-last. */
  private raise(t: TfTensor): TfTensor {
    const dims = [1, 1, 1, 1, ...t.shape].slice(-4);
    return this.tf.transpose(this.tf.reshape(t, dims), [0, 2, 3, 1]);
  }

  /** Constants are uploaded once, and kept in whatever layout ops asked for. */
  private constant(name: string): Value {
    const known = this.constants.get(name);
    if (known) return known;
    const tensor = this.graph.constants.get(name);
    if (!tensor) throw new LanError('model', `Value '${name}' is used before it is computed.`);
    const kept = this.keep(toTf(this.tf, tensor));
    const value: Value = { nchw: kept };
    if (kept.rank === 4 && kept.dtype === 'float32') {
      // Made on first use and kept, unlike the layouts of values that live for one run.
      let other: TfTensor | undefined;
      Object.defineProperty(value, 'nhwc', {
        get: () => (other ??= this.keep(this.tf.transpose(kept, [0, 2, 3, 1]))),
      });
    }
    this.constants.set(name, value);
    return value;
  }

  private keep(t: TfTensor): TfTensor {
    this.kept.push(this.tf.keep(t));
    return t;
  }

  private dispose(): void {
    for (const t of this.kept) t.dispose();
    this.forget();
  }

  /** Constants are uploaded again when they are asked for. */
  private forget(): void {
    this.kept.length = 0;
    this.constants.clear();
    this.uploadedTo = this.tf.backend();
  }
}
