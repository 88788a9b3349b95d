// The card that labelled pictures propose, as files.
import type { Preprocessing } from '../model/guess.js';
import type { LabelledChoice } from '../score/preprocessing.js';
import { toCsv } from './csv.js';

/** By name: `proposed.card.json`, to be put beside the model as MODEL.card.json, and how each convention did; none where nothing was tried by labels. */
export function proposedCard(preprocessing: Preprocessing | LabelledChoice | undefined): Record<string, string> {
  if (preprocessing?.source !== 'labels') return {};
  return {
    'proposed.card.json': `${JSON.stringify({ input: preprocessing.card }, null, 2)}\n`,
    'conventions.csv': toCsv([
      ['convention', 'correct', 'count', 'crossEntropy'],
      ...preprocessing.tried.map((t) => [t.convention, t.correct, t.count, t.crossEntropy]),
    ]),
  };
}
