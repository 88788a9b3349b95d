// WebAssembly, fetched and started before the first model, so that what a model takes can be told from that.
import { dialectModel, openSession } from '../engine/ort.js';
import { GraphBuilder } from '../onnx/builder.js';
import { encodeApart } from '../onnx/apart.js';

let started: Promise<void> | undefined;

/** Runs the smallest of graphs, once. Throws LanError (`install`, `runtime`) where nothing can be run. */
export const startRuntime = (): Promise<void> => (started ??= start());

async function start(): Promise<void> {
  const g = new GraphBuilder();
  g.output(g.op('Identity', [g.input('x', 'float32', [1])]), 'y');
  const session = await openSession(encodeApart(dialectModel(g.build())), { optimize: 'disabled' });
  await session.dispose();
}
