// What was probably meant: the nearest of the words that there are.

/** Edits (a letter left out, put in, exchanged, or two neighbours swapped) between two words. Source: optimal string alignment distance. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}

/** The nearest of `words` to `typed`, where it is so near that it may be meant: one edit in three letters, or one that begins or ends with it. */
export function meant(typed: string, words: readonly string[]): string | undefined {
  const near = words
    .map((word) => ({ word, edits: distance(typed, word) }))
    .filter(({ word, edits }) => edits <= Math.max(1, Math.floor(Math.max(typed.length, word.length) / 3)))
    .sort((a, b) => a.edits - b.edits)[0]?.word;
  return near ?? words.find((word) => typed.length > 2 && (word.startsWith(typed) || word.endsWith(`-${typed}`)));
}
