// Every intermediate value of an engine's graph against onnxruntime on the original model, whose values are made outputs for it.
import { bytesOf, toNumbers, type DType, type Tensor } from '../core/tensor.js';
import type { Engine, Program } from '../engine/engine.js';
import { openModelSession } from '../engine/ort.js';
import { inFloat32 } from '../model/float-types.js';
import { nodeLabel, type Graph, type Model } from '../onnx/graph.js';
import { difference } from './compare.js';

/** The first value, in the original's order, that differs. */
export interface Divergence {
  readonly value: string;
  /** The original's node that makes it: `Conv 'conv1'`. */
  readonly node: string;
  readonly op: string;
  /** The node's inputs, with their shapes where known. */
  readonly inputs: readonly { readonly name: string; readonly shape?: readonly number[] }[];
  readonly maxError: number;
  /** The worst element. */
  readonly index: number;
  readonly received: number;
  readonly expected: number;
}

/**
 * Compares each value that the original's nodes and the compiled graph share (canonicalisation keeps names; values that were folded are
 * compared as constants; values inside functions and If branches have no name outside and are left out).
 * `graph` is static, `feeds` fit it. Stops at the first value whose error relative to its largest element exceeds `tolerance`.
 */
export async function compareNodes(
  model: Model,
  graph: Graph,
  engine: Engine,
  feeds: Readonly<Record<string, Tensor>>,
  tolerance: number,
): Promise<{ compared: number; first?: Divergence }> {
  const produced = new Set(graph.nodes.flatMap((n) => n.outputs));
  const wanted = model.graph.nodes.flatMap((node) =>
    node.outputs.filter((o) => o !== '' && (produced.has(o) || graph.constants.has(o))).map((value) => ({ node, value })),
  );
  const shapes = new Map<string, readonly number[]>([...graph.types].map(([name, t]) => [name, t.dims]));
  const names = (part: typeof wanted): string[] => part.map((p) => p.value);
  const computed = names(wanted).filter((n) => produced.has(n));
  // Each side is opened once, with every value as an output, so that weights are handed over once; runs fetch a part each.
  const session = await openModelSession(
    { ...model, graph: { ...model.graph, outputs: asOutputs(names(wanted)) } },
    { optimize: 'disabled' },
  );
  const reference = inFloat32(session, model);
  let program: Program | undefined;
  let compared = 0;
  try {
    if (computed.length > 0) program = await engine.compile({ ...graph, outputs: asOutputs(computed, graph.types) });
    for (const part of inParts(wanted, ({ value }) => graph.types.get(value))) {
      const expected = await reference.run(feeds, names(part));
      const own = names(part).filter((n) => produced.has(n));
      const received: Record<string, Tensor> = own.length > 0 ? await program!.run(feeds, own) : {};
      for (const { node, value } of part) {
        const a = received[value] ?? graph.constants.get(value)!;
        const b = expected[value]!;
        if (b.type === 'string' || a.type === 'string') continue;
        const d = difference(a, b, tolerance);
        compared++;
        if (d.maxError <= tolerance) continue;
        const inputs = node.inputs
          .filter((n) => n !== '')
          .map((name) => ({ name, shape: shapes.get(name) ?? model.graph.constants.get(name)?.dims }));
        const { index = 0, value: got = NaN, reference: want = toNumbers(b)[0] ?? NaN } = d.worst ?? {};
        return {
          compared,
          first: {
            value,
            node: nodeLabel(node),
            op: node.op,
            inputs,
            maxError: d.maxError,
            index,
            received: got,
            expected: want,
          },
        };
      }
    }
    return { compared };
  } finally {
    await session.dispose();
    await program?.dispose();
  }
}

/** Bytes of values that are handed over together: below it one run serves all, above it memory counts more than another forward pass. */
export const PART = 2 ** 26;

/** `items` in order, in parts whose values take at most PART bytes together (or are one). A value of unknown type counts as small. */
export function inParts<T>(
  items: readonly T[],
  typeOf: (item: T) => { type: DType; dims: readonly number[] } | undefined,
): T[][] {
  const parts: T[][] = [];
  let left = 0;
  for (const item of items) {
    const type = typeOf(item);
    const size = type ? (bytesOf(type.type, type.dims) ?? 0) : 0;
    if (parts.length === 0 || size > left) {
      parts.push([]);
      left = PART;
    }
    parts.at(-1)!.push(item);
    left -= size;
  }
  return parts;
}

/** Names as tensor outputs of a graph, with their types where these are known. */
export const asOutputs = (names: Iterable<string>, types?: ReadonlyMap<string, Pick<Tensor, 'type' | 'dims'>>) =>
  [...new Set(names)].map((name) => {
    const type = types?.get(name);
    return { name, kind: 'tensor' as const, ...(type ? { type: type.type, dims: type.dims } : {}) };
  });
