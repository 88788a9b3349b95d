// The finding in sentences, and never more than the evidence carries.
import type { HookPoint } from '../model/hook-point.js';
import type { BetaResult } from '../explain/audit.js';
import type { SoftEvidence } from '../explain/evidence.js';

const percent = (v: number): string => `${(100 * v).toFixed(v > 0.99 ? 1 : 0)} %`;
const interval = ([low, high]: readonly [number, number]): string => `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}`;

/** What the mask lies on, as claims name it: `the input`, `the tokens`, `the value 'relu1'`. */
export const partOf = (hookPoint: HookPoint | undefined): string =>
  !hookPoint ? 'the input' : hookPoint.tokens ? 'the tokens' : `the value '${hookPoint.name}'`;

/** Headline first. The hard claim leads where it holds; where it does not, the soft one leads and the report says so. */
export function claims({ evidence }: BetaResult, label: string, part = 'the input'): string[] {
  const { noiseAlone, soft, hard } = evidence;
  // Noise that is always the same leaves nothing to chance: one draw, and no interval.
  const once = soft.draws === 1;
  const outcome = (e: SoftEvidence): string =>
    once
      ? `${e.kept === 1 ? 'kept' : 'lost'} (this noise has one draw; KL ${e.kl.toFixed(3)})`
      : `kept on ${e.kept} of ${e.draws} fresh draws (${interval(e.interval)}; KL ${e.kl.toFixed(3)})`;
  const caveat =
    noiseAlone.kept > 0.1 * noiseAlone.draws
      ? [
          `caution: noise alone gives '${label}'${once ? '' : ` on ${noiseAlone.kept} of ${noiseAlone.draws} fresh draws`}, so keeping it proves little; try another noise`,
        ]
      : [];
  const softClaim = `with a mask of mean ${soft.fraction.toFixed(2)} mixed into noise, the answer '${label}' was ${outcome(soft)}`;
  if (!hard)
    return [
      softClaim,
      `no fraction of ${part} could be replaced entirely without losing the answer too often, so the soft claim is the headline`,
      ...caveat,
    ];
  // The fraction was chosen on other draws; on these it may disappoint, and then it must not lead.
  const holds = once ? hard.kept === 1 : hard.interval[0] >= 0.9;
  const hardClaim = `${percent(hard.fraction)} of ${part} replaced entirely by noise: the answer '${label}' was ${outcome(hard)}`;
  const both = holds ? [hardClaim, softClaim] : [softClaim, `${hardClaim}: too unsure to lead`];
  return [...both, ...caveat];
}
