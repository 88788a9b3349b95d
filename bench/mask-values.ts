// Binary masks beside soft ones: how much of a picture the hard claim replaces, by settings that are equal but for the mask's values: the table of docs/adr/0016-binary-masks.md.
// Usage: npx tsx bench/mask-values.ts MODEL.onnx DATA [--range 255, without mean and deviation; else as the file says] [--limit 40] [--iterations 100] [--threads 1] [--seed 0]
// A line a picture, then the table as Markdown. A fraction counts where 95 % of 256 draws that did not choose it keep the answer, else nothing was replaced.
import { parseArgs } from 'node:util';
import { createAuditor } from '../src/api/audit.js';
import { openSource } from '../src/api/many-source.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    range: { type: 'string' },
    limit: { type: 'string', default: '40' },
    iterations: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '0' },
  },
});
const [model, data] = positionals as [string, string];
const [limit, iterations, threads, seed] = (['limit', 'iterations', 'threads', 'seed'] as const).map((k) => Number(values[k])) as [number, number, number, number]; // prettier-ignore
const DRAWS = 256;
const rows: string[] = [];
for (const maskValues of ['binary', 'soft'] as const) {
  const source = await openSource({ kind: 'data', path: data, split: 'test', limit, seed });
  // Without patience both take all steps.
  const settings = { maskValues, iterations, patience: 0, evidenceDraws: DRAWS, preset: 'quick' as const, threads, seed };
  await using auditor = await createAuditor(model, {
    ...settings,
    ...(values.range && { card: { input: { range: Number(values.range) as 1 | 255, mean: [0], std: [1] } } }),
  });
  const replaced: number[] = [];
  const seconds: number[] = [];
  for (let at = 0; at < source.inputs.length; at++) {
    const { betas } = await auditor.audit(await source.read(auditor, at));
    const { learned, evidence } = betas[0]!;
    const { hard } = evidence;
    replaced.push(hard && hard.kept >= 0.95 * hard.draws ? hard.fraction : 0);
    seconds.push(learned.seconds);
    process.stdout.write(`${maskValues}\t${source.inputs[at]!.path}\t${replaced.at(-1)!.toFixed(3)}\t${hard ? `${hard.fraction.toFixed(3)} ${hard.kept}` : 'none'}\n`); // prettier-ignore
  }
  await source.close();
  const share = (part: number): string => `${(100 * quantile(replaced, part)).toFixed(0)} %`;
  rows.push(`| ${maskValues} | ${share(0.5)} | ${share(0.25)} to ${share(0.75)} | ${replaced.filter((r) => r === 0).length} of ${replaced.length} | ${quantile(seconds, 0.5).toFixed(1)} s |\n`); // prettier-ignore
}
process.stdout.write(
  `\n| values | median | middle half | nothing | learning, median |\n| --- | ---: | ---: | ---: | ---: |\n${rows.join('')}`,
);

function quantile(of: readonly number[], part: number): number {
  const sorted = [...of].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
}
