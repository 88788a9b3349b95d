// Which engine a backend chooses, and which contradict each other.
import { expect, test } from '@jest/globals';
import { adapters } from '../../adapters/index.js';
import { allEngines, chooseEngine, type EngineOptions } from '../../src/model/engine-choice.js';
import { GraphBuilder } from '../../src/onnx/builder.js';

/** y = relu(x), or its sign by an op without a gradient rule. */
function graphOf(op: 'Relu' | 'Unknown') {
  const g = new GraphBuilder();
  g.output(g.op(op, [g.input('x', 'float32', [1, 3])]));
  return g.build();
}
const chosen = async (options: EngineOptions, op: 'Relu' | 'Unknown' = 'Relu') => {
  const { engine, note } = await chooseEngine(options, adapters, graphOf(op));
  return [engine.info.name, engine.info.backend, note];
};

test('a backend that only tfjs has chooses tfjs, and says so', async () => {
  expect(await chosen({ backend: 'wasm' })).toEqual(['tfjs', 'wasm', "engine tfjs, because `backend` 'wasm' is one of its own"]);
  expect(await chosen({ backend: 'wasm', engine: 'tfjs' })).toEqual(['tfjs', 'wasm', undefined]);
});

test('one that both have, or onnxruntime alone, chooses nothing', async () => {
  for (const backend of [undefined, 'cpu', 'cuda'])
    expect(await chosen({ backend })).toEqual(['onnxruntime', backend ?? 'cpu', undefined]);
  expect(await chosen({ backend: 'cpu' }, 'Unknown')).toEqual(['tfjs', 'cpu', 'engine tfjs, because no ONNX gradient rule exists for: Unknown']); // prettier-ignore
});

test.each([
  [{ engine: 'onnxruntime', backend: 'wasm' }, "`backend` 'wasm' is one of tfjs's, and `engine: 'onnxruntime'` has none of its name. Leave `backend` out, or choose `engine: 'tfjs'`."], // prettier-ignore
  [{ engine: 'forward', backend: 'tensorflow' }, "`backend` 'tensorflow' is one of tfjs's, and `engine: 'forward'` runs the model in onnxruntime. Leave `backend` out."], // prettier-ignore
  [{ engine: 'tfjs', backend: 'cuda' }, "Unknown tfjs backend 'cuda'. Choose one of: tensorflow, wasm, cpu."],
] as const)('%j contradict each other', async (options, message) => {
  await expect(chosen(options)).rejects.toThrow(message);
  if (options.engine !== 'forward') await expect(allEngines(options, adapters)).rejects.toThrow(message);
});

test('where both engines run, a backend that tfjs does not have is refused with those that there are', async () => {
  await expect(allEngines({ backend: 'cuda' }, adapters)).rejects.toThrow(
    "`backend` 'cuda' is none of tfjs's, whose `backend` names where both engines run: tensorflow, wasm, cpu. One of onnxruntime's (cpu, cuda ...) goes with `engine: 'onnxruntime'`.",
  );
});

test("a provider of onnxruntime's is refused where tfjs has to compute", async () => {
  await expect(chosen({ backend: 'cuda' }, 'Unknown')).rejects.toThrow(
    "`backend` 'cuda' is none of tfjs's, which has to compute the gradients of this model, since no ONNX gradient rule exists for: Unknown. Leave `backend` out, or give one of tfjs's: tensorflow, wasm, cpu.",
  );
});
