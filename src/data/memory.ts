// Work that runs side by side as long as what it needs fits into a budget: pictures of any size, decoded several at a time.

/** Lets tasks run together while the sum of their costs stays within `limit`; one that costs more runs alone. First come, first served. */
export function budget(limit: number): <T>(cost: number, task: () => Promise<T>) => Promise<T> {
  let used = 0;
  const waiting: { cost: number; start: () => void }[] = [];
  const next = (): void => {
    for (let first = waiting[0]; first && (used === 0 || used + first.cost <= limit); first = waiting[0]) {
      waiting.shift();
      used += first.cost;
      first.start();
    }
  };
  return async (cost, task) => {
    await new Promise<void>((start) => {
      waiting.push({ cost, start });
      next();
    });
    try {
      return await task();
    } finally {
      used -= cost;
      next();
    }
  };
}
