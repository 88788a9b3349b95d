// lan-onnx export-gradient MODEL --out F: a model with its loss and its input gradient as one ONNX file.
import { exportGradient } from '../../export/gradient.js';
import type { ArgumentsOf } from '../command.js';
import type { exportGradient as definition } from '../commands/export-gradient.js';
import type { Io } from '../io.js';
import { exportModel } from './export.js';

/** Writes the file and says what it holds. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  await exportModel(argv, io, { batch: argv.batch }, (model) => exportGradient(model, { pixels: argv.pixels }));
}
