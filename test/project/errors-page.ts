// docs/errors.md: every code of a LanError, what it means, and a failure that has it, brought about when the page is made.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { adapters } from '../../adapters/index.js';
import type { OldNode } from '../../adapters/op.js';
import { audit } from '../../src/api/audit.js';
import { check } from '../../src/api/check.js';
import { exportGradient } from '../../src/api/export.js';
import { fetchKnown } from '../../src/api/fetch.js';
import { openModel } from '../../src/api/opened.js';
import { ERROR_CODES, LanError, type ErrorCode } from '../../src/core/errors.js';
import { float32 } from '../../src/core/tensor.js';
import { loadOnnxruntime } from '../../src/engine/onnxruntime.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';

const root = resolve(import.meta.dirname, '../..');
const PAGE = join(root, 'docs/errors.md');

/** [n,3] or [1,3] to three classes by one op, as a file. */
function model(op: string, open = false): Uint8Array {
  const g = new GraphBuilder();
  g.input('x', 'float32', open ? ['rows', 'columns'] : [1, 3]);
  g.append(op, ['x'], ['y']);
  g.append('Softmax', ['y'], ['p'], { axis: 1 });
  g.output('p');
  return encodeModel(dialectModel(g.build()));
}

const x = (...values: number[]) => float32(values, [1, 3]);
const trust = true;
/** What Relu is not. */
const doubled = ({ x: [input] }: OldNode, g: GraphBuilder): string => g.op('Add', [input!, input!]);
const doubling = adapters.map((a) => (a.op === 'Relu' ? { ...a, canonicalize: doubled } : a));

/** Rows of a table of three, by numbers. */
function lookup(): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.op('Gather', [g.constant(float32([1, 2, 3], [3, 1])), g.input('ids', 'int64', [1])]), 'rows');
  return encodeModel(dialectModel(g.build()));
}

/** A row, grown to so many that they are 200 GB. */
function grown(): Uint8Array {
  const g = new GraphBuilder();
  const sizes = g.constant({ type: 'int64', dims: [2], data: BigInt64Array.of(16_000_000_000n, 3n) });
  g.output(g.op('ReduceMax', [g.op('Expand', [g.input('x', 'float32', [1, 3]), sizes])], { keepdims: 1 }), 'y');
  return encodeModel(dialectModel(g.build()));
}

/** A call that fails with each code. */
export const FAILURES: Readonly<Record<ErrorCode, () => Promise<unknown>>> = {
  usage: () => audit(model('Relu'), x(1, 2, 3), { beta: -1, trust }),
  model: () => openModel(new TextEncoder().encode('<!DOCTYPE html>')),
  unsupported: () => openModel(model('Frobnicate'), { trust }),
  shape: () => openModel(model('Relu', true), { trust }),
  input: () => openModel(model('Relu'), { input: 'image', trust }),
  data: () => audit('tank', 'forest.jpg'),
  gradient: () => audit(model('Sign'), x(1, 2, 3), { trust }),
  disagreement: () => audit(model('Relu'), x(1, 2, 3), { adapters: doubling, trust }),
  numbers: () => audit(model('Relu'), x(1, NaN, 3), { trust }),
  memory: () => openModel(grown(), { trust }),
  write: async () => {
    const gradient = await exportGradient(model('Relu'), { trust });
    await gradient.save(join(root, 'package.json', 'gradient.onnx'));
  },
  runtime: async () => {
    await using classifier = await openModel(lookup(), { trust });
    await classifier.run({ ids: { type: 'int64', dims: [1], data: BigInt64Array.of(7n) } });
  },
  install: () => loadOnnxruntime(() => Promise.reject(Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' }))), // prettier-ignore
  plugin: () => openModel('tank', { plugins: [{ name: 'mine', ops: [{ op: 'Bent' }] }] }),
  download: () => fetchKnown('nsfwjs', { offline: true, cache: join(root, 'no-such-folder') }),
  interrupted: () => check('tank', { signal: AbortSignal.abort() }),
};

/** The failure that a call ends in. Throws where it ends in none, or in no LanError. */
export async function failureOf(call: () => Promise<unknown>): Promise<LanError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof LanError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

/** The page as it should be. Throws where a failure has another code than its row. */
export async function errorsPage(): Promise<string> {
  const rows: string[] = [];
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const error = await failureOf(FAILURES[code]);
    if (error.code !== code) throw new Error(`Expected code ${code}, received ${error.code}: ${error.message}`);
    const message = error.message.replaceAll(root, '/project').replaceAll('|', '\\|').split('\n').join('<br>');
    rows.push(`| \`${code}\` | ${ERROR_CODES[code]} | ${message} |`);
  }
  return `# Error codes

<!-- Made by npm run docs:errors; a test makes each of these failures. -->

Every expected failure is a \`LanError\` with a \`code\` for programs, the \`problem\` and, where there is something to do, the \`advice\`; \`message\` is both. The command line
prints it behind \`lan-onnx: \`, options as flags, and exits with 2. Anything else that is thrown is a bug. [Why](adr/0013-errors.md).

| code | what it means | for example |
| --- | --- | --- |
${rows.join('\n')}
`;
}

/** The page as it is committed. */
export const committedPage = (): string => readFileSync(PAGE, 'utf8');

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, await errorsPage());
