// A card that the pictures contradict: what is said where another way to put them in makes the model far surer.
import type { Tensor } from '../core/tensor.js';
import type { InputCard } from './card.js';
import { candidates, describeValues } from './conventions.js';
import { ENOUGH, LIKELY, tryOut, viewsOfAll, type Conventional } from './views.js';

/** From this score on a way to put pictures in is one that a model knows; below it, one that nothing speaks for. */
const KNOWN = 0.5;

/**
 * Asks of a classifier whose card is in force whether another way to put these pictures in (values in 0..255; the first ENOUGH count) suits it better: the other
 * order of channels always; of ENOUGH pictures, where the card itself scores less than KNOWN, every convention in both orders: larger numbers make any network surer,
 * so that one picture says nothing of range and mean. What scores KNOWN and LIKELY times as much is named. `given`: only what was said of the card may be
 * wrong, the rest was chosen by pictures already; nothing is asked where nothing was said. It is a question: a wrong way may make a model sure by chance.
 */
export async function doubtOf<C extends Conventional<C>>(
  classifier: C,
  pixels255: Tensor,
  given: Partial<InputCard> = classifier.card!,
): Promise<string | undefined> {
  const said = (['channels', 'range', 'mean', 'std'] as const).filter((field) => given[field] !== undefined);
  const [channels] = classifier.inputShape;
  // What a plug-in makes of pixels is its own.
  if (said.length === 0 || classifier.card!.preprocessing !== undefined || (channels !== 1 && channels !== 3)) return undefined;
  const card = classifier.card!;
  const shown = viewsOfAll(pixels255, classifier.inputShape as [1 | 3, number, number], ENOUGH);
  const own = await tryOut(classifier, shown);
  const order = { RGB: 'BGR', BGR: 'RGB', GREY: 'GREY' } as const;
  const turned = { ...card, channels: order[card.channels], mean: card.mean.toReversed(), std: card.std.toReversed() };
  const others = new Map<string, InputCard>(channels === 3 ? [[describeValues(turned), turned]] : []);
  if (own.score < KNOWN && shown.length >= ENOUGH) for (const [name, values] of candidates({}, channels, { turned: true })) others.set(name, { ...card, ...values }); // prettier-ignore
  let best = { name: '', score: 0, found: own.found };
  for (const [name, other] of others) {
    const trial = await tryOut(classifier.withCard(other), shown);
    if (!trial.tooSure && trial.score >= KNOWN && trial.score > best.score) best = { name, ...trial };
  }
  if (best.score <= LIKELY * own.score) return undefined;
  const changed = best.found.filter((answer, i) => answer !== own.found[i]).length;
  const change = changed > 0 ? ` and gives another answer for ${changed} of ${shown.length}` : '';
  const pictures = `${shown.length} picture${shown.length > 1 ? 's' : ''}`;
  const before = `how pictures go in may be wrong: as given (${describeValues(card)}) the model scores ${own.score.toFixed(2)} (confidence times agreement over views of ${pictures})`;
  return `${before}; as ${best.name} it scores ${best.score.toFixed(2)}${change}; check ${said.map((field) => `\`${field}\``).join(', ')}`;
}
