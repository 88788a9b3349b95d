// What the reference gives at the inputs of a check, and whether it gives it twice.
import type { Tensor } from '../core/tensor.js';
import type { OrtOptions } from '../engine/ort.js';
import { representable, widened } from '../model/float-types.js';
import type { PreparedModel } from '../model/prepare.js';
import { openReference, type Reference } from '../model/reference.js';
import { difference } from './compare.js';
import type { DrawnInput, Sample } from './samples.js';
import { TOLERANCES } from './tolerances.js';

/** What the reference gives at each input, and the reference itself. Whoever gets it closes it (`open.close`). */
export interface Expected {
  readonly reference: Reference;
  /** The inputs in the order in which they were given, with what it gives there. */
  readonly known: readonly Sample[];
  /** The reference, to be asked again. */
  readonly open: {
    /** Opens it once more where it was closed, and closes it then. */
    run(drawn: readonly DrawnInput[]): Promise<Sample[]>;
    /** More than once does no harm. */
    close(): Promise<void>;
  };
}

/**
 * Opens the reference and runs it on every input, twice: where it answers differently the second time, one of onnxruntime's kernels reads memory that nobody
 * wrote, nothing can be compared with it, and the canonical form takes its place, in which such ops are written in others.
 */
export async function openAndRun(
  { source, canonical, feeds: bound }: PreparedModel,
  drawn: readonly DrawnInput[],
  wanted: readonly string[],
  session: OrtOptions,
): Promise<Expected> {
  const answers = async ({ program }: Reference, inputs: readonly DrawnInput[]): Promise<Sample[]> => {
    const known: Sample[] = [];
    for (const { name, feeds: exact, kind } of inputs) {
      const feeds = representable({ ...exact, ...widened(bound) }, source.model);
      known.push({ name, feeds, kind, expected: await program.run(feeds, [...wanted]) });
    }
    return known;
  };
  let reference = await openReference(source, canonical, session);
  let opened: Reference | undefined = reference;
  const close = async (): Promise<void> => {
    const last = opened;
    opened = undefined;
    await last?.program.dispose();
  };
  try {
    let known = await answers(reference, drawn);
    // In another order: memory that was not written holds what the run before left there.
    const again = reference.refused ? known : (await answers(reference, drawn.toReversed())).toReversed();
    const output = unstable(known, again);
    if (output !== undefined) {
      await close();
      const why = `onnxruntime gives two different answers for the same input ('${output}'): one of its kernels reads memory that was never written.`;
      opened = reference = await openReference(source, canonical, { ...session, canonicalBecause: why });
      known = await answers(reference, drawn);
    }
    const { refused } = reference;
    return {
      reference,
      known,
      open: {
        close,
        async run(inputs) {
          if (opened) return answers(opened, inputs);
          const once = await openReference(source, canonical, { ...session, ...(refused ? { canonicalBecause: refused } : {}) });
          try {
            return await answers(once, inputs);
          } finally {
            await once.program.dispose();
          }
        },
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first output that is not the same again, if there is one. */
function unstable(known: readonly Sample[], again: readonly Sample[]): string | undefined {
  for (const [i, { expected }] of known.entries())
    for (const [output, value] of Object.entries<Tensor>(expected))
      if (difference(again[i]!.expected[output]!, value, TOLERANCES.forward).maxError > TOLERANCES.forward) return output;
  return undefined;
}
