// The error that a user may see: its message says where, what was expected, what came, and what to do.

/** An expected failure (bad input, unsupported model, unwritable folder). The CLI prints its message and exits with 2. */
export class LanError extends Error {
  override name = 'LanError';
}

/** Several problems of one model, reported together: one per line after the heading. */
export class LanErrors extends LanError {
  override name = 'LanErrors';
  constructor(
    heading: string,
    readonly problems: readonly string[],
  ) {
    super([heading, ...problems.map((p) => `  - ${p}`)].join('\n'));
  }
}

/** The message of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
