// The process of a position map's worker (grid-ways.ts): opens the model, then counts at the positions that it is told.
import { serve } from '../core/crew-member.js';
import { openModel } from '../model/open.js';
import { counterHere } from '../score/position-map.js';
import { sceneOf } from '../score/scene.js';
import { paceOfCounter, type GridDone, type GridSetup, type GridTask } from './grid-ways.js';

serve<GridSetup, GridTask, GridDone>(async ({ model, opening, card, scene, labels, batch }) => {
  const opened = await openModel(model, opening);
  const classifier = card ? opened.withCard(card, true) : opened;
  const counter = counterHere(classifier, sceneOf(classifier, scene), labels, batch);
  return async (task) => {
    if ('paceOf' in task) return { pace: await paceOfCounter(counter, task.paceOf) };
    return { counts: (await counter.count(task.first, task.count))! };
  };
});
