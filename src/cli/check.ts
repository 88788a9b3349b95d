// lan-onnx check MODEL...: do the converted graphs match onnxruntime on the original files?
import type { Argv, CommandModule } from 'yargs';
import { checkAgreement, type Agreement } from '../classifier/agreement.js';
import { LanError, messageOf } from '../core/errors.js';
import { writeAtomically } from '../data/files.js';
import { junit, type JunitCase } from '../report/junit.js';
import { ioOf, progress, short, toJson } from './io.js';
import {
  cardOptions,
  engineOptions,
  jsonOption,
  questionOptions,
  seedOption,
  toNumber,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';

interface Arguments extends SharedArguments {
  readonly models: readonly string[];
  readonly samples: string;
  readonly tolerance?: string;
  readonly gradients: boolean;
  readonly nodes: boolean;
  readonly junit?: string;
  readonly failFast: boolean;
  readonly seed: string;
  readonly json: boolean;
}

/** One model's outcome: compared, or not even opened. */
type Outcome = { readonly model: string; readonly result?: Agreement; readonly error?: string };

export const checkCommand: CommandModule<object, Arguments> = {
  command: 'check <models..>',
  describe: 'compare the converted graphs with onnxruntime on the original file: outputs, gradients, every value',
  builder: (y) =>
    y
      .positional('models', { type: 'string', array: true, demandOption: true, describe: '.onnx files or Hugging Face folders' })
      .options({
        samples: { type: 'string', default: '2', requiresArg: true, describe: 'random inputs per model' },
        tolerance: {
          type: 'string',
          requiresArg: true,
          describe: 'of outputs and values, relative to the largest (default 1e-4, of float16 models 5e-3)',
        },
        gradients: {
          type: 'boolean',
          default: true,
          describe: 'compare gradients too: engines with each other and with central differences',
        },
        nodes: { type: 'boolean', default: false, describe: 'compare every intermediate value and name the first that diverges' },
        junit: { type: 'string', requiresArg: true, describe: 'write the results as JUnit XML to this file' },
        'fail-fast': { type: 'boolean', default: false, describe: 'stop at the first disagreement' },
        ...seedOption,
        ...jsonOption,
        ...engineOptions,
        ...cardOptions,
        feed: questionOptions.feed,
      })
      .example('$0 check model.onnx', 'outputs and gradients, on two random inputs')
      .example('$0 check models/*.onnx --nodes --junit results.xml', 'every value, for CI')
      .epilogue(
        'Exits with 1 when something disagrees, with 2 when a model can not be read or run.',
      ) as unknown as Argv<Arguments>,
  async handler(argv) {
    const io = ioOf(argv);
    const options = {
      ...toOpenOptions(argv),
      samples: toWhole('--samples', argv.samples, 1),
      ...(argv.tolerance === undefined ? {} : { tolerance: toNumber('--tolerance', argv.tolerance, 0) }),
      seed: toWhole('--seed', argv.seed),
      gradients: argv.gradients,
      nodes: argv.nodes,
      failFast: argv.failFast,
    };
    const line = progress(io);
    const outcomes: Outcome[] = [];
    for (const model of argv.models) {
      try {
        const result = await checkAgreement(model, { ...options, onProgress: (doing) => line.say(model, doing) });
        line.clear();
        outcomes.push({ model, result });
        if (!argv.json) io.out(describe(result));
        if (!result.agrees) io.exit(1);
      } catch (error) {
        line.clear();
        if (!(error instanceof LanError)) throw error;
        // The other models are still worth checking: one unreadable file must not hide what they show.
        outcomes.push({ model, error: messageOf(error) });
        io.err(`lan-onnx: ${model}: ${messageOf(error)}\n`);
        io.exit(2);
      }
      const last = outcomes.at(-1)!;
      if (argv.failFast && (last.error !== undefined || !last.result!.agrees)) break;
    }
    if (argv.json)
      io.out(
        toJson({
          schema: 'lan-onnx/check@1',
          agrees: outcomes.every((o) => o.result?.agrees),
          models: outcomes.map((o) => o.result ?? o),
        }),
      );
    if (argv.junit !== undefined) await writeAtomically(argv.junit, junit(outcomes.map(suiteOf)));
  },
};

/** Every single comparison as a name and, where it failed, a sentence. */
function comparisons(r: Agreement): JunitCase[] {
  const limit = (ok: boolean, text: string): { failure?: string } => (ok ? {} : { failure: text });
  return [
    ...r.outputs.map((o) => ({
      name: `output '${o.output}', ${o.engine}`,
      ...limit(
        o.ok,
        `max error ${short(o.maxError)} of the largest value, allowed ${short(r.tolerance)}; ${short(100 * o.matchFraction)} % of elements match`,
      ),
    })),
    ...r.gradients.map((g) => ({
      name: `gradient of '${g.output}', ${g.what}`,
      ...limit(g.ok, `max error ${short(g.maxError)}${g.cosine === undefined ? '' : `, cosine ${g.cosine.toFixed(6)}`}`),
    })),
    ...r.nodes.map((n) => ({ name: `values, ${n.engine}`, ...(n.first ? { failure: divergence(n.first) } : {}) })),
  ];
}

function divergence(d: NonNullable<Agreement['nodes'][number]['first']>): string {
  const inputs = d.inputs.map((i) => `'${i.name}'${i.shape ? ` [${i.shape.join(',')}]` : ''}`).join(', ');
  return `${d.node} is the first to diverge: value '${d.value}' has error ${short(d.maxError)}; element ${d.index} is ${d.received}, onnxruntime gives ${d.expected}; inputs: ${inputs || 'none'}`;
}

const suiteOf = (o: Outcome): { name: string; seconds: number; cases: JunitCase[] } =>
  o.result
    ? { name: o.model, seconds: o.result.seconds, cases: comparisons(o.result) }
    : { name: o.model, seconds: 0, cases: [{ name: 'open', error: o.error }] };

function describe(r: Agreement): string {
  const engines = r.engines.map((e) => `${e.name} ${e.version}${e.name === 'tfjs' ? ` (${e.backend})` : ''}`).join(', ');
  const lines = [
    `${r.agrees ? 'agrees  ' : 'DISAGREES'} ${r.model} (${r.samples} random input(s), seed ${r.seed}; ${engines}; ${r.seconds.toFixed(1)} s)`,
  ];
  const mark = (ok: boolean): string => (ok ? '  ok  ' : '  BAD ');
  for (const o of r.outputs) {
    const top = o.top1 === undefined ? '' : `, top-1 same in ${short(100 * o.top1)} %`;
    lines.push(
      `${mark(o.ok)}output '${o.output}', ${o.engine}: max error ${short(o.maxError)}, ${short(100 * o.matchFraction)} % within ${short(r.tolerance)}${top}`,
    );
  }
  for (const g of r.gradients) {
    lines.push(
      `${mark(g.ok)}gradient of '${g.output}', ${g.what}: max error ${short(g.maxError)}${g.cosine === undefined ? '' : `, cosine ${g.cosine.toFixed(6)}`}`,
    );
  }
  for (const n of r.nodes)
    lines.push(`${mark(!n.first)}values, ${n.engine}: ${n.first ? divergence(n.first) : `${n.compared} compared, all match`}`);
  for (const note of r.notes) lines.push(`  note  ${note}`);
  return `${lines.join('\n')}\n`;
}
