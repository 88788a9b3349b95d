// What a check found, in words: for a terminal, for JUnit, and as a Markdown table for pull requests.
import type { CheckResult, WrongGradient, Divergence } from '../check/check.js';
import { short } from './format.js';
import type { JunitCase, JunitSuite } from './junit.js';

/** One model's outcome: compared, or not even opened. */
export type Outcome = { readonly model: string; readonly result?: CheckResult; readonly error?: string };

/** A single comparison. */
export interface Comparison {
  /** Unique within a model, the same from run to run. */
  readonly name: string;
  readonly ok: boolean;
  /** Nothing is known: noise or bends hide what is compared. `ok` then, since nothing disagrees. */
  readonly inconclusive?: boolean;
  /** What was measured. */
  readonly text: string;
  /** The figure that a baseline is compared by. */
  readonly error?: number;
}

const percent = (fraction: number): string => `${short(100 * fraction)} %`;

/** Every comparison of a model, in the order in which it was made. */
export function comparisons(r: CheckResult): Comparison[] {
  return [
    ...r.outputs.map((o) => ({
      name: `output '${o.output}', ${o.engine}`,
      ok: o.ok,
      text: [
        `max error ${short(o.maxError)}${o.ok ? '' : ` (at ${o.input})`}`,
        `${percent(o.matchFraction)} within ${short(r.tolerance)}`,
        ...(o.top1 === undefined ? [] : [`top-1 same in ${percent(o.top1)}`]),
        ...(o.top5 === undefined ? [] : [`top-5 in ${percent(o.top5)}`]),
        ...(o.kl === undefined ? [] : [`KL ${short(o.kl)}`]),
      ].join(', '),
      error: o.maxError,
    })),
    ...r.gradients.map((g) => ({
      name: `gradient of '${g.output}'${g.at === undefined ? '' : ` at '${g.at}'`}, ${g.what}`,
      ok: g.ok,
      inconclusive: g.verdict === 'inconclusive',
      text: `max error ${short(g.maxError)}${g.cosine === undefined ? '' : `, cosine ${g.cosine.toFixed(6)}`}${g.reason === undefined ? '' : ` (${g.reason})`}`,
      error: g.maxError,
    })),
    ...r.nodes.map((n) => ({
      name: `values, ${n.engine}`,
      ok: !n.first,
      text: n.first ? divergence(n.first) : `${n.compared} compared, all match`,
    })),
  ];
}

/** "Relu 'relu1' is the first to diverge: …" */
export function divergence(d: Divergence): string {
  const inputs = d.inputs.map((i) => `'${i.name}'${i.shape ? ` [${i.shape.join(',')}]` : ''}`).join(', ');
  return `${d.node} is the first to diverge: value '${d.value}' has error ${short(d.maxError)}; element ${d.index} is ${d.received}, onnxruntime gives ${d.expected}; inputs: ${inputs || 'none'}`;
}

/** "the gradient of Relu 'relu1' by 'conv1' is wrong in onnxruntime: …" */
export function accusation(b: WrongGradient): string {
  const other = b.other ? `; element ${b.other.index} is ${b.other.received}, ${b.other.engine} gives ${b.other.expected}` : '';
  return `the gradient of ${b.node} by '${b.by}' is wrong in ${b.engine}: central differences contradict it by ${short(b.derivativeError)}${other}`;
}

/** What goes with the comparisons: who is to blame, what was written, notes. */
const remarks = (r: CheckResult): string[] => [
  ...(r.blame ? [accusation(r.blame)] : []),
  ...(r.bisected
    ? [`cut to ${r.bisected.nodes.join(', ')}: ${r.bisected.model} with \`tensor: '${r.bisected.data}'\` fails in the same way`]
    : []),
];

/** How many inputs of which kind: `1 given input, 2 random inputs, seed 0`. */
function inputsOf(r: CheckResult): string {
  const kinds = { given: 'given input', random: 'random input', edge: 'edge case' } as const;
  const counts = Object.entries(kinds).flatMap(([kind, what]) => {
    const n = r.inputs.filter((i) => i.kind === kind).length;
    return n === 0 ? [] : [`${n} ${what}${n === 1 ? '' : 's'}`];
  });
  return [...counts, `seed ${r.seed}`].join(', ');
}

/** The result of one model for a terminal, a line a comparison; `known`: names of comparisons that a baseline knows to fail. */
export function agreementText(r: CheckResult, known: ReadonlySet<string> = new Set()): string {
  const engines = r.engines.map((e) => `${e.name} ${e.version}${e.name === 'tfjs' ? ` (${e.backend})` : ''}`).join(', ');
  const lines = [
    `${{ agrees: 'agrees  ', disagrees: 'DISAGREES', inconclusive: 'inconclusive' }[r.verdict]} ${r.model} (${inputsOf(r)}; ${engines}; ${r.seconds.toFixed(1)} s)`,
    ...comparisons(r).map(
      (c) => `${c.inconclusive ? '  ??  ' : c.ok ? '  ok  ' : known.has(c.name) ? ' known ' : '  BAD '}${c.name}: ${c.text}`,
    ),
    ...remarks(r).map((text) => `  ->    ${text}`),
    ...r.notes.map((text) => `  note  ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The failed comparisons of one model and what is known about them; '' where it agrees. */
export function failureText(r: CheckResult): string {
  const bad = comparisons(r).filter((c) => !c.ok);
  return [...bad.map((c) => `${c.name}: ${c.text}`), ...remarks(r)].map((line) => `  ${line}\n`).join('');
}

/** A model as a JUnit suite: one case a comparison; what a baseline knows to fail is skipped. */
export function suiteOf(o: Outcome, known: ReadonlySet<string> = new Set()): JunitSuite {
  if (!o.result) return { name: o.model, seconds: 0, cases: [{ name: 'open', error: o.error }] };
  const blamed = o.result.blame ? `; ${accusation(o.result.blame)}` : '';
  const cases = comparisons(o.result).map((c): JunitCase => {
    if (c.inconclusive) return { name: c.name, skipped: `inconclusive: ${c.text}` };
    if (c.ok) return { name: c.name };
    const text = c.text + (c.name.startsWith('gradient') ? blamed : '');
    return known.has(c.name) ? { name: c.name, skipped: `known from the baseline: ${text}` } : { name: c.name, failure: text };
  });
  return { name: o.model, seconds: o.result.seconds, cases };
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\r?\n/g, ' ');

/** All models as one Markdown table, and below it what failed. */
export function markdown(outcomes: readonly Outcome[], regressions: readonly string[] = []): string {
  const worst = (values: readonly number[]): string => (values.length === 0 ? '' : short(Math.max(...values)));
  const rows = outcomes.map(({ model, result: r }) => {
    if (!r) return [`\`${model}\``, 'not checked', '', '', '', '', ''];
    const top = r.outputs.flatMap((o) => o.top1 ?? []);
    const compared = r.nodes.map((n) => n.compared);
    return [
      `\`${model}\``,
      r.agrees ? r.verdict : '**disagrees**',
      worst(r.outputs.map((o) => o.maxError)),
      top.length === 0 ? '' : percent(Math.min(...top)),
      worst(r.gradients.map((g) => g.maxError)),
      compared.length === 0 ? '' : String(Math.min(...compared)),
      r.seconds.toFixed(1),
    ];
  });
  const head = ['model', 'result', 'outputs: max error', 'top-1 same', 'gradients: max error', 'values compared', 'seconds'];
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  const failures = outcomes.flatMap(({ model, result, error }) => {
    const texts = result ? failureText(result).split('\n').filter(Boolean) : [error ?? ''];
    return texts.map((text) => `- \`${model}\`: ${text.trim().replace(/\n\s*/g, '; ')}`);
  });
  const list = [...failures, ...regressions.map((r) => `- regression: ${r}`)];
  const table = [line(head), line(head.map((_, i) => (i < 2 ? '---' : '--:'))), ...rows.map(line)];
  return ['### lan-onnx check', '', ...table, ...(list.length > 0 ? ['', ...list] : []), ''].join('\n');
}
