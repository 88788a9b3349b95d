// Preprocessings in common use, and how pictures go in where nobody said.
import { LanError } from '../core/errors.js';
import { toFloat32, type Tensor } from '../core/tensor.js';
import type { InputCard } from './card.js';
import type { Classifier } from './classifier.js';
import type { Picture } from './picture.js';

/** The card with every field: what is not given is torchvision's convention, or plain pixels of a grey picture. Throws LanError for wrong lengths. */
export function completeCard(given: Partial<InputCard>, picture: Pick<Picture, 'layout' | 'channels' | 'size'>): InputCard {
  const convention = Object.values(CONVENTIONS)[0]!;
  const grey = picture.channels === 1;
  if (given.channels !== undefined && (given.channels === 'GREY') !== grey)
    throw new LanError('data', `Card: channels ${given.channels} do not fit the model's input, which has ${picture.channels}.`);
  if (given.size && given.size.join() !== picture.size.join())
    throw new LanError(
      'data',
      `Card: size [${given.size.join(',')}] contradicts the model's input of [${picture.size.join(',')}].`,
    );
  const known = given.mean !== undefined || given.range !== undefined;
  const base = grey || known ? ({ channels: grey ? 'GREY' : 'RGB', range: 255, mean: [0], std: [1] } as const) : convention;
  const card = { ...base, ...given, layout: picture.layout, size: picture.size };
  const count = grey ? 1 : 3;
  for (const field of ['mean', 'std'] as const) {
    if (card[field].length !== 1 && card[field].length !== count)
      throw new LanError('input', `Card: ${field} has ${card[field].length} values for ${count} channel(s).`);
  }
  return card;
}

/**
 * Tries the conventional preprocessings on a picture [1,3,H,W] (float32, pixel values in 0..255) and gives the classifier with the one under which
 * the model is surest of its answer, on the same sessions, and what was chosen as a sentence. `classifier` itself stays as it is.
 * For pictures of three channels with no card only.
 */
export async function chooseConvention<C extends Conventional<C>>(
  classifier: C,
  pixels255: Tensor,
): Promise<{ readonly classifier: C; readonly note: string }> {
  const tried: { name: string; classifier: C; top: number }[] = [];
  for (const [name, convention] of Object.entries(CONVENTIONS)) {
    const card = { ...classifier.card!, ...convention };
    const candidate = classifier.withCard(card, true);
    const sample = card.range === 255 ? pixels255 : { ...pixels255, data: toFloat32(pixels255).map((v) => v / 255) };
    // What reaches a hook point depends on the card too.
    const { x, classifier: bound } = await candidate.locate(sample);
    const top = toFloat32(await bound.predict(x)).reduce((a, b) => Math.max(a, b), 0);
    tried.push({ name, classifier: candidate, top: Number.isFinite(top) ? top : 0 });
  }
  const best = tried.reduce((a, b) => (b.top > a.top ? b : a));
  const note = `no model card: assumed ${best.name}, under which the top answer is surest (${best.top.toFixed(3)}); say what it is with \`card\` or \`mean\`, \`std\`, \`range\`, \`channels\``;
  return { classifier: best.classifier, note };
}

/** What a classifier must do for its card to be searched for. */
interface Conventional<C> {
  readonly card: InputCard | undefined;
  withCard(card: InputCard, assumed?: boolean): C;
  locate(sample: Tensor): Promise<{ readonly x: Tensor; readonly classifier: Pick<Classifier, 'predict'> }>;
}

/** Preprocessings in common use, tried in turn when nobody says which a model wants. */
export const CONVENTIONS: Readonly<Record<string, Pick<InputCard, 'channels' | 'range' | 'mean' | 'std'>>> = {
  'torchvision (RGB, 0..1, ImageNet mean and std)': {
    channels: 'RGB',
    range: 1,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  'Caffe (BGR, 0..255, ImageNet mean)': { channels: 'BGR', range: 255, mean: [104, 117, 123], std: [1, 1, 1] },
  'TensorFlow (RGB, -1..1)': { channels: 'RGB', range: 255, mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
  'RGB, 0..1': { channels: 'RGB', range: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  'RGB, 0..255': { channels: 'RGB', range: 255, mean: [0, 0, 0], std: [1, 1, 1] },
};
