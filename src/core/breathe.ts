// Time for whoever else waits for this thread.

/** Lets signals, timers and messages in: a native step blocks the thread. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
