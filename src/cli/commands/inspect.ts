// The words and options of lan-onnx inspect.
import type { Definition } from '../command.js';
import { withoutOptions } from '../option.js';
import { jsonOption, MODEL_ARGUMENT, modelOptions } from '../options.js';

/** lan-onnx inspect. */
export const inspect = {
  command: 'inspect <model>',
  describe: 'what an ONNX file holds, and which of its ops can be run and differentiated',
  positionals: { model: MODEL_ARGUMENT },
  options: {
    ...jsonOption,
    ...withoutOptions(
      modelOptions,
      'resize',
      'crop',
      'range',
      'mean',
      'std',
      'preprocessing',
      'labels',
      'output-kind',
      'output',
      'engine',
      'backend',
    ),
  },
  idle: {
    ...Object.fromEntries(['resize', 'crop', 'range', 'mean', 'std', 'preprocessing'].map((flag) => [flag, 'reads no picture'])),
    labels: 'names no class',
    'output-kind': 'reads no answer',
    output: 'shows all outputs',
    engine: 'says what each engine can do, and starts none',
    backend: 'says what each engine can do, and starts none',
  },
  examples: [
    ['$0 inspect squeezenet1.1.onnx', 'ops, shapes, parameters, MACs'],
    ['$0 inspect bert.onnx --shape input_ids=1,128', 'with open axes bound'],
  ],
  epilogue: 'Exits with 2 when the model holds ops that are not supported; all of them are listed.',
} as const satisfies Definition;
