// How many tokens a model is looked at with, where its file leaves that open and there is no text that tells.
import type { ModelSource } from './source.js';
import type { PrepareOptions } from './prepare.js';
import { INTEGER } from './selection.js';

/** Enough that every layer sees several, and no more than the shortest models take. */
const TOKENS = 16;

/**
 * The options with a length for inputs of whole numbers [N,open], which are ids of tokens, masks and segments; nothing is bound where somebody said one of them, or
 * gives a sample. `notes` say what was taken.
 */
export function withTokens<O extends PrepareOptions>(
  { model }: Pick<ModelSource, 'model'>,
  options: O,
): { readonly options: O; readonly notes: readonly string[] } {
  const { shapes = {}, feeds = {}, sample, batch } = options;
  const ofTokens = model.graph.inputs.filter(({ type, dims }) => INTEGER.test(type ?? '') && dims?.length === 2);
  const open = ofTokens.filter(({ dims }) => !isLength(dims![1]));
  const said = ofTokens.some(({ name }) => Object.hasOwn(shapes, name) || typeof (feeds[name] ?? 0) !== 'number');
  if (open.length === 0 || said || sample) return { options, notes: [] };
  const bound = open.map(({ name, dims }) => [name, [isLength(dims![0]) ? dims![0] : (batch ?? 1), TOKENS]] as const);
  const example = `\`shapes\` ${open[0]!.name}=1,128`;
  return {
    options: { ...options, shapes: { ...shapes, ...Object.fromEntries(bound) } },
    notes: [`how many tokens go in is open: ${TOKENS} are taken; say another number with ${example}`],
  };
}

const isLength = (d: number | string | null | undefined): d is number => typeof d === 'number' && d > 0;
