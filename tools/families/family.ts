// One family of tools/families/export.py, taken through inspect, check and a quick audit; run as a child of table.ts, one family after another.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { audit, check, inspect, LanError } from '../../src/index.js';

/** A row of families.json. */
export interface Family {
  readonly name: string;
  readonly family: string;
  readonly exporter: string;
  readonly kind: 'image' | 'text' | 'table' | 'tensor';
  /** Relative to families.json; absent where the exporter failed, which `problem` tells. */
  readonly file?: string;
  readonly problem?: string;
  /** Of texts: the number of tokens of graphs whose shapes are fixed. */
  readonly length?: number;
  /** Ops of onnxruntime's own that the optimiser left. */
  readonly ops?: string;
}

/** What became of one step: fine, refused with a reason (a LanError), wrong numbers, or broken (anything else). */
export interface Outcome {
  readonly is: 'fine' | 'inconclusive' | 'refused' | 'wrong' | 'broken';
  readonly says: string;
}

/** What became of a family. */
export interface Tried {
  readonly inspect: Outcome;
  readonly check: Outcome;
  readonly audit: Outcome;
  readonly seconds: number;
}

const root = resolve(import.meta.dirname, '../..');
const PICTURE = join(root, 'models/tank/pictures/tank/05.png');
const QUICK = { preset: 'quick', iterations: 8, evidenceDraws: 32 } as const;
// As many tokens as the exporter's example: graphs of fixed shapes take no other number.
const TEXT = 'the film was not good but the plot is great';

/** The outcome of a step; an error that is no LanError is a fault of ours. */
async function outcome(step: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await step();
  } catch (e) {
    if (e instanceof LanError) return { is: 'refused', says: `${e.code}: ${e.problem}` };
    return { is: 'broken', says: e instanceof Error ? (e.stack ?? e.message) : String(e) };
  }
}

const digits = (v: number): string => (v === 0 ? '0' : v.toExponential(1));

/** Runs the three steps. */
export async function tryFamily(family: Family, folder: string): Promise<Tried> {
  const start = performance.now();
  const path = join(folder, family.file!);
  // Open axes of ids: as many tokens as the text makes.
  const shapes = family.kind === 'text' && family.length ? Object.fromEntries(['input_ids', 'attention_mask'].map((n) => [n, [1, family.length!]])) : undefined; // prettier-ignore
  const inspected = await outcome(async () => {
    const r = await inspect(path, { trust: true });
    if (r.problems.length > 0) return { is: 'refused', says: r.problems.join('; ') };
    return { is: 'fine', says: `opset ${r.opsets['ai.onnx']}, ${r.nodes} nodes` };
  });
  const checked = await outcome(async () => {
    const r = await check(path, { trust: true, ...(shapes ? { shapes } : {}) });
    const worst = (rows: readonly { readonly maxError: number }[]): number => Math.max(0, ...rows.map((o) => o.maxError));
    const reasons = r.gradients.flatMap((g) => (g.verdict === 'agrees' ? [] : [`${g.what}: ${g.reason ?? g.verdict}`]));
    const wrongOutputs = r.outputs.filter((o) => !o.ok).map((o) => `${o.engine} '${o.output}': ${digits(o.maxError)}`);
    const figures = `outputs ${digits(worst(r.outputs))}${r.gradients.length ? `, gradients ${digits(worst(r.gradients))}` : ', no gradients'}`;
    const says = [figures, ...wrongOutputs, ...reasons, ...(r.blame ? [`${r.blame.op}`] : []), ...(r.gradients.length ? [] : r.notes)].join('; '); // prettier-ignore
    return { is: r.verdict === 'agrees' ? 'fine' : r.verdict === 'disagrees' ? 'wrong' : 'inconclusive', says };
  });
  const audited = await outcome(async () => {
    const rows = join(dirname(path), 'rows.csv');
    const input = family.kind === 'image' ? PICTURE : family.kind === 'text' ? { text: TEXT } : existsSync(rows) ? { csv: rows, row: 1 } : join(dirname(path), 'x.npy'); // prettier-ignore
    const source = family.kind === 'text' ? dirname(path) : path;
    try {
      return { is: 'fine', says: (await audit(source, input, { trust: true, ...QUICK })).betas[0]!.claims[0]! };
    } catch (e) {
      if (!(e instanceof LanError && e.code === 'gradient')) throw e;
      // Trees: their answers alone.
      const r = await audit(source, input, { trust: true, engine: 'forward', ...QUICK });
      return { is: 'fine', says: `forward: ${r.betas[0]!.claims[0]!}` };
    }
  });
  return { inspect: inspected, check: checked, audit: audited, seconds: (performance.now() - start) / 1000 };
}

if (process.send)
  process.on('message', ({ family, folder }: { family: Family; folder: string }) => {
    void tryFamily(family, folder).then((tried) => process.send!(tried));
  });
