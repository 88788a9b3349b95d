// What a model answered, in words: as the first line of a report and beneath a picture.
import type { Answer, Named } from '../evidence/answer.js';
import type { AuditResult } from '../explain/audit.js';
import type { Prediction } from '../explain/predictions.js';
import { fourDigits } from './format.js';

/** The three most probable classes; of several labels those that were given (five at most), or the most probable one where none was. */
export const top = ({ answer, prediction }: Pick<AuditResult, 'answer' | 'prediction'>): readonly Prediction[] =>
  withAsked(answer, prediction, answer.task === 'labels' ? Math.min(5, Math.max(1, answer.labels.length)) : 3);

/** The first `count` of them, and those that were asked about. */
export function withAsked<P extends Named>(answer: Answer, prediction: readonly P[], count: number): readonly P[] {
  const asked = answer.task === 'target' ? [answer.index, answer.against?.index] : [];
  return prediction.filter(({ index }, i) => i < count || asked.includes(index));
}

/** `top` in words, as the first line of a report has it. */
export const predictionText = (result: Pick<AuditResult, 'answer' | 'prediction'>): string => {
  const { answer } = result;
  if (answer.task === 'value') return fourDigits(answer.value);
  const none = answer.task === 'labels' && answer.labels.length === 0;
  return `${none ? 'no label; the most probable is ' : ''}${top(result).map(named).join(', ')}`;
};

/** A class with its probability: `cat 0.912`. */
export const named = (p: Prediction): string => captioned(p).join(' ');

/** A label that may be cut, and its probability, which may not. */
export const captioned = (p: Prediction): readonly [string, string] => [p.label, p.probability.toFixed(3)];
