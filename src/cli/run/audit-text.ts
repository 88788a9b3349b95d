// The result of an audit in words, from its document: the same for one that was just made and for one that was there already.
import { join } from 'node:path';
import { readable } from '../../core/readable.js';
import type { AuditDocument } from '../../report/audit-files.js';
import { DOCUMENT } from '../../report/earlier.js';
import { headingOf, percent } from '../../report/claims.js';
import type { CompareRow } from '../../report/compare-rows.js';
import { furtherText } from '../../report/further-text.js';
import { mostNeededText } from '../../report/features.js';
import { kindOfFeatures, plainClaim } from '../../report/plain.js';
import { pathText } from '../../report/path-files.js';
import { predictionText } from '../../report/prediction.js';
import { markedText } from '../../report/running-text.js';
import { asTokens, needed } from '../../report/tokens.js';

/** What to look at where an answer is no better than chance, by what the input is. */
const DOUBTS: Readonly<Record<'text' | 'picture' | 'input', string>> = {
  text: "is the tokenizer this model's?",
  picture: 'is the preprocessing right? See --card.',
  input: 'is the input prepared as those that the model was trained on?',
};

/** `path`: the input as it was named; `folder`: where the files lie; `classes` of the model. */
export function describe(path: string, document: AuditDocument, folder: string, classes: number): string {
  const { answer, prediction, files, betas, method, at, settings, input } = document;
  const most = prediction[0]?.probability ?? 1;
  const isText = betas.some((b) => b.tokens || b.text);
  const tokens = betas.some((b) => b.tokens);
  const kind = tokens
    ? 'text'
    : (kindOfFeatures(input.features) ?? (at ? { value: at.name } : files.sheet ? 'picture' : 'input'));
  const lines = [
    `${path}: ${predictionText(document)}`,
    ...(answer.task === 'class' && most < Math.min(0.5, 3 / classes)
      ? [`  warning: this is hardly better than chance; ${DOUBTS[isText ? 'text' : files.sheet ? 'picture' : 'input']}`]
      : []),
    `  noise: ${document.settings.noise}${sharpenedText(document)}`,
  ];
  for (const {
    beta,
    evidence,
    claims,
    leftOut,
    metrics,
    otherNoise,
    sanity,
    tokens,
    words,
    features,
    text,
    path: walked,
    steps,
    forwardPasses,
    stopped,
    maskMean,
    timings,
    passes,
  } of betas) {
    const [headline, ...others] = claims;
    const milliseconds = 1000 * timings.secondsPerStep;
    const how =
      stopped === 'explainer'
        ? `given by the explainer in ${milliseconds.toFixed(1)} ms`
        : passes
          ? `found in ${timings.learnSeconds.toFixed(1)} s by ${passes.forward} + ${passes.backward} passes`
          : `${steps} steps of ${milliseconds.toFixed(0)} ms (stopped: ${stopped})${forwardPasses === undefined ? '' : `, ${forwardPasses} forward passes and no gradient`}`;
    lines.push(
      `  ${plainClaim(evidence, { answer, noise: settings.noise, kind })}`,
      `  ${headingOf(beta, method)}: ${headline}`,
      ...[...others, ...furtherText({ metrics, otherNoise, sanity })].map((c) => `    ${c}`),
      ...(leftOut
        ? [
            `    further figures are left out: ${leftOut === 'quick' ? 'it is a first look (--quick)' : 'the budget was over (--budget)'}`,
          ]
        : []),
      ...(walked ? [`    ${pathText(walked)}`] : []),
      ...(tokens ? mostNeeded(needed(words ? asTokens(words, tokens) : tokens)) : []),
      ...(text ? [`    in the text: ${markedText(text)}`] : []),
      ...(features ? mostNeeded(mostNeededText({ kind: document.input.features ?? 'element' }, features)) : []),
      `    mask mean ${maskMean.toFixed(3)}; ${how}, evidence ${timings.evidenceSeconds.toFixed(1)} s`,
    );
  }
  if (document.others) lines.push(`  beside it: ${document.others.map(besideText).join('; ')}`);
  const named = [files.report, files.sheet, files.page, files.features, files.chart, files.array, DOCUMENT].filter(
    (name) => name !== undefined,
  );
  lines.push(`  files: ${named.map((name) => join(folder, name)).join(', ')}`);
  // Labels and file names are foreign: a line end in one of them is none of ours.
  return `${lines.map((line) => readable(line)).join('\n')}\n`;
}

const mostNeeded = (list: string): string[] => [
  list === '' ? '    no part was needed more than the others' : `    most needed: ${list}`,
];

/** What another method claims, in a few words. */
const besideText = ({ title, refused, hard }: CompareRow): string =>
  refused !== undefined
    ? `${title} not: ${refused.replace(/\.$/, '')}`
    : hard
      ? `${title} ${percent(hard.fraction)} replaced, kept ${hard.kept} of ${hard.draws}`
      : `${title} no part was enough`;

/** Says where a mask was learned for a surer answer than the model's (see `sharpened`), which its loss shows and nothing else does. */
function sharpenedText({ answer, prediction, settings: { sharpen }, betas }: AuditDocument): string {
  const learned = betas.some(({ stopped }) => stopped !== 'explainer' && stopped !== 'method');
  const sure = answer.task === 'class' ? prediction[0]?.probability : answer.task === 'target' ? answer.probability : undefined;
  if (!learned || sharpen === undefined || sure === undefined || sure >= sharpen) return '';
  return `; the answer is unsure (${sure.toFixed(2)}), and the mask was learned as if it had probability ${sharpen} (--sharpen 0: as it is)`;
}
