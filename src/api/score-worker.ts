// The process of a score's worker (score-ways.ts): opens model and data, then scores the pieces that it is told, one at a time.
import { serve } from '../core/crew-member.js';
import { matchLabels } from '../data/labels.js';
import { openDataset } from '../data/open-dataset.js';
import { openModel } from '../model/open.js';
import { scorerHere } from '../score/pieces.js';
import { paceOfPieces, type ScoreDone, type ScoreSetup, type ScoreTask } from './score-ways.js';

serve<ScoreSetup, ScoreTask, ScoreDone>(async ({ model, opening, card, data, split }) => {
  const opened = await openModel(model, opening);
  const classifier = card ? opened.withCard(card, true) : opened;
  const dataset = await openDataset(data, { split });
  const { labels } = matchLabels(dataset, classifier.labels, classifier.classes);
  return async ({ size, ...task }) => {
    const scorer = scorerHere(classifier, dataset, labels, size);
    if ('paceOf' in task) return { pace: await paceOfPieces(scorer, task.paceOf) };
    return { piece: (await scorer.begin(task).piece())! };
  };
});
