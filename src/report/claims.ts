// The finding in sentences, and never more than the evidence carries.
import type { HookPoint } from '../model/hook-point.js';
import { LABEL_HOLDS, type Answer, type Named, type TargetAnswer } from '../evidence/answer.js';
import type { BetaResult } from '../explain/audit.js';
import { leadsFrom } from '../evidence/trials.js';
import type { Deletion, Kept, Replaceability, SoftEvidence } from '../evidence/replaceability.js';
import { fourDigits } from './format.js';

/** A fraction in 0..1 for people: `97 %`, `99.5 %`. */
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(fraction > 0.99 ? 1 : 0)} %`;
/** The same, of a small part with a digit more: `3.5 %`. */
export const smallPercent = (fraction: number): string =>
  `${(100 * fraction).toFixed(fraction < 0.1 || fraction > 0.99 ? 1 : 0)} %`;
const intervalText = ([low, high]: readonly [number, number], sequential?: true): string =>
  `${sequential ? 'draws that end when the interval is decided; 95 % interval, corrected for that,' : '95 % interval'} ${low.toFixed(2)} to ${high.toFixed(2)}`;
/** Labels that a sentence names; the others are in audit.json. */
const NAMED = 5;

/** What stands above the claims of one mask: its beta, or the other method that gave it. */
export const headingOf = (beta: number, method: { readonly title: string } | undefined): string =>
  method?.title ?? `beta ${beta}`;

/** What the mask lies on, as claims name it: `the input`, `the tokens`, `the value 'relu1'`. */
export const partOf = (hookPoint: HookPoint | undefined): string =>
  !hookPoint ? 'the input' : hookPoint.tokens ? 'the tokens' : `the value '${hookPoint.name}'`;

/** The answer as a heading names it: `dog`, `dog, ball and 2 more`, or `12.3`. */
export function answerText(answer: Answer): string {
  if (answer.task === 'class') return answer.label;
  if (answer.task === 'target') return `why ${answer.label}${answer.against ? ` and not ${answer.against.label}` : ''}?`;
  if (answer.task === 'value') return fourDigits(answer.value);
  return answer.labels.length === 0 ? 'no label' : enumerated(answer.labels.map((l) => l.label));
}

/** The answer within a sentence, with its verb: `the answer 'dog' was`. */
function subject(answer: Answer): string {
  if (answer.task === 'class') return `the answer '${answer.label}' was`;
  if (answer.task === 'target') return `'${answer.label}', which was asked about, was`;
  if (answer.task === 'value') return `the value ${fourDigits(answer.value)} was`;
  const { labels } = answer;
  if (labels.length === 0) return 'the answer, which is no label at all, was';
  const quoted = enumerated(labels.map((l) => `'${l.label}'`));
  return labels.length === 1 ? `the only label ${quoted} was` : `the ${labels.length} labels ${quoted} were`;
}

/** What noise alone gives, within a sentence. */
function object(answer: Answer): string {
  if (answer.task === 'class') return `'${answer.label}'`;
  if (answer.task === 'target') return `'${answer.label}'${answer.against ? ` before '${answer.against.label}'` : ''}`;
  if (answer.task === 'value') return `a value within ${fourDigits(answer.within)} of it`;
  return answer.labels.length === 0 ? 'no label' : 'exactly these labels';
}

/** How far the answers to noise were from that to the input. */
const distance = ({ kl, rmse }: SoftEvidence): string =>
  rmse === undefined ? `KL ${(kl ?? NaN).toFixed(3)}` : `root mean square error ${fourDigits(rmse)}`;

function enumerated(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  if (names.length <= NAMED) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
  return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;
}

/**
 * Headline first. The hard claim leads where it holds; where it does not, the soft one leads and the report says so. Where the part was looked for whose loss
 * changes the answer, it is what leads.
 */
export function claims({ evidence }: BetaResult, answer: Answer, part = 'the input'): string[] {
  const kept = keptClaims(evidence, answer, part);
  return evidence.deletion ? [...deletionClaims(evidence.deletion, answer, part), ...kept] : kept;
}

/** What changes the answer, and whether it is enough for it too. */
function deletionClaims({ found }: Deletion, answer: Answer, part: string): string[] {
  if (!found) return [`no fraction of ${part} was found whose loss ${loses(answer)} often enough`];
  const { fraction, changed, draws, interval, alone } = found;
  const rate =
    draws === 1
      ? changed === 1
        ? '(this noise has one draw)'
        : 'not at all (this noise has one draw)'
      : `in ${changed} of ${draws} tries (${intervalText(interval, found.sequential)})`;
  // The fraction was chosen on other draws; on these it may disappoint.
  const unsure = draws > 1 && interval[0] < leadsFrom() ? ', which is unsure' : '';
  const [kept, lost] = outcomes(answer);
  const held =
    alone.draws === 1 ? (alone.kept === 1 ? kept : lost) : `${kept} on ${alone.kept} of ${alone.draws} fresh draws (${intervalText(alone.interval)})`; // prettier-ignore
  return [
    `replacing ${smallPercent(fraction)} of ${part} ${loses(answer)} ${rate}; it is the smallest part found whose loss does${unsure}`,
    `the other way round, everything but that part replaced: ${subject(answer)} ${held}`,
  ];
}

/** The line of a sheet about what changes the answer; none where it was not looked for. */
export function deletionCaption(deletion: Deletion | undefined): string[] {
  if (!deletion) return [];
  const { found } = deletion;
  return [
    found ? `lost, ${smallPercent(found.fraction)}: changed ${found.changed} of ${found.draws}` : 'lost: no fraction changed it',
  ];
}

/** What the loss of a part does, within a sentence. */
function loses(answer: Answer): string {
  if (answer.task === 'class') return `changes the answer '${answer.label}'`;
  if (answer.task === 'value') return `moves the value ${fourDigits(answer.value)} by more than ${fourDigits(answer.within)}`;
  if (answer.task === 'target') {
    const { label, against } = answer;
    return against ? `makes '${label}' fall behind '${against.label}'` : `makes '${label}' no longer the answer`;
  }
  return answer.labels.length === 0
    ? 'brings up a label'
    : `changes the labels ${enumerated(answer.labels.map((l) => `'${l.label}'`))}`;
}

/** Words for an answer that is still there, and for one that is not. */
function outcomes(answer: Answer): readonly [kept: string, lost: string] {
  const wanted = answer.task === 'target' ? leader(answer.against) : undefined;
  return wanted === undefined ? ['kept', 'lost'] : [wanted, `not ${wanted}`];
}

function keptClaims(evidence: Replaceability, answer: Answer, part: string): string[] {
  const { soft, hard } = evidence;
  // Noise that is always the same leaves nothing to chance: one draw, and no interval.
  const once = soft.draws === 1;
  const [kept, lost] = outcomes(answer);
  const outcome = (e: SoftEvidence): string =>
    once
      ? `${e.kept === 1 ? kept : lost} (this noise has one draw; ${distance(e)})`
      : `${kept} on ${e.kept} of ${e.draws} fresh draws (${intervalText(e.interval, e.sequential)}; ${distance(e)})`;
  const softClaim = `with a mask of mean ${soft.fraction.toFixed(2)} mixed into noise, ${subject(answer)} ${outcome(soft)}`;
  if (!hard)
    return [
      softClaim,
      ...keptMeans(answer, soft),
      `no fraction of ${part} could be replaced entirely without losing the answer too often${evidence.deletion ? '' : ', so the soft claim is the headline'}`,
      ...aboutNoiseAlone(evidence, answer),
    ];
  // The fraction was chosen on other draws; on these it may disappoint, and then it must not lead.
  const holds = leads(hard, evidence.least);
  const hardClaim = `${percent(hard.fraction)} of ${part} replaced entirely by noise: ${subject(answer)} ${outcome(hard)}`;
  const meaning = keptMeans(answer, holds ? hard : soft);
  // An order that was learned for what changes the answer says nothing about what is enough for it.
  const enough = evidence.deletion
    ? []
    : [`the other ${smallPercent(1 - hard.fraction)} of ${part} is the smallest part found that is enough`];
  const both = holds
    ? [hardClaim, ...meaning, ...enough, softClaim]
    : [softClaim, ...meaning, `${hardClaim}: too unsure to lead`];
  return [...both, ...aboutNoiseAlone(evidence, answer)];
}

/** Is the hard claim sure enough to lead: its interval not far below `least`, the part of the draws on which the answer was to be kept? */
export const leads = (hard: SoftEvidence, least?: number): boolean =>
  hard.draws === 1 ? hard.kept === 1 : hard.interval[0] >= leadsFrom(least);

const headline = ({ soft, hard, least }: Pick<Replaceability, 'soft' | 'hard' | 'least'>): SoftEvidence =>
  hard && leads(hard, least) ? hard : soft;

/**
 * Does noise alone give the answer about as often as the claim that leads says? Where it does, the upper end of its 95 % Wilson interval reaches the
 * lower end of the claim's: by these draws the two rates cannot be told apart (or noise alone has the higher one). Noise of a single draw: both kept it.
 */
export function provesLittle({ noiseAlone, ...claimed }: Replaceability): boolean {
  const claim = headline(claimed);
  if (noiseAlone.kept === 0) return false;
  return claim.draws === 1 ? claim.kept === 1 : noiseAlone.interval[1] >= claim.interval[0];
}

/** The caution where noise alone gives the answer too, in one sentence; undefined where it does so clearly less often than the claim. */
export function caution(evidence: Replaceability, answer: Answer): string | undefined {
  if (!provesLittle(evidence)) return undefined;
  const { kept, draws, interval } = evidence.noiseAlone;
  const compared = interval[0] > headline(evidence).interval[1] ? 'more often' : 'about as often';
  const rate = draws === 1 ? 'too' : `${compared}, on ${kept} of ${draws} fresh draws`;
  return `caution: noise alone gives ${object(answer)} ${rate}, so keeping it proves little; try another noise`;
}

/** The caution, or where there is none the rate of noise alone, if it is one draw in ten or more: the claim is to be read against it. */
function aboutNoiseAlone(evidence: Replaceability, answer: Answer): string[] {
  const warning = caution(evidence, answer);
  if (warning !== undefined) return [warning];
  const { kept, draws, interval } = evidence.noiseAlone;
  if (draws === 1 || kept < 0.1 * draws) return [];
  return [`for comparison: noise alone gives ${object(answer)} on ${kept} of ${draws} fresh draws (${intervalText(interval)})`];
}

/** What `kept` means where it is not plain, and how often each of several labels was, by the evidence of the claim that leads. */
function keptMeans(answer: Answer, { labels = [], draws }: Kept): string[] {
  if (answer.task === 'class') return [];
  if (answer.task === 'target') return [inTheInput(answer)];
  if (answer.task === 'value') {
    const { within, relative, byDefault } = answer;
    const part =
      relative === undefined
        ? ''
        : ` (${fourDigits(100 * relative)} % of it${byDefault ? ', since no tolerance was given' : ''})`;
    return [`kept means: within ${fourDigits(within)} of ${fourDigits(answer.value)}${part}`];
  }
  if (labels.length === 0) return [`kept means: no label has a probability of ${LABEL_HOLDS} or more`];
  const keptOf = new Map(labels.map((l) => [l.index, l.kept]));
  const each = answer.labels.map(
    (l) => `'${l.label}' ${draws === 1 ? (keptOf.get(l.index) === 1 ? 'kept' : 'lost') : `on ${keptOf.get(l.index)}`}`,
  );
  return [
    `kept means: each of these labels has a probability of ${LABEL_HOLDS} or more and no other one has; label by label: ${enumerated(each)}${draws === 1 ? '' : ` of ${draws} fresh draws`}`,
  ];
}

/** Where a class that was asked about stands in the input itself. */
function inTheInput({ label, against, probability, leads }: TargetAnswer): string {
  const part = against ? `${fourDigits(probability)} of the probability of the two` : `probability ${fourDigits(probability)}`;
  return `in the input '${label}' has ${part}, and is ${leads ? '' : 'not '}${leader(against)}`;
}

/** What a class that was asked about is to be. */
const leader = (against: Named | undefined): string => (against ? `ahead of '${against.label}'` : 'the answer');
