// Transforms that would keep a kernel busy for minutes without asking for memory are refused before anything runs them.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { specialize } from '../../src/compile/specialize.js';
import { int64 } from '../../src/core/tensor.js';
import { probe } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import type { Graph } from '../../src/onnx/graph.js';

const graphOf = (op: string, make: (g: GraphBuilder, x: string) => string[]): Graph => {
  const g = new GraphBuilder('long');
  const x = g.input('x', 'float32', [1, 10, 1]);
  g.append(op, make(g, x), ['y']);
  g.output('y');
  return g.build();
};
const scalar = (g: GraphBuilder, value: number): string => g.constant(int64([value], []));

test.each([
  [
    graphOf('DFT', (g, x) => [x, scalar(g, 1_000_003)]),
    "DFT 'y': its transform of 1000003 samples is too long; at most 262144 are allowed.",
  ],
  [
    graphOf('STFT', (g, x) => [x, scalar(g, 1), '', scalar(g, 1_000_003)]),
    "STFT 'y': its frames of 1000003 samples are too long; at most 262144 are allowed.",
  ],
])('%#', async (graph, message) => {
  const ran: string[] = [];
  const watched: typeof probe = (part, ...rest) => {
    ran.push(...part.nodes.map((n) => n.op));
    return probe(part, ...rest);
  };
  await expect(specialize(graph, {}, watched, adapters)).rejects.toMatchObject({ code: 'unsupported', message });
  expect(ran).toEqual([]);
});
