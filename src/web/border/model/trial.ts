// A page has its worker: what dies on a hostile file is that, and the page starts another.

/** Whether a file is tried in a process of its own first; in a browser it never is. */
export interface TrustOptions {
  readonly trust?: boolean;
}

/** Nothing is tried beforehand. */
export const tryUnlessTrusted = (..._: readonly unknown[]): Promise<void> => Promise.resolve();
