// lan-onnx export-step MODEL --out F: one whole step of learning a mask (Eq. 4) as one ONNX file.
import { exportStep } from '../../api/export.js';
import type { ArgumentsOf } from '../command.js';
import { exportStep as definition } from '../commands/export-step.js';
import type { Io } from '../io.js';
import { maskOptions } from '../model.js';
import { exportModel } from './export.js';

/** Writes the file and says what it holds. */
export const run = (argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> =>
  exportModel(argv, io, definition, (model, options) =>
    exportStep(model, { ...options, ...maskOptions(argv), target: argv.target, against: argv.against }),
  );
