// Finds the cases of every op family in this folder.
import { readdirSync } from 'node:fs';
import type { OpCase } from './case.js';

/** Cases by family: every list that a `<family>.cases.ts` exports (or its compiled form). `only` limits them to some families. */
export async function loadFamilies(only?: readonly string[]): Promise<Map<string, OpCase[]>> {
  const families = new Map<string, OpCase[]>();
  for (const file of readdirSync(new URL('./', import.meta.url)).sort()) {
    const family = /^(.*)\.cases\.[jt]s$/.exec(file)?.[1];
    if (!family || (only && !only.includes(family))) continue;
    const module = (await import(`./${file}`)) as Record<string, unknown>;
    families.set(
      family,
      Object.values(module).flatMap((value) => (Array.isArray(value) ? (value as OpCase[]) : [])),
    );
  }
  return families;
}
