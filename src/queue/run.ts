// A run of a queue and how far it is. By itself, so that the public types need no types of bullmq, which few install.
import { z } from 'zod';

/** What is kept of a run. */
export const Entry = z.object({
  model: z.string(),
  total: z.int().min(0),
  /** Inputs that are entered, explained or not. */
  done: z.int().min(0),
  failed: z.int().min(0),
  /** Milliseconds since 1970: when it began, and was last heard of. */
  started: z.number(),
  updated: z.number(),
  /** Inputs that were entered when this process began: those are not its pace. */
  before: z.int().min(0),
  finished: z.boolean(),
});

/** A run and how far it is. */
export type RunProgress = Readonly<z.infer<typeof Entry>> & { readonly run: string };
