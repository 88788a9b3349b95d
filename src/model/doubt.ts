// A card that the pictures contradict: what is said where another way to put them in makes the model far surer.
import type { Tensor } from '../core/tensor.js';
import type { InputCard } from './card.js';
import { candidates, describeValues, exchanged } from './conventions.js';
import { ENOUGH, LIKELY, tryOut, viewsOfAll, type Conventional } from './views.js';

/** From this score on a way to put pictures in is one that a model knows; below it, one that nothing speaks for. */
const KNOWN = 0.5;

/**
 * Asks of a classifier whose card is in force whether another way to put these pictures in (values in 0..255; the first ENOUGH count) suits it better: the other
 * order of channels, or black and white exchanged, always; of ENOUGH pictures, where the card itself scores less than KNOWN, every convention in both orders: larger numbers make any network surer,
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
  const turned =
    channels === 3
      ? { ...card, channels: order[card.channels], mean: card.mean.toReversed(), std: card.std.toReversed() }
      : exchanged(card);
  const others = new Map<string, InputCard>([[describeValues(turned), turned]]);
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

/** From this value of most of their pixels on pictures are dark on light. */
const LIGHT = 128;

/**
 * Asks of a classifier of grey pictures, whose black and white nobody said, whether it wants them exchanged: networks of digits mostly take white on black,
 * and are often sure of a wrong digit where it is ink on paper. Pictures that are dark on light are asked about where that changes an answer, unless
 * ENOUGH of them speak against it; others only where the exchange makes it LIKELY times as sure. `given`: what was said of the card. It is a question, and
 * changes nothing.
 */
export async function groundDoubt<C extends Conventional<C>>(
  classifier: C,
  pixels255: Tensor,
  given: Partial<InputCard>,
): Promise<string | undefined> {
  const { card, inputShape } = classifier;
  if (inputShape[0] !== 1 || inputShape.length !== 3 || !card || given.mean || given.std || card.preprocessing !== undefined) return undefined; // prettier-ignore
  const shown = viewsOfAll(pixels255, inputShape as [1, number, number], ENOUGH);
  const own = await tryOut(classifier, shown);
  let best = { card, trial: { ...own, score: 0 } };
  for (const values of candidates(given, 1, { turned: true }).values()) {
    const [deviation] = values.std;
    if (deviation! > 0) continue;
    const trial = await tryOut(classifier.withCard({ ...card, ...values }), shown);
    if (!trial.tooSure && trial.score > best.trial.score) best = { card: { ...card, ...values }, trial };
  }
  const { score, found } = best.trial;
  const changed = found.filter((answer, i) => answer !== own.found[i]).length;
  const against = shown.length >= ENOUGH && own.score > LIKELY * score;
  const asked = shown.some(([picture]) => isLight(picture!)) ? changed > 0 && !against : score > LIKELY * own.score;
  if (!asked || score === 0) return undefined;
  const {
    range,
    mean: [mean],
    std: [std],
  } = best.card;
  return `black and white may have to be exchanged, as most networks of digits take white on black: so this one scores ${score.toFixed(2)} in place of ${own.score.toFixed(2)} and gives another answer for ${changed} of ${shown.length}; if so, say it with \`range\` ${range}, \`mean\` ${mean}, \`std\` ${std}`;
}

/** Are most pixels light? */
const isLight = (pixels: Uint8Array): boolean => pixels.toSorted()[pixels.length >> 1]! >= LIGHT;
