// The page of a check: does what the engines compute match onnxruntime on the original files?
import { number } from '../format.js';
import { accusation, comparisons, type Outcome } from '../agreement.js';
import { about } from './about.js';
import type { Block, ReportDocument } from './document.js';

/** The document, models that disagree first. */
export function checkReport(outcomes: readonly Outcome[], version: string, repeat?: string): ReportDocument {
  const bad = outcomes.filter((o) => o.result?.verdict === 'disagrees').length;
  const unread = outcomes.filter((o) => !o.result).length;
  const agree = outcomes.filter((o) => o.result?.verdict === 'agrees').length;
  const rank = (o: Outcome): number => (!o.result ? 0 : { disagrees: 1, inconclusive: 2, agrees: 3 }[o.result.verdict]);
  return {
    schema: 'lan-onnx/report@1',
    command: 'check',
    version,
    title: outcomes.length === 1 ? outcomes[0]!.model : `${outcomes.length} models`,
    claim:
      outcomes.length === 1
        ? `The model ${agree === 1 ? 'computes' : 'does not compute'} here what onnxruntime computes on the original file, forward and backward.`
        : `${agree} of ${outcomes.length} models compute here what onnxruntime computes on the original file, forward and backward.`,
    cautions: [
      ...(bad > 0 ? [`Disagreement: ${number(bad, 'model')}.`] : []),
      ...(unread > 0 ? [`Not opened or not run: ${number(unread, 'model')}.`] : []),
    ],
    blocks: [
      ...outcomes.toSorted((a, b) => rank(a) - rank(b)).flatMap(modelBlocks),
      ...about({
        repeat,
        models: outcomes.flatMap(({ model, result }) => (result ? [{ path: model, sha256: result.sha256 }] : [])),
        version,
      }),
    ],
    images: {},
  };
}

function modelBlocks({ model, result, error }: Outcome): Block[] {
  const heading: Block = { type: 'heading', text: model };
  if (!result) return [heading, { type: 'text', tone: 'caution', text: error ?? 'It could not be opened.' }];
  const { verdict, blame, notes, engines, seed, tolerance } = result;
  return [
    heading,
    {
      type: 'verdicts',
      verdict: { agrees: 'pass', disagrees: 'fail', inconclusive: 'inconclusive' }[verdict] as 'pass' | 'fail' | 'inconclusive',
      meaning: { agrees: 'Everything that was compared agrees.', disagrees: 'Something disagrees.', inconclusive: 'Nothing disagrees, but not everything can be told.' }[verdict], // prettier-ignore
      tests: comparisons(result).map((c) => ({ name: c.name, verdict: c.inconclusive ? 'inconclusive' : c.ok ? 'pass' : 'fail', finding: c.text })), // prettier-ignore
    },
    ...(blame ? [{ type: 'text' as const, text: accusation(blame) }] : []),
    ...notes.map((text): Block => ({ type: 'text', tone: 'quiet', text: `Note: ${text}` })),
    {
      type: 'facts',
      facts: [
        ['engines', engines.map((e) => `${e.name} ${e.version}`).join(', ')],
        ['inputs', result.inputs.map((i) => i.name).join(', ')],
        ['tolerance, seed', `${tolerance}, ${seed}`],
      ],
    },
  ];
}
