// lan-onnx reproduce EXPERIMENT: the paper's experiments: trains what is missing, draws the figures, and says which claims hold.
import { join } from 'node:path';
import { LanError } from '../../core/errors.js';
import { readExperiment } from '../../experiment/config.js';
import { Interrupted, type Findings } from '../../experiment/run.js';
import { reproduce } from '../../experiment/reproduce.js';
import { writeFindings } from '../../report/findings.js';
import { whileLocked } from '../../data/lock.js';
import { short, toJson } from '../../report/format.js';
import { trainingBar } from '../bar.js';
import type { ArgumentsOf } from '../command.js';
import type { reproduce as definition } from '../commands/reproduce.js';
import { interruptible, type Io } from '../io.js';

/** Runs the experiment and prints its verdicts; exits with 1 where a claim does not hold. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const config = readExperiment(argv.experiment, argv.quick);
  const folder = argv.out ?? join('lan-onnx-runs', `${argv.experiment.replace(/\.json$/, '')}${argv.quick ? '-quick' : ''}`);
  const interrupt = interruptible(io, 'writing a checkpoint');
  let bar = trainingBar(io);
  try {
    await whileLocked(folder, async () => {
      const findings = await reproduce(config, argv.data, {
        folder,
        seed: argv.seed,
        // Networks this small are learned faster on one thread than on two (docs/performance.md).
        threads: argv.threads ?? 1,
        signal: interrupt.signal,
        onStep: (p) => bar.step(p),
        onPhase(phase) {
          bar.stop();
          bar = trainingBar(io);
          io.err(`${phase} ...\n`);
        },
      });
      bar.stop();
      await writeFindings(folder, findings, { ...config, seed: argv.seed });
      io.out(argv.json ? toJson({ folder, ...withoutFigures(findings) }) : describe(folder, findings));
      if (findings.verdicts.some((v) => !v.holds)) io.exit(1);
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new LanError(
      'interrupted',
      `Interrupted; what was trained lies in '${folder}'.`,
      'The same command goes on from there.',
    );
  } finally {
    bar.stop();
    interrupt.stop();
  }
}

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
