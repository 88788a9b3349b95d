// What the coordinator of a queue holds for each input: its heap while a worker that gives nothing but an error answers for all of them, with a real Redis.
// Usage: node --expose-gc --import tsx bench/coordinator.ts [--inputs 20000]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { auditMany } from '../src/api/audit-many.js';
import { encodeNpy } from '../src/data/npy.js';
import { dialectModel } from '../src/engine/ort.js';
import { GraphBuilder } from '../src/onnx/builder.js';
import { encodeModel } from '../src/onnx/codec.js';
import { readAddress } from '../src/queue/address.js';
import { takeJobs } from '../src/queue/connection.js';
import { redisServer } from '../test/redis/server.js';

const { values } = parseArgs({ options: { inputs: { type: 'string', default: '20000' } } });
const inputs = Number(values.inputs);
const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-coordinator-'));
const at = (...parts: string[]): string => join(folder, ...parts);
const gc = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
const heap = (): number => {
  gc();
  return process.memoryUsage().heapUsed / 1e6;
};

const g = new GraphBuilder();
g.output(g.op('Softmax', [g.input('x', 'float32', ['N', 4])], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 4] });
writeFileSync(at('m.onnx'), encodeModel(dialectModel(g.build())));
writeFileSync(at('images.npy'), encodeNpy({ type: 'float32', dims: [inputs, 4], data: Float32Array.from({ length: 4 * inputs }, (_, i) => i) })); // prettier-ignore
const server = await redisServer(folder);
await server.start();
process.env['REDIS_PASSWORD'] = server.password;
const outcome = { error: { code: 'data', problem: 'x: is not explained.' }, worker: 'w', seconds: 1 };
const taking = await takeJobs(readAddress(server.queue('q')), () => Promise.resolve(outcome), { name: 'w', concurrency: 8, lostAfter: 30, losses: 1 }); // prettier-ignore
const before = heap();
let last = before;
await auditMany(at('m.onnx'), { kind: 'data', path: at('images.npy'), seed: 0 }, {
  out: at('out'),
  trust: true,
  queue: { queue: server.queue('q'), store: at('store') },
  onDone(done) {
    if (done % (inputs / 10) !== 0) return;
    last = heap();
    process.stdout.write(`${done} of ${inputs}: ${last.toFixed(1)} MB of heap, ${((1e6 * (last - before)) / inputs).toFixed(0)} bytes an input above the ${before.toFixed(1)} MB at the start\n`);
  },
}).catch((error: unknown) => process.stdout.write(`${(error as Error).message.split('\n')[0]}\n`)); // prettier-ignore
await taking.finish(() => false);
await server.kill();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
