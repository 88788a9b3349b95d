// An audit's own mask in the form of a method, to stand in a table with others.
import { needOf } from '../evidence/measure.js';
import { orderOf } from '../lan/learn.js';
import type { AuditResult } from './audit.js';
import { LAN, type Compared } from './compare.js';

/** The audit's own first mask in the form of a method, with the figures that the audit has of it. */
export function ownMethod({ method, betas, settings }: AuditResult): Compared {
  const [{ learned, evidence, metrics, attribution }] = betas as [AuditResult['betas'][number]];
  const steps = learned.history.length * settings.draws;
  return {
    ...(method ?? { name: LAN, title: 'LAN', reference: '' }),
    found: {
      need: needOf(orderOf(learned)),
      claim: { ...(evidence.hard && { hard: evidence.hard }), tried: evidence.hardTried },
      metrics,
      passes: attribution?.passes ?? { forward: learned.forwardPasses ?? steps, backward: learned.forwardPasses === undefined ? steps : 0 }, // prettier-ignore
      seconds: learned.seconds,
      details: attribution?.details ?? {},
    },
  };
}
