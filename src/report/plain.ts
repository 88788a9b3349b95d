// The finding for somebody who does not know the method: no beta, no KL, no soft mask.
import type { Answer } from '../evidence/answer.js';
import type { Kept, Replaceability } from '../evidence/replaceability.js';
import { leads, provesLittle } from './claims.js';
import { fourDigits } from './format.js';

/** What was looked at, and what took the place of its parts. */
export interface Scene {
  readonly answer: Answer;
  /** As a noise is named: `uniform:0,255`. */
  readonly noise: string;
  /** A row: of a table. A vocabulary: how often a text has each of its words. With `value`: inside the model. */
  readonly kind: 'picture' | 'text' | 'vocabulary' | 'row' | 'input' | { readonly value: string };
}

/** What an input is whose elements have names of this kind; undefined where that says nothing. */
export const kindOfFeatures = (kind: 'word' | 'feature' | 'element' | undefined): 'vocabulary' | 'row' | undefined =>
  kind === 'word' ? 'vocabulary' : kind === 'feature' ? 'row' : undefined;

/** A fraction with two digits that count: `5 %`, `0.4 %`, `97.5 %`. */
export const partOfAll = (fraction: number): string => `${Number((100 * fraction).toPrecision(fraction > 0.95 ? 3 : 2))} %`;

/** What is looked at, within a sentence. */
export const thing = ({ kind }: Pick<Scene, 'kind'>): string =>
  typeof kind === 'object' ? `the value '${kind.value}' inside the model` : `the ${kind}`;

/** What takes the place of parts, by the family of noise; `other`: where the input is none of those that are named. */
const IN_PLACE: Readonly<
  Record<string, { readonly [kind in 'picture' | 'text' | 'vocabulary' | 'row']?: string } & { readonly other: string }>
> = {
  constant: { picture: 'one plain colour', vocabulary: 'one and the same count', other: 'one and the same value' },
  bootstrap: { picture: 'parts of other pictures', vocabulary: 'counts of other texts', row: 'values of other rows', other: 'parts of other inputs' }, // prettier-ignore
  learned: { picture: 'parts of generated pictures', vocabulary: 'generated counts', other: 'generated values' },
  blur: { other: 'a blurred copy' },
  tokens: { other: 'random other words' },
  unigram: { other: 'random other words' },
  token: { other: 'one and the same token' },
  mean: { picture: 'mean colours', vocabulary: 'mean counts', row: 'the mean of each column', other: 'mean values' },
  uniform: { picture: 'random colours', vocabulary: 'random counts', other: 'random values' },
  gaussian: { picture: 'random colours', vocabulary: 'random counts', other: 'random values' },
};

/** What took the place of parts, within a sentence. */
export function replacement({ noise, kind }: Pick<Scene, 'noise' | 'kind'>): string {
  if (noise === 'constant:0' && kind === 'vocabulary') return 'a count of 0';
  const [family] = noise.split(':') as [string];
  const words = Object.hasOwn(IN_PLACE, family) ? IN_PLACE[family]! : undefined;
  if (!words) return `${family} noise`;
  return (typeof kind === 'string' && kind !== 'input' ? words[kind] : undefined) ?? words.other;
}

/** That the answer stayed, in how many tries. */
function stayed({ answer }: Scene, { kept, draws }: Kept): string {
  const tries = draws === 1 ? (kept === 1 ? '' : ' in none of 1 try') : ` in ${kept} of ${draws} tries`;
  switch (answer.task) {
    case 'class':
      return `the answer '${answer.label}' stayed${tries}`;
    case 'target':
      return `'${answer.label}' ${answer.against ? `was ahead of '${answer.against.label}'` : 'was the answer'}${tries}`;
    case 'labels':
      return `the ${answer.labels.length === 1 ? `only label '${answer.labels[0]!.label}'` : 'labels'} stayed${tries}`;
    case 'value':
      return `the value ${fourDigits(answer.value)} stayed, give or take ${fourDigits(answer.within)},${tries || ' in the only try'}`;
  }
}

/** The answer, within a sentence. */
function answerOf({ answer }: Scene): string {
  if (answer.task === 'class') return `the answer '${answer.label}'`;
  if (answer.task === 'target')
    return answer.against
      ? `whether '${answer.label}' is ahead of '${answer.against.label}'`
      : `whether the answer is '${answer.label}'`;
  return answer.task === 'value' ? `the value ${fourDigits(answer.value)}` : 'the labels';
}

/** The claim in one sentence, with no more in it than the evidence carries. */
export function plainClaim(evidence: Pick<Replaceability, 'soft' | 'hard' | 'least' | 'deletion'>, scene: Scene): string {
  const { hard, soft, least } = evidence;
  const [what, by] = [thing(scene), replacement(scene)];
  const { deletion } = evidence;
  if (deletion && !deletion.found) return `No part of ${what} was found whose loss changes ${answerOf(scene)} often enough`;
  const found = deletion?.found;
  if (found) {
    const rate =
      found.draws === 1 ? (found.changed === 1 ? '' : ' in none of 1 try') : ` in ${found.changed} of ${found.draws} tries`;
    return `${partOfAll(found.fraction)} of ${what} decided: replaced by ${by}, it changed ${answerOf(scene)}${rate}`;
  }
  if (hard && leads(hard, least))
    return `${partOfAll(1 - hard.fraction)} of ${what} was enough; the rest was replaced by ${by} and ${stayed(scene, hard)}`;
  if (hard)
    return `It is not sure that ${partOfAll(1 - hard.fraction)} of ${what} was enough: with the rest replaced by ${by}, ${stayed(scene, hard)}`;
  return `No part of ${what} was found that alone is enough; with ${by} mixed in to ${partOfAll(soft.fraction)} on average, ${stayed(scene, soft)}`;
}

/** That what takes the place of the input gives the answer as well; undefined where it does not about as often as the claim. */
export function plainCaution(evidence: Replaceability, scene: Scene): string | undefined {
  if (!provesLittle(evidence)) return undefined;
  const { kept, draws } = evidence.noiseAlone;
  const by = replacement(scene);
  const how = draws === 1 ? '' : ` in ${kept} of ${draws} tries`;
  const alone = typeof scene.kind === 'object' ? by : `${by} without anything of ${thing(scene)}`;
  return `This proves little: ${alone} gave the same answer${how}.`;
}
