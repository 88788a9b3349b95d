// lan-onnx export-step MODEL --out F: one whole step of learning a mask (Eq. 4) as one ONNX file.
import type { CommandModule } from 'yargs';
import { exportStep } from '../export/step.js';
import { exportModel } from './export.js';
import {
  MODEL_ARGUMENT,
  cardOptions,
  engineOptions,
  jsonOption,
  objectiveOptions,
  hookPointOption,
  selectionOptions,
  toObjectiveSettings,
  toOpenOptions,
  type ObjectiveArguments,
  type SharedArguments,
} from './options.js';

interface Arguments extends SharedArguments, ObjectiveArguments {
  readonly model: string;
  readonly out: string;
  readonly json: boolean;
}

export const exportStepCommand: CommandModule<object, Arguments> = {
  command: 'export-step <model>',
  describe: 'write one step of learning a mask (noise in, mask out) as one ONNX file for any onnxruntime',
  builder: (y) =>
    y
      .positional('model', MODEL_ARGUMENT)
      .options({
        out: { type: 'string', demandOption: true, requiresArg: true, describe: 'the file to write' },
        shape: engineOptions.shape,
        ...objectiveOptions,
        beta: { ...objectiveOptions.beta, describe: 'weight of the mask mean; an input of the file, in which these are noted' },
      })
      .options({ ...selectionOptions, ...hookPointOption, ...cardOptions, ...jsonOption })
      .example('$0 export-step squeezenet1.1.onnx --out step.onnx', 'loss, backward pass and Adam in one run')
      .example('$0 export-step m.onnx --mask-grid 28 --draws 8 --out step.onnx', 'a coarse mask, eight draws of noise a step')
      .epilogue(
        'Feed <name>_next back as <name>. adam_scale and adam_floor depend on the number of the step; the printed meanings say how.',
      ),
  async handler(argv) {
    const settings = toObjectiveSettings(argv);
    await exportModel(argv, toOpenOptions(argv), (classifier) => exportStep(classifier, { preset: argv.preset, settings }));
  },
};
