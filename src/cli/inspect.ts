// lan-onnx inspect MODEL: what is in the file and what can be done with it.
import Table from 'cli-table3';
import type { CommandModule } from 'yargs';
import { inspect, type Inspection, type ValueReport } from '../model/inspect.js';
import { count, ioOf, toJson } from './io.js';
import { MODEL_ARGUMENT, engineOptions, jsonOption, toShapes } from './options.js';

interface Arguments {
  readonly model: string;
  readonly shape?: readonly string[];
  readonly json: boolean;
}

export const inspectCommand: CommandModule<object, Arguments> = {
  command: 'inspect <model>',
  describe: 'what an ONNX file holds, and which of its ops can be run and differentiated',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({ shape: engineOptions.shape, ...jsonOption })
      .example('$0 inspect squeezenet1.1.onnx', 'ops, shapes, parameters, MACs')
      .example('$0 inspect bert.onnx --shape input_ids=1,128', 'with open axes bound')
      .epilogue('Exits with 2 when the model holds ops that are not supported; all of them are listed.'),
  async handler(argv) {
    const io = ioOf(argv);
    const report = await inspect(argv.model, { shapes: toShapes(argv.shape) });
    io.out(argv.json ? toJson(report) : describe(report));
    if (report.problems.length === 0) return;
    io.err([`lan-onnx: ${report.model}: not supported:`, ...report.problems.map((p) => `  - ${p}`)].join('\n') + '\n');
    io.exit(2);
  },
};

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
    ['producer', r.producer || 'unknown'],
    ['opset', Object.entries(r.opsets).map(([d, v]) => (d === 'ai.onnx' ? String(v) : `${d} ${v}`)).join(', ') + `, IR ${r.irVersion}`], // prettier-ignore
    ...r.inputs.map((v): [string, string] => ['input', shapeOf(v)]),
    ...r.outputs.map((v): [string, string] => ['output', shapeOf(v)]),
    ['parameters', count(r.parameters)],
    ['MACs', r.macs === undefined ? 'unknown' : count(r.macs)],
    ...memoryRows(r),
    ['nodes', `${r.nodes}${r.compiledNodes === undefined ? '' : `, ${r.compiledNodes} left to run once shapes are bound`}`],
    ...r.notes.map((n): [string, string] => ['note', n]),
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
  return `${heading}\n\n${table.toString().replace(/ +$/gm, '')}\n`;
}
