// An explainer's masks belong to pictures that go in as they did when it was trained.
import { LanError } from '../core/errors.js';
import type { OpenedExplainer } from '../explain/explainer.js';
import { describeValues } from '../model/conventions.js';
import type { Preprocessing } from '../model/guess.js';
import type { Classifier } from '../model/open.js';

/**
 * The classifier with the preprocessing that the explainer was trained with, where no card says another: fields that were given win, and what
 * contradicts the training is said in `note`. As it is for explainers that tell none, and inputs that are no pictures. Throws LanError (`data`) where pixels have
 * another range than in training, since the explainer sees them as they are.
 */
export function asTrained(
  classifier: Classifier,
  { card: trained }: Pick<OpenedExplainer, 'card'>,
): { readonly classifier: Classifier; readonly preprocessing?: Preprocessing; readonly note?: string } {
  const { card, cardAssumed, cardGiven, source } = classifier;
  if (!card || !trained) return { classifier };
  const said = Object.fromEntries(Object.entries(cardGiven).filter(([, v]) => v !== undefined));
  const taken = cardAssumed ? classifier.withCard({ ...trained, ...said, layout: card.layout, size: card.size }) : classifier;
  const [then, now] = [describeValues(trained), describeValues(taken.card!)];
  if (trained.range !== taken.card!.range)
    throw new LanError(
      'data',
      `${source.name}: the explainer was trained on pixels from 0 to ${trained.range} (${then}), and the card says ${now}.`,
      'Leave `card` and its fields out, or train one with this card.',
    );
  const note = then === now ? undefined : `the explainer was trained with ${then}, and the card says ${now}: its masks were learned for another input`; // prettier-ignore
  const preprocessing = cardAssumed ? ({ source: 'explainer', convention: now } as const) : undefined;
  return { classifier: taken, ...(preprocessing ? { preprocessing } : {}), ...(note === undefined ? {} : { note }) };
}
