// The page of a comparison of methods on one input.
import type { Tensor } from '../../core/tensor.js';
import type { Comparison } from '../../explain/compare.js';
import { compareRows } from '../compare-rows.js';
import type { CompareContext } from '../contexts.js';
import { pictureOf } from '../drawing/colour.js';
import { partOfAll } from '../plain.js';
import { about } from './about.js';
import type { ReportDocument } from './document.js';
import { methodsCurves, methodsPictures, methodsTable } from './methods.js';

/** The document. `x`: the input [1,...sample]. */
export async function compareReport(x: Tensor, comparison: Comparison, context: CompareContext): Promise<ReportDocument> {
  const rows = compareRows(comparison);
  const [best] = rows;
  // What the model does not allow has not lost; and who needs as little as the first has not either.
  const tried = rows.filter((r) => r.refused === undefined).length;
  const first = rows.filter((r) => r.hard && r.hard.fraction === best?.hard?.fraction).length;
  const images: Record<string, string> = {};
  const pictures =
    context.range && x.dims.length === 4
      ? await methodsPictures(pictureOf(x, context.range), comparison, context.colormap, images)
      : undefined;
  return {
    schema: 'lan-onnx/report@1',
    command: 'compare',
    version: context.version,
    title: context.title,
    claim: best?.hard
      ? `Of ${tried} methods ${first > 1 ? `${first} needed least, ${best.title} among them` : `${best.title} needed least`}: ${partOfAll(1 - best.hard.fraction)} of the input kept the answer in ${best.hard.kept} of ${best.hard.draws} tries.`
      : `None of ${tried} methods found a part of the input that alone kept the answer often enough.`,
    cautions: [],
    blocks: [
      ...(pictures ? [{ type: 'heading' as const, text: 'What each method says was needed' }, pictures] : []),
      { type: 'heading', text: 'What each finding is worth' },
      ...methodsTable(comparison),
      ...(['deletion', 'insertion'] as const).map((name) => methodsCurves(name, comparison)),
      ...about({
        repeat: context.repeat,
        notes: context.notes,
        models: [context.model],
        input: context.input,
        engine: context.engine,
        version: context.version,
        facts: { seed: context.seed, 'seconds for each method': context.budget },
        settings: { preprocessing: context.preprocessing },
      }),
    ],
    images,
  };
}
