// lan-onnx export-gradient MODEL --out F: a model with its loss and its input gradient as one ONNX file.
import type { CommandModule } from 'yargs';
import { LanError } from '../core/errors.js';
import { exportGradient } from '../export/gradient.js';
import { exportModel } from './export.js';
import {
  MODEL_ARGUMENT,
  cardOptions,
  engineOptions,
  jsonOption,
  hookPointOption,
  selectionOptions,
  toOpenOptions,
  toWhole,
  type SharedArguments,
} from './options.js';

interface Arguments extends SharedArguments {
  readonly model: string;
  readonly out: string;
  readonly pixels: boolean;
  readonly batch?: string;
  readonly json: boolean;
}

export const exportGradientCommand: CommandModule<object, Arguments> = {
  command: 'export-gradient <model>',
  describe: 'write a model with its loss and input gradient as one ONNX file for any onnxruntime',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        out: { type: 'string', demandOption: true, requiresArg: true, describe: 'the file to write' },
        pixels: {
          type: 'boolean',
          default: false,
          describe: "put the card's preprocessing inside: input x, RGB [N,C,H,W] in 0..range",
        },
        batch: {
          type: 'string',
          requiresArg: true,
          describe: 'samples a run; fixed in the file (default: what the model says, or 1)',
        },
        shape: engineOptions.shape,
      })
      .options({ ...selectionOptions, ...hookPointOption, feed: { ...selectionOptions.feed, hidden: true } })
      .options({ ...cardOptions, ...jsonOption })
      .example('$0 export-gradient squeezenet1.1.onnx --out grad.onnx', 'outputs, loss and d loss / d input')
      .example('$0 export-gradient m.onnx --pixels --batch 8 --out grad.onnx', 'eight pictures at a time, from pixels')
      .example(
        '$0 export-gradient bert.onnx --shape input_ids=1,128 --out grad.onnx',
        'd loss / d embedding: ids have no gradient',
      )
      .epilogue(
        'The file takes target [N,K] (probabilities) besides the inputs, and gives loss and <input>_grad besides the outputs. All its shapes are fixed.',
      ),
  async handler(argv) {
    if (argv.feed)
      throw new LanError(
        'usage',
        '--feed: the file keeps all inputs of the model. Bind open axes with --shape, and feed the inputs when you run it.',
      );
    const batch = argv.batch === undefined ? undefined : toWhole('--batch', argv.batch, 1);
    await exportModel(argv, { ...toOpenOptions(argv), batch }, (classifier) =>
      exportGradient(classifier, { pixels: argv.pixels }),
    );
  },
};
