// lan-onnx export-gradient MODEL --out F: a model with its loss and its input gradient as one ONNX file.
import { exportGradient } from '../../api/export.js';
import type { ArgumentsOf } from '../command.js';
import { exportGradient as definition } from '../commands/export-gradient.js';
import type { Io } from '../io.js';
import { exportModel } from './export.js';

/** Writes the file and says what it holds. */
export const run = (argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> =>
  exportModel(argv, io, definition, (model, options) =>
    exportGradient(model, { ...options, pixels: argv.pixels, batch: argv.batch }),
  );
