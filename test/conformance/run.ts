// `make conformance`: the official ONNX backend tests through canonicalize and specialize in onnxruntime and in tfjs, counted per op.
// Options: --filter REGEX (cases or ops), --json, --verbose (each case that is not passed, listed or not).
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readCases } from './cases.js';
import { ENGINES, runCase, type EngineName, type Result, type Status } from './engines.js';
import { judge, type Refusals } from './refusals.js';

const { values: options } = parseArgs({
  options: { filter: { type: 'string' }, json: { type: 'boolean' }, verbose: { type: 'boolean' } },
});
const print = (line: string): unknown => process.stdout.write(`${line}\n`);
const SHARED = process.env['LAN_ONNX_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
const source = process.env['LAN_ONNX_CONFORMANCE'] ?? resolve(SHARED, 'conformance/onnx-conformance.tar.gz');
if (!existsSync(source)) {
  print(`conformance: skipped, ${source} is absent. Name a folder or archive of ONNX backend tests in LAN_ONNX_CONFORMANCE.`);
  process.exit(0);
}

const wanted = new RegExp(options.filter ?? '');
const results: Result[] = [];
for (const one of readCases(source)) {
  // The case's name is told cheaply; its op only after decoding, so a filter by op runs everything and shows less.
  const byName = wanted.test(`${one.group}/${one.name}`);
  if (options.filter && !byName && !/^[A-Z]/.test(options.filter)) continue;
  const result = await runCase(one);
  if (byName || wanted.test(result.op)) results.push(result);
}

const listed = JSON.parse(readFileSync(resolve(import.meta.dirname, 'refusals.json'), 'utf8')) as Refusals;
const { unlisted, stale } = judge(results, listed, options.filter === undefined);

type Counts = Record<EngineName, Record<Status, number>>;
const count = (of: readonly Result[]): Counts =>
  Object.fromEntries(
    ENGINES.map((engine) => {
      const counts = { passed: 0, failed: 0, refused: 0 };
      for (const r of of) counts[r.outcomes[engine].status]++;
      return [engine, counts];
    }),
  ) as Counts;
const grouped = (key: (r: Result) => string): [string, Result[]][] => {
  const groups = new Map<string, Result[]>();
  for (const r of results) groups.set(key(r), [...(groups.get(key(r)) ?? []), r]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
};
const perOp = grouped((r) => r.op);
const perGroup = grouped((r) => r.case.split('/')[0]!);

if (options.json) {
  const table = (rows: [string, Result[]][]): unknown => Object.fromEntries(rows.map(([name, of]) => [name, count(of)]));
  print(JSON.stringify({ total: count(results), groups: table(perGroup), ops: table(perOp), unlisted, stale, results }, null, 1));
} else {
  const row = (name: string, of: readonly Result[]): void => {
    const counts = count(of);
    const cells = ENGINES.map((e) => Object.values(counts[e]).map((n) => String(n || '-').padStart(8)).join('')); // prettier-ignore
    print(`${name.padEnd(44)} ${String(of.length).padStart(5)}  ${cells.join('   ')}`);
  };
  const columns = ['passed', 'failed', 'refused'].map((status) => status.padStart(8)).join('');
  print(`${' '.repeat(52)}${ENGINES.map((e) => e.padStart(24)).join('   ')}`);
  print(`${'op'.padEnd(44)} ${'cases'.padStart(5)}  ${ENGINES.map(() => columns).join('   ')}`);
  for (const [name, of] of perOp) row(name, of);
  print('');
  for (const [name, of] of perGroup) row(name, of);
  row('all', results);
  print(`${results.filter((r) => r.folded).length} of these are folded to constants: they compute on sizes and axes alone.`);
  if (options.verbose) {
    for (const r of results)
      for (const e of ENGINES)
        if (r.outcomes[e].status !== 'passed')
          print(`${r.outcomes[e].status.padEnd(8)} ${e.padEnd(12)} ${r.case}: ${r.outcomes[e].reason}`);
  }
  for (const line of unlisted) print(`not listed: ${line}`);
  for (const line of stale) print(`listed in vain: ${line}`);
}
process.exitCode = unlisted.length + stale.length > 0 ? 1 : 0;
