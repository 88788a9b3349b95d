// lan-onnx export-step MODEL --out F: one whole step of learning a mask (Eq. 4) as one ONNX file.
import { exportStep } from '../../export/step.js';
import type { ArgumentsOf } from '../command.js';
import type { exportStep as definition } from '../commands/export-step.js';
import type { Io } from '../io.js';
import { objectiveSettings } from '../model.js';
import { exportModel } from './export.js';

/** Writes the file and says what it holds. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const settings = objectiveSettings(argv);
  await exportModel(argv, io, {}, (model) => exportStep(model, { preset: argv.preset, settings }));
}
