// The words and options of lan-onnx doctor.
import type { Definition } from '../command.js';
import { jsonOption } from '../options.js';

/** lan-onnx doctor. */
export const doctor = {
  command: 'doctor',
  describe: 'what is installed, which engines and threads work, and a self-test',
  positionals: {},
  options: { ...jsonOption },
  examples: [['$0 doctor', 'before a bug report, or where an install went wrong']],
  epilogue: 'Exit code: 0 all that is needed works, 1 something does not. tfjs tensorflow is optional.',
} as const satisfies Definition;
