// Dependencies run one way, and only the engines know onnxruntime and tfjs.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const root = resolve(import.meta.dirname, '../..');
/** Lowest first. A file may import its own layer and those below; layers on one line do not import each other. */
const LAYERS = [
  ['core'],
  ['onnx', 'data'],
  ['queue'],
  ['adapters', 'import'],
  ['compile'],
  ['engine'],
  ['model'],
  ['lan', 'check', 'score', 'fetch'],
  ['evidence', 'attribution'],
  ['explain'],
  ['export'],
  ['experiment'],
  ['report', 'server'],
  ['api'],
  ['cli', 'web'],
];

/** What package.json exports. */
const ENTRIES = ['src/index.ts', 'src/ops.ts', 'src/jest.ts', 'src/vitest.ts'];

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const sources = ['src', 'adapters'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts'))
    .map((f) => join(folder, f)),
);

const imports: Import[] = sources.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const found = [
    ...text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm),
  ];
  return found.map((m) => ({ file, target: m[2] ?? m[3] ?? m[4]!, typeOnly: m[1] !== undefined }));
});

const layerOf = (path: string): string | undefined =>
  path.startsWith('adapters') ? 'adapters' : /^src\/([^/]+)\//.exec(path)?.[1];
const rank = (layer: string): number => LAYERS.findIndex((names) => names.includes(layer));

test('the scan sees the code', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(imports.length).toBeGreaterThan(200);
  for (const file of sources) if (!ENTRIES.includes(file)) expect([file, rank(layerOf(file) ?? '')]).not.toEqual([file, -1]);
});

test('imports point downwards', () => {
  const wrong = imports.flatMap(({ file, target }) => {
    if (!target.startsWith('.')) return [];
    const [from, to] = [layerOf(file), layerOf(relative(root, resolve(root, dirname(file), target)))];
    if (!from || !to || from === to) return [];
    return rank(to) < rank(from) ? [] : [`${file} -> ${target}`];
  });
  expect(wrong).toEqual([]);
});

/** Files that lead back to themselves by imports, types included: one name a circle, the files in order. */
function circles(): string[] {
  const next = new Map(sources.map((file) => [file, [] as string[]]));
  for (const { file, target } of imports)
    if (target.startsWith('.'))
      next.get(file)!.push(relative(root, resolve(root, dirname(file), target)).replace(/\.js$/, '.ts'));
  const done = new Set<string>();
  const found = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.add([...path.slice(at)].sort().join(' <-> '));
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of sources) walk(file, []);
  return [...found];
}

test('no file leads back to itself', () => expect(circles()).toEqual([]));

test.each([
  [/^onnxruntime-/, /^src\/(web\/border\/)?engine\//],
  [/^@tensorflow\//, /^src\/engine\//],
  [/^sharp$/, /^src\/data\/(images|jpeg)\.ts$/],
  [/^yargs/, /^src\/cli\//],
  [/^protobufjs/, /^src\/onnx\/schema\.ts$/],
  [/^@huggingface\//, /^src\/data\/tokenizer\.ts$/],
  [/^@opentelemetry\//, /^src\/cli\/telemetry\.ts$/],
  [/^(bullmq|ioredis)$/, /^src\/queue\/connection\.ts$/],
  [/^aws4fetch$/, /^src\/queue\/s3\.ts$/],
])('%s is imported by %s alone', (dependency, allowed) => {
  const users = imports.filter((i) => dependency.test(i.target) && !i.typeOnly).map((i) => i.file);
  expect(users.length).toBeGreaterThan(0);
  expect(users.filter((f) => !allowed.test(f))).toEqual([]);
});

test('pictures are normalised in one place', () => {
  const places = sources.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return /\bmean\[/.test(text) && /\bstd\[/.test(text);
  });
  expect(places).toEqual(['src/model/preprocess.ts']);
});

test('every file opens with a sentence of purpose', () => {
  const without = sources.filter((file) => {
    const [first, second] = readFileSync(join(root, file), 'utf8').split('\n');
    return !/^\/\/ \S/.test(first!.startsWith('#!') ? second! : first!);
  });
  expect(without).toEqual([]);
});

// One family of ops a file; what outgrows it goes into adapters/kernels.
test('files of adapters and src stay short enough to be read at once', () => {
  const lines = (file: string): number => readFileSync(join(root, file), 'utf8').split('\n').length;
  expect(sources.filter((file) => lines(file) > 301)).toEqual([]);
});

test('index.ts only re-exports', () => {
  const lines = readFileSync(join(root, 'src/index.ts'), 'utf8')
    .replace(/\/\/.*$/gm, '')
    .split(';')
    .map((l) => l.trim())
    .filter(Boolean);
  for (const line of lines) expect(line).toMatch(/^export (type )?(\*|\{[^}]*\}) from '/s);
});
