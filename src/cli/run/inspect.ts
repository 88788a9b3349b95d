// lan-onnx inspect MODEL: what is in the file and what can be done with it.
import Table from 'cli-table3';
import { inspect, type Inspection, type ValueReport } from '../../model/inspect.js';
import { oneLine } from '../../core/readable.js';
import { count, toJson } from '../../report/format.js';
import type { ArgumentsOf } from '../command.js';
import { inspect as definition } from '../commands/inspect.js';
import { inFlags } from '../flags.js';
import type { Io } from '../io.js';
import { openOptions } from '../model.js';

/** Prints what the file holds; exits with 2 where an op is not supported. Errors are inspect's. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const report = await inspect(argv.model, openOptions(argv));
  io.out(argv.json ? toJson(report) : describe(report));
  if (report.problems.length === 0) return;
  io.err(
    [`lan-onnx: ${report.model}: not supported:`, ...report.problems.map((p) => `  - ${inFlags(p, { definition })}`)].join('\n') +
      '\n',
  );
  io.exit(2);
}

const shapeOf = (v: ValueReport): string => {
  const show = (dims: readonly (number | string | null)[] | undefined): string =>
    dims ? `[${dims.map((d) => d ?? '?').join(',')}]` : '[?]';
  const bound = v.shape && v.declared?.join() !== v.shape.join() ? ` -> ${show(v.shape)}` : '';
  return `${v.name}: ${v.type ?? 'not a tensor'}${show(v.declared)}${bound}`;
};

const memoryRows = ({ memory }: Inspection): [string, string][] =>
  memory
    ? [
        [
          'memory',
          `${count(memory.weights)}B of weights; estimated from the shapes, without what an engine adds (packed weights, buffers):`,
        ],
        [
          '',
          `${count(memory.forward)}B of values alive at once in a forward pass, ${count(memory.gradient)}B where a gradient keeps them all`,
        ],
      ]
    : [];

function describe(r: Inspection): string {
  const rows: [string, string][] = [
    ['model', `${r.model} (${count(r.bytes)}B, sha256 ${r.sha256.slice(0, 12)}…)`],
    ['producer', oneLine(r.producer) || 'unknown'],
    ['opset', Object.entries(r.opsets).map(([d, v]) => (d === 'ai.onnx' ? String(v) : `${d} ${v}`)).join(', ') + `, IR ${r.irVersion}`], // prettier-ignore
    ...r.inputs.map((v): [string, string] => ['input', shapeOf(v)]),
    ...r.outputs.map((v): [string, string] => ['output', shapeOf(v)]),
    ['parameters', count(r.parameters)],
    ['MACs', r.macs === undefined ? 'unknown' : count(r.macs)],
    ...memoryRows(r),
    ['nodes', `${r.nodes}${r.compiledNodes === undefined ? '' : `, ${r.compiledNodes} left to run once shapes are bound`}`],
    ...r.notes.map((n): [string, string] => ['note', inFlags(n, { definition })]),
  ];
  const table = new Table({
    head: ['op', 'count', 'folded', 'runs as', 'tfjs forward', 'tfjs gradient', 'onnxruntime gradient'],
    colAligns: ['left', 'right', 'right', 'left', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true },
    chars: { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: ' ' }, // prettier-ignore
  });
  for (const o of r.ops) {
    table.push([
      o.op,
      String(o.count),
      o.folded === undefined ? '?' : String(o.folded),
      o.becomes.join(', '),
      o.tfjsForward,
      o.tfjsGradient,
      o.onnxruntimeGradient,
    ]);
  }
  const heading = rows.map(([k, v]) => `${k.padEnd(11)}${v}`).join('\n');
  return `${heading}\n\n${withoutEnds(table.toString())}\n`;
}

/** Lines without the spaces at their ends. No regular expression: one that looks for the end at each space takes a minute over a name of 200,000. */
const withoutEnds = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
