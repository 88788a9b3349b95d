// Parts of a gradient made one by one in place of a Split, for which onnxruntime would have to leave the layout of its convolutions.
import { sizeOf } from '../../src/core/tensor.js';
import type { GraphBuilder } from '../../src/onnx/builder.js';
import type { Node } from '../../src/onnx/graph.js';
import { fillBlocks } from './blocked.js';

/** What made each value of a graph that grows; a value is made once. */
interface Index {
  readonly producer: Map<string, Node>;
  seen: number;
}
const INDEX = new WeakMap<GraphBuilder, Index>();

function producerOf(g: GraphBuilder, value: string): Node | undefined {
  const index = INDEX.get(g) ?? { producer: new Map<string, Node>(), seen: 0 };
  INDEX.set(g, index);
  for (; index.seen < g.nodes.length; index.seen++) {
    const node = g.nodes[index.seen]!;
    for (const o of node.outputs) index.producer.set(o, node);
  }
  return index.producer.get(value);
}

/**
 * The runs of `sizes` channels that v [N, C, H, W] consists of, where v is a convolution without bias, or a sum of such: each run is a convolution with a part
 * of the weight, the same work in all. What made v is pruned with the graph where nothing else reads it. undefined where v was made otherwise, or the runs
 * do not fill blocks.
 */
export function channelParts(g: GraphBuilder, v: string, sizes: readonly number[]): string[] | undefined {
  return sizes.every(fillBlocks) && isDivisible(g, v) ? divide(g, v, sizes) : undefined;
}

/** Convolutions that a value which is divided may be a sum of: a value that thousands read is split as it is. */
const MOST = 64;

function isDivisible(g: GraphBuilder, v: string): boolean {
  const pending = [v];
  for (let terms = 0; pending.length > 0;) {
    const node = producerOf(g, pending.pop()!);
    if (node?.op === 'Add') {
      pending.push(...node.inputs);
      continue;
    }
    const group = node?.attributes['group'];
    const dense = group === undefined || (group.kind === 'int' && group.value === 1);
    if (node?.op !== 'Conv' || node.inputs.length !== 2 || !dense || ++terms > MOST) return false;
  }
  return true;
}

function divide(g: GraphBuilder, v: string, sizes: readonly number[]): string[] {
  const node = producerOf(g, v)!;
  if (node.op === 'Add') {
    const [a, b] = node.inputs.map((x) => divide(g, x, sizes)) as [string[], string[]];
    return a.map((part, i) => g.add(part, b[i]!));
  }
  const [x, w] = node.inputs as [string, string];
  let start = 0;
  return sizes.map((size) => {
    const part = filters(g, w, start, start + size);
    start += size;
    return g.op('Conv', [x, part], node.attributes);
  });
}

/** Filters `from` to `to` of a weight. */
function filters(g: GraphBuilder, w: string, from: number, to: number): string {
  const value = g.constants.get(w);
  if (!value) return g.slice(w, [from], [to], [0]);
  const each = sizeOf(value.dims.slice(1));
  const data = (value.data as Float32Array).slice(from * each, to * each);
  return g.constant({ ...value, dims: value.dims.with(0, to - from), data }, `${w}_part`);
}
