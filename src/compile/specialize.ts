// Binds input shapes: folds everything that does not depend on an input's value, gives every value a dtype and static shape, lowers.
import { resolveAttributes, type OpAdapter } from '../../adapters/op.js';
import { LanError, LanErrors, type Problem } from '../core/errors.js';
import { own, table } from '../core/own.js';
import { allocate, bytesOf, type Tensor } from '../core/tensor.js';
import { GraphBuilder, renameNode } from '../onnx/builder.js';
import { nodeLabel, prune, reads, type Graph, type Node, type ValueInfo, type ValueType } from '../onnx/graph.js';
import { batchAxis } from './batch-axis.js';
import { settle } from './canonicalize.js';
import { inlineControl, isVariable } from './control.js';
import { bindDeciding, refuseDeciding } from './deciding.js';
import { gibibytes, MAX_BYTES, MAX_TOTAL, measure, type Probe } from './measure.js';
import { adapterTable, Refusal, staticNode } from './static.js';

export type { Probe };

const MAX_ROUNDS = 12;
/** Nodes of a graph after lowering: what unrolled sequences may come to together. */
const MAX_NODES = 200_000;

/**
 * A static graph: inputs bound to `shapes` (by input name; axes that the file leaves open default to 1 only on the first axis), constants
 * folded, every value typed, ops lowered as their adapters say.
 * `values`: what other inputs will be fed, given the inputs with their shapes bound; where such a value decides a shape or an axis, it becomes a
 * constant (see bindDeciding).
 * Throws LanErrors ('input') where the value of an input decides shapes and is not given, LanError when a shape is missing, does not fit the file,
 * or makes a value larger than 2 GiB; LanErrors when an op refuses the shapes.
 */
export async function specialize(
  graph: Graph,
  shapes: Readonly<Record<string, readonly number[]>>,
  probe: Probe,
  adapters: readonly OpAdapter[],
  values?: (inputs: readonly ValueInfo[]) => Readonly<Record<string, Tensor>>,
): Promise<Graph> {
  for (const name of Object.keys(shapes)) {
    if (!graph.inputs.some((i) => i.name === name))
      throw new LanError(
        'usage',
        `A shape is given for '${name}', but the inputs are: ${graph.inputs.map((i) => i.name).join(', ')}.`,
      );
  }
  const inputs = graph.inputs.map((input) => bindInput(input, own(shapes, input.name), graph.outputs));
  const total = inputs.reduce((sum, i) => sum + (bytesOf(i.type!, i.dims as number[]) ?? 0), 0);
  if (total > MAX_TOTAL)
    throw new LanError('memory', `The inputs together ask for ${gibibytes(total)}; at most ${MAX_TOTAL / 2 ** 30} are allowed.`);
  const feeds = Object.fromEntries(
    inputs.map((i) => [i.name, { type: i.type!, dims: i.dims as number[], data: allocate(i.type!, i.dims as number[]) }]),
  );
  // Types of a graph that is static already are kept, unless it was static for other shapes.
  const rebound = inputs.some((i) => graph.types.get(i.name)?.dims.join() !== (i.dims as number[]).join());
  let current: Graph = prune({ ...graph, inputs, ...(rebound ? { types: new Map<string, ValueType>() } : {}) });
  current = bindDeciding(current, values?.(inputs) ?? {}, adapters);
  current = prune(await inlineControl(current, (g) => measure(g, feeds, undivided(probe, variableValues(g)), adapters)));
  refuseDeciding(current, adapters);
  current = await fold(current, feeds, probe, adapters);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const lowered = lower(current, adapters);
    if (lowered === current) return current;
    current = await fold(lowered, feeds, probe, adapters);
  }
  throw new LanError(
    'unsupported',
    `Lowering did not settle after ${MAX_ROUNDS} rounds: an adapter's lower() emits its own op unchanged.`,
  );
}

function bindInput(input: ValueInfo, shape: readonly number[] | undefined, outputs: readonly ValueInfo[]): ValueInfo {
  const declared = input.dims ?? shape;
  const shown = `[${input.dims?.map((d) => d ?? '?').join(',') ?? '?'}]`;
  if (input.kind !== 'tensor' || !input.type)
    throw new LanError('unsupported', `Input '${input.name}' is not a tensor, so no mask can be learned on it.`);
  if (input.type === 'string')
    throw new LanError(
      'unsupported',
      `Input '${input.name}' holds strings, so no mask can be learned on it.`,
      'Cut the model behind what reads them. Columns of a table are taken: inputs of [N,1], which OneHotEncoder or LabelEncoder reads.',
    );
  if (!declared)
    throw new LanError(
      'shape',
      `Input '${input.name}' has no declared shape.`,
      `Give one, for example with \`shapes\` ${input.name}=1,3,224,224.`,
    );
  if (shape && shape.length !== declared.length)
    throw new LanError(
      'usage',
      `Input '${input.name}' is ${shown}, received a shape of ${shape.length} axes: [${shape.join(',')}].`,
    );
  const batch = batchAxis(declared, outputs);
  const dims = declared.map((d, axis) => {
    const bound = shape?.[axis] ?? (typeof d === 'number' && d > 0 ? d : axis === batch ? 1 : undefined);
    if (bound === undefined) {
      // A first axis of a fixed length above 1 is seldom a batch.
      const columns = Number(declared[0]) > 1 && declared.filter((e) => !(typeof e === 'number' && e > 0)).length === 1;
      throw new LanError(
        'shape',
        `Input '${input.name}' leaves axis ${axis} open: ${shown}.`,
        `Bind it, for example with ${exampleShape(input.name, declared, batch)}${columns ? `, or ${declared.with(axis, 1).join(',')} where samples lie along that axis` : ''}.`,
      );
    }
    if (!(Number.isSafeInteger(bound) && bound >= 0))
      throw new LanError('usage', `Input '${input.name}': axis ${axis} cannot have length ${bound}.`);
    return bound;
  });
  const bytes = bytesOf(input.type, dims) ?? 0;
  if (bytes > MAX_BYTES)
    throw new LanError(
      'memory',
      `Input '${input.name}' of shape [${dims.join(',')}] asks for ${gibibytes(bytes)}; at most ${MAX_BYTES / 2 ** 30} are allowed.`,
    );
  return { ...input, dims };
}

/** How an input's shape is said: colours where an axis is called so, 224 pixels, or so many tokens. */
export function exampleShape(name: string, dims: NonNullable<ValueInfo['dims']>, batch = 0): string {
  const length = (d: unknown): number =>
    typeof d === 'string' && /chan|colou?r|^c$/i.test(d) ? 3 : dims.length === 4 ? 224 : 128;
  return `\`shapes\` ${name}=${dims.map((d, i) => (typeof d === 'number' && d > 0 ? d : i === batch ? 1 : length(d))).join(',')}`;
}

/** Names of the values that depend on an input's value. */
function variableValues(graph: Graph): Set<string> {
  const variable = new Set(graph.inputs.map((i) => i.name));
  for (const node of graph.nodes) {
    if (isVariable(node, variable)) for (const o of node.outputs) if (o !== '') variable.add(o);
  }
  return variable;
}

const DIVIDING = new Set(['Div', 'Mod']);

/**
 * The probe with 0 in place of every quotient that depends on an input, of the same type and shape: a product less itself. Inputs are fed as zeros, by which
 * whole numbers cannot be divided; and what is left of a division is often an index, for which any other number may be too large.
 */
const undivided =
  (probe: Probe, variable: ReadonlySet<string>): Probe =>
  (graph, feeds, wanted, typesOnly) => {
    const divides = (n: Node): boolean => n.domain === '' && DIVIDING.has(n.op) && variable.has(n.outputs[0]!);
    const taken = new Set(graph.nodes.flatMap((n) => n.outputs));
    const nodes = graph.nodes.flatMap((n) => {
      if (!divides(n)) return [n];
      let product = `${n.outputs[0]!}_product`;
      while (taken.has(product)) product += '_';
      return [
        { ...n, op: 'Mul', attributes: {}, outputs: [product] },
        { ...n, op: 'Sub', attributes: {}, inputs: [product, product] },
      ];
    });
    return probe({ ...graph, nodes }, feeds, wanted, typesOnly);
  };

/**
 * What has to be run: nodes whose outputs are constant, or of unknown type. The rest of a graph that was static before is not run again; what is
 * read from it is fed as zeros, since only types are looked at.
 */
function unsettled(graph: Graph, feeds: Record<string, Tensor>, variable: ReadonlySet<string>): [Graph, Record<string, Tensor>] {
  const open = graph.nodes.filter((n) => !n.outputs.every((o) => o === '' || (variable.has(o) && graph.types.has(o))));
  const made = new Set(open.flatMap((n) => n.outputs));
  const given = table(feeds);
  const inputs = [...graph.inputs];
  for (const name of new Set(open.flatMap(reads))) {
    if (made.has(name) || Object.hasOwn(given, name) || graph.constants.has(name)) continue;
    const type = graph.types.get(name);
    if (!type || type.type === 'string') return [graph, feeds];
    given[name] = { ...type, data: allocate(type.type, type.dims) };
    inputs.push({ name, kind: 'tensor', ...type });
  }
  return [{ ...graph, inputs, nodes: open }, given];
}

/** One run gives every value's type, and the value itself where it is constant. */
async function fold(graph: Graph, feeds: Record<string, Tensor>, probe: Probe, adapters: readonly OpAdapter[]): Promise<Graph> {
  const pruned = prune(graph);
  const variable = variableValues(pruned);
  const values = await measure(...unsettled(pruned, feeds, variable), undivided(probe, variable), adapters, variable);
  const constants = new Map(pruned.constants);
  const types = new Map<string, ValueType>();
  for (const [name, t] of pruned.types) if (variable.has(name)) types.set(name, t);
  for (const i of pruned.inputs) types.set(i.name, { type: i.type!, dims: i.dims as number[] });
  for (const [name, t] of pruned.constants) types.set(name, { type: t.type, dims: t.dims });
  for (const [name, t] of values) {
    types.set(name, { type: t.type, dims: [...t.dims] });
    if (!variable.has(name)) constants.set(name, { type: t.type, dims: [...t.dims], data: t.data });
  }
  const nodes = pruned.nodes.filter((n) => n.outputs.some((o) => variable.has(o)));
  // A constant graph output still needs a node that writes it.
  const g = GraphBuilder.from({ ...pruned, nodes, constants, types });
  for (const o of pruned.outputs) {
    if (!constants.has(o.name)) continue;
    const value = constants.get(o.name)!;
    const source = g.constant(value, `${o.name}_value`);
    g.constants.delete(o.name);
    g.append('Identity', [source], [o.name]);
  }
  const outputs = pruned.outputs.map((o) => ({ name: o.name, kind: 'tensor' as const, ...types.get(o.name) }));
  return prune({ ...pruned, nodes: g.nodes, constants: g.constants, types: g.types, outputs });
}

/** Applies every adapter's `lower` once; the same graph when nothing changed. */
function lower(graph: Graph, adapters: readonly OpAdapter[]): Graph {
  const find = adapterTable(adapters);
  const g = new GraphBuilder(graph.name);
  g.inputs.push(...graph.inputs);
  g.reserve([...graph.inputs.map((i) => i.name), ...graph.constants.keys(), ...graph.nodes.flatMap((n) => n.outputs)]);
  for (const [k, v] of graph.constants) g.constants.set(k, v);
  for (const [k, v] of graph.types) g.types.set(k, v);
  const alias = new Map<string, string>();
  const problems: Problem[] = [];
  let changed = false;
  for (const original of graph.nodes) {
    const node: Node = renameNode(original, (n) => alias.get(n) ?? n);
    const adapter = find(node);
    try {
      const start = g.nodes.length;
      const made = adapter?.lower?.(staticNode(node, g), resolveAttributes(adapter, node), g);
      if (made === undefined) g.nodes.push(node);
      else {
        changed = true;
        settle(original, typeof made === 'string' ? [made] : made, start, g, alias);
      }
      if (g.nodes.length > MAX_NODES)
        throw new LanError(
          'memory',
          `Unrolling up to ${nodeLabel(original)} gives more than ${MAX_NODES} nodes.`,
          'Give shorter sequences (`shapes`).',
        );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      problems.push(error.as);
    }
  }
  if (problems.length > 0) throw new LanErrors('unsupported', 'The model cannot be compiled for these input shapes:', problems);
  if (!changed) return graph;
  const written = new Set(g.nodes.flatMap((n) => n.outputs));
  for (const o of graph.outputs)
    if (!written.has(o.name) && alias.has(o.name)) g.append('Identity', [alias.get(o.name)!], [o.name]);
  return { ...graph, nodes: g.nodes, constants: g.constants, types: g.types };
}
