// What a trial does with a model: everything that will be done with it later, once.
import { toFloat32 } from '../core/tensor.js';
import type { Classifier } from './classifier.js';
import { inspect } from './inspect.js';
import { openModel, type OpenOptions } from './open.js';
import { randomFeeds } from './random-inputs.js';
import { openReference } from './reference.js';
import type { TrialRequest } from './trial.js';

/** Files up to so many bytes are differentiated too: of larger ones that takes seconds, and their graphs come from exporters. */
const DIFFERENTIATED = 2 ** 22;

/** Opens the model as `what` says. Throws whatever comes up: the same comes up again where the model is really opened. */
export async function tryModel(source: TrialRequest['source'], what: TrialRequest['what'], options: OpenOptions): Promise<void> {
  if (what === 'compile') {
    await inspect(source, options);
    return;
  }
  const model = await openModel(source, options);
  try {
    await tryOpened(model, options);
  } finally {
    await model.dispose();
  }
}

/** Runs an opened model on seeded random numbers: the original file, what it was compiled to, and the gradient of that. */
export async function tryOpened(model: Classifier, { threads }: Pick<OpenOptions, 'threads'>): Promise<void> {
  const feeds = randomFeeds(model.graph, 0, 0);
  // The original file, as it is: its kernels are other ones than those of the converted graph.
  const { program } = await openReference(model.source, model.graph, { threads });
  await program.run(feeds).finally(() => program.dispose());
  const outputs = await model.run(feeds);
  if (model.source.bytes.length > DIFFERENTIATED) return;
  const floats = Object.entries(outputs).filter(([, t]) => t.type === 'float32');
  const ones = floats.map(([name, t]) => [name, { ...t, data: new Float32Array(toFloat32(t).length).fill(1) }]);
  await model.vjp(feeds, Object.fromEntries(ones) as typeof outputs);
}
