// How fast an auditor is, measured for a moment on an input: steps of learning a second, or whole inputs where masks have no steps.
import type { AuditOptions } from './audit-options.js';
import type { Auditor } from './auditor.js';
import type { Sample } from './inputs.js';
import { MOMENT, type Pace } from './ways.js';

export type { Pace };

/** Steps between the first, which is slow, and the end of a moment, at least. */
const STEPS = 3;
/** Milliseconds up to which an input without steps is tried again: the first time it was compiled for. */
const AGAIN = 5000;

/** Thrown out of an audit when the moment is over. */
class Over extends Error {}

/** Measures an auditor that was made with its `hooks`, which hand on what they are told at all other times. */
export function pacer({ onProgress, onNote }: Pick<AuditOptions, 'onProgress' | 'onNote'> = {}) {
  let moment: { first: number; last: number; steps: number } | undefined;
  return {
    hooks: {
      onProgress(progress) {
        if (!moment) return onProgress?.(progress);
        if (progress.step === undefined) return;
        moment.last = performance.now();
        if (moment.steps++ === 0) moment.first = moment.last;
        if (moment.steps > STEPS && moment.last - moment.first >= 1000 * MOMENT) throw new Over();
      },
      onNote(note) {
        // The input is explained, and told of, later.
        if (!moment) onNote?.(note);
      },
    } satisfies Pick<AuditOptions, 'onProgress' | 'onNote'>,
    /** Throws as `audit` does. */
    async paceOf(auditor: Auditor, sample: Sample): Promise<Pace> {
      try {
        let seconds = 0;
        for (let tries = 0; tries < 2; tries++) {
          moment = { first: 0, last: 0, steps: 0 };
          const start = performance.now();
          await auditor.audit(sample);
          seconds = (performance.now() - start) / 1000;
          if (moment.steps > 1 || 1000 * seconds > AGAIN) break;
        }
        const { steps, first, last } = moment!;
        return steps > 1 ? pace(steps, first, last) : { rate: 1 / seconds, unit: 'inputs' };
      } catch (error) {
        if (!(error instanceof Over)) throw error;
        return pace(moment!.steps, moment!.first, moment!.last);
      } finally {
        moment = undefined;
      }
    },
  };
}

const pace = (steps: number, first: number, last: number): Pace => ({
  rate: (1000 * (steps - 1)) / Math.max(last - first, 1e-3),
  unit: 'steps',
});
