// How many exports of the ONNX model zoo use only ops that run forward in tfjs and have a gradient in ONNX; told by their op histograms.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { adapters } from '../../adapters/index.js';
import type { OpAdapter } from '../../adapters/op.js';

const print = (line: string): unknown => process.stdout.write(`${line}\n`);
const SHARED = process.env['LAN_ONNX_SHARED'] ?? resolve(import.meta.dirname, '../../../shared');
const source = resolve(SHARED, 'conformance/zoo-ops.json');

/** Rows as found in the zoo's `turnkey_stats.yaml` files: path below the zoo's root, op counts, opset, the model's class in Python. */
type Row = readonly [
  path: string,
  { readonly ops: Readonly<Record<string, number>>; readonly opset: number; readonly cls: string },
];

/** Detectors: boxes, not classes, come out. Without them 1,927 exports are left, which use exactly 57 ops. */
const DETECTORS = ['MaskRCNN', 'FasterRCNN', 'RetinaNet', 'FCOS'];
const FOLDERS: readonly [string, (row: Row) => boolean][] = [
  ['vision, without detectors', ([path, { cls }]) => path.startsWith('Computer_Vision/') && !DETECTORS.includes(cls)],
  ['language', ([path]) => path.startsWith('Natural_Language_Processing/')],
];

/** Resolved before there are adapters to look for: Constant is an initialiser, If on a constant its branch. */
const RESOLVED = ['Constant', 'If'];
const byOp = new Map(adapters.filter((a) => !a.domain).map((a) => [a.op, a]));

/** An op that simpler ones replace needs no rules of its own, nor does one whose value is no number to differentiate. */
function lacking(a: OpAdapter | undefined): string | undefined {
  if (!a) return 'no adapter';
  if (a.forward && 'todo' in a.forward) return 'no tfjs forward';
  if (a.vjp && 'todo' in a.vjp) return 'no gradient';
  const replaced = a.lower ?? a.canonicalize;
  if (!a.forward && !replaced) return 'no tfjs forward';
  return a.vjp || replaced ? undefined : 'no gradient';
}

if (!existsSync(source)) print(`zoo: skipped, ${source} is absent.`);
else {
  const rows = JSON.parse(readFileSync(source, 'utf8')) as Row[];
  for (const [name, belongs] of FOLDERS) {
    const chosen = rows.filter(belongs);
    const used = new Set(chosen.flatMap(([, { ops }]) => Object.keys(ops)));
    const missing = new Map<string, number>();
    let covered = 0;
    for (const [, { ops }] of chosen) {
      const lacks = Object.keys(ops).filter((op) => !RESOLVED.includes(op) && lacking(byOp.get(op)));
      if (lacks.length === 0) covered++;
      for (const op of lacks) missing.set(op, (missing.get(op) ?? 0) + 1);
    }
    print(`${name}: ${covered} of ${chosen.length} exports, ${used.size} ops`);
    for (const [op, count] of [...missing].sort((a, b) => b[1] - a[1]))
      print(`  ${op} (${count} exports): ${lacking(byOp.get(op))}`);
  }
}
