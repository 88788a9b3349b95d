// What would keep a process for longer than its work: connections to what does not answer, with their timers and further tries.
const ends = new Set<symbol>();

/** From now on something keeps the process, until what is given back is called. */
export function looseEnd(): () => void {
  const end = Symbol('loose end');
  ends.add(end);
  return () => void ends.delete(end);
}

/** Whether anything does: a command line then ends its process itself. */
export const hasLooseEnds = (): boolean => ends.size > 0;
