// The words and options of lan-onnx serve.
import type { Definition } from '../command.js';
import { Expected, TEXT, whole } from '../option.js';
import { cardOptions, INPUTS, selectionOptions } from '../options.js';

/** lan-onnx serve. */
export const serve = {
  command: 'serve [model]',
  describe: 'a page in your browser: drop a model and a picture, and watch attention form; nothing leaves this machine',
  positionals: {
    model: { ...TEXT, describe: 'opened in the page: an .onnx file, a Hugging Face folder, or tank (default: drop one there)' },
  },
  options: {
    image: { ...TEXT, group: INPUTS, describe: 'picture that is opened in the page' },
    card: cardOptions.card,
    variant: selectionOptions.variant,
    port: { ...TEXT, coerce: port, default: '8020', describe: 'of 127.0.0.1, where the page is; 0: any that is free' },
    webgpu: {
      type: 'boolean',
      describe: 'offer WebGPU to the page, from onnxruntime-web beside lan-onnx (default: where that is installed)',
    },
    open: { type: 'boolean', default: false, describe: 'open it in the browser at once' },
  },
  examples: [
    ['$0 serve', 'the page, with examples to try'],
    ['$0 serve squeezenet1.1.onnx --image dog.jpg --open', 'begins with this model and picture'],
  ],
  epilogue:
    'Only this machine reaches the page, and the page loads from nowhere else. The address ends in a key where a model or picture is given: keep it to yourself. Ctrl-C ends it.',
} as const satisfies Definition;

function port(text: string): number {
  const value = whole()(text);
  if (value > 65_535) throw new Expected('a whole number of at most 65535', text);
  return value;
}
