// The page of an audit of one input.
import type { Tensor } from '../../core/tensor.js';
import type { AuditResult, BetaResult } from '../../explain/audit.js';
import { ownMethod } from '../../explain/own-method.js';
import { orderOf } from '../../lan/learn.js';
import type { Picture } from '../../data/resize.js';
import type { AuditContext } from '../contexts.js';
import { claimsAbout } from '../claims-about.js';
import { drawAttention } from '../drawing/attention.js';
import { pictureOf, scaleNearest } from '../drawing/colour.js';
import { fourDigits } from '../format.js';
import { kindOfFeatures, partOfAll, plainCaution, plainClaim, replacement, thing, type Scene } from '../plain.js';
import { featureNeeds } from '../features.js';
import { runningText } from '../running-text.js';
import { readable, tokenMasks, type TokenMask } from '../tokens.js';
import type { Block, Pictures, ReportDocument } from './document.js';
import { jpegUrl, legendOf, pngUrl, seen, shownSize } from './images.js';
import { answersTable, curvePlot, keptPlot, learningPlots, metricTable, otherNoiseTable, verdictsOf } from './measured.js';
import { INPUT, noiseName, noisePictures, replaceBlock } from './replace.js';
import { about } from './about.js';
import { methodsCurves, methodsPictures, methodsTable } from './methods.js';

/** Noise is looked at, not measured: colours may be a little off. */
const NOISE_QUALITY = 75;

const sceneOf = ({ answer, noise }: AuditResult, { hookPoint, tokens, features }: AuditContext, picture: boolean): Scene => ({
  answer,
  noise,
  kind: tokens
    ? 'text'
    : (kindOfFeatures(features?.kind) ?? (hookPoint ? { value: hookPoint.name } : picture ? 'picture' : 'input')),
});

/** The document of the page: the claim in one sentence, then what it rests on. `x`: the input [1,...sample]; `sections`: of plug-ins. */
export async function auditReport(
  x: Tensor,
  result: AuditResult,
  context: AuditContext,
  sections: readonly Block[] = [],
): Promise<ReportDocument> {
  const { range, hookPoint } = context;
  const photo = range && x.dims.length === 4 ? pictureOf(x, range) : undefined;
  const scene = sceneOf(result, context, photo !== undefined);
  const images: Record<string, string> = {};
  if (photo) images['input'] = await seen(photo);
  const replaceable = photo && !hookPoint;
  if (replaceable && result.shownDraws) {
    const small = Math.max(photo.width, photo.height) <= 128;
    const shown = scaleNearest(photo, ...shownSize(photo));
    images[INPUT] = small ? await pngUrl(shown) : await jpegUrl(shown);
    for (const [d, noise] of noisePictures(result.shownDraws, photo, range!).entries())
      images[noiseName(d)] = small ? await pngUrl(noise) : await jpegUrl(noise, NOISE_QUALITY);
  }
  const options: { readonly name: string; readonly blocks: readonly Block[] }[] = [];
  for (const beta of result.betas)
    options.push({
      name: String(beta.beta),
      blocks: await betaBlocks(beta, result, context, scene, photo, images),
    });
  const [first] = result.betas as readonly [BetaResult];
  const caution = plainCaution(first.evidence, scene);
  return {
    schema: 'lan-onnx/report@1',
    command: 'audit',
    version: context.version,
    title: context.title,
    claim: `${plainClaim(first.evidence, scene)}.`,
    cautions: [
      ...(caution === undefined ? [] : [caution]),
      ...(first.sanity.verdict === 'fail' ? ['The self-deception battery failed: see below which test.'] : []),
    ],
    blocks: [
      ...(options.length === 1
        ? options[0]!.blocks
        : [
            { type: 'text' as const, text: `The mask was learned ${options.length} times. The larger beta is, the more has to be replaced; the sentence above is about the first.` }, // prettier-ignore
            { type: 'choice' as const, label: 'beta', options },
          ]),
      ...(await besideIt(result, context, replaceable ? photo : undefined, images)),
      ...sections,
      ...about({
        repeat: context.repeat,
        notes: context.notes,
        models: [context.model],
        input: context.input,
        engine: context.engine,
        version: context.version,
        facts: {
          'the mask lies on': hookPoint && `${hookPoint.name} [${hookPoint.dims.join(',')}]`,
          'agreement with onnxruntime': `largest difference of a ${result.answer.task === 'value' ? 'value' : 'probability'} ${fourDigits(result.agreement)}`,
          noise: result.noise,
          run: context.run,
        },
        settings: { ...result.settings, card: context.card, preprocessing: context.preprocessing },
      }),
    ],
    images,
  };
}

/** What other methods say, where they were asked. */
async function besideIt(
  result: AuditResult,
  { others, colormap }: AuditContext,
  photo: Picture | undefined,
  images: Record<string, string>,
): Promise<Block[]> {
  if (!others) return [];
  const methods = { methods: [ownMethod(result), ...others] };
  const curves = (['deletion', 'insertion'] as const).map((name) => methodsCurves(name, methods));
  return [
    { type: 'heading', text: 'Other methods beside it' },
    {
      type: 'text',
      text: `The same input, noise and draws for each. The sentence on top is about ${result.method?.title ?? 'LAN'} alone, whatever the others find.`,
    },
    ...(photo ? [await methodsPictures(photo, methods, colormap, images)] : []),
    ...methodsTable(methods),
    { type: 'details', summary: 'The curves of all methods', blocks: curves },
  ];
}

/** Everything about one mask. */
async function betaBlocks(
  beta: BetaResult,
  result: AuditResult,
  context: AuditContext,
  scene: Scene,
  photo: Picture | undefined,
  images: Record<string, string>,
): Promise<Block[]> {
  const { evidence, metrics, otherNoise, sanity, replaced, learned } = beta;
  const { answer, prediction } = result;
  const tokens = context.tokens && tokenMasks(context.tokens, orderOf(learned));
  const slider = replaceBlock(beta, result, scene, context.hookPoint ? undefined : photo, tokens);
  const verdicts = verdictsOf(sanity);
  const others = otherNoiseTable(otherNoise);
  const steps = replaced?.draws[0];
  const after =
    slider && steps
      ? answersTable(answer, [
          { name: 'to all of it', prediction },
          { name: `with ${partOfAll(slider.fractions[slider.start]!)} replaced`, prediction: steps[slider.start]!.prediction },
          { name: 'to noise alone', prediction: steps.at(-1)!.prediction },
        ])
      : undefined;
  const blocks: (Block | undefined)[] = [
    ...(result.betas.length > 1
      ? [{ type: 'text' as const, tone: 'claim' as const, text: `${plainClaim(evidence, scene)}.` }]
      : []),
    { type: 'heading', text: 'What was needed' },
    photo && (await pictures(beta, context, scene, photo, images)),
    ...namedElements(beta, context, tokens),
    slider && { type: 'heading', text: 'See for yourself' },
    slider && {
      type: 'text',
      text: `Move the slider: the least needed parts of ${thing(scene)} are replaced by ${replacement(scene)} first. The answers were measured beforehand, on ${slider.answers.length === 1 ? 'one draw' : `${slider.answers.length} draws`} of noise that the mask was not learned on.`,
    },
    slider,
    { type: 'heading', text: 'How sure this is' },
    keptPlot(evidence, replaced),
    curvePlot(metrics),
    after && { type: 'heading', text: 'The answer before and after' },
    after,
    (verdicts || others) && { type: 'heading', text: 'Could it be self-deception?' },
    verdicts,
    others,
    {
      type: 'details',
      summary: 'The claim in the words of the method, and all figures',
      blocks: [
        ...claimsAbout(beta, answer, context).map((text) => ({ type: 'text' as const, text })),
        ...(metrics.length > 0 ? [metricTable(metrics)] : []),
        ...learningPlots(learned.history),
      ],
    },
  ];
  return blocks.filter((b) => b !== undefined);
}

/** Elements of a table or an array that are shown. */
const ELEMENTS = 256;

/** What has a name: the words of a text, marked; or the features of a table, ranked. */
function namedElements(beta: BetaResult, context: AuditContext, tokens: readonly TokenMask[] | undefined): Block[] {
  const { features } = context;
  const pieces = runningText(context, beta)?.filter(({ text }) => text.trim() !== '');
  const words = pieces
    ? pieces.map(({ text, attention }) => ({ text, need: attention ?? 0, title: attention === undefined ? 'not known to the model' : `needed ${attention.toFixed(3)}` })) // prettier-ignore
    : tokens?.map((t) => ({
        text: readable(t),
        need: 1 - t.mask,
        title: `position ${t.position}, id ${t.id}, needed ${(1 - t.mask).toFixed(3)}`,
      }));
  if (words) return [{ type: 'words', words, legend: legendOf('replaceable', 'needed', 'words') }];
  if (!features) return [];
  const needs = featureNeeds(features, beta);
  return [
    {
      type: 'table',
      caption: `Most needed first${needs.length > ELEMENTS ? `: ${ELEMENTS} of ${needs.length}` : ''}`,
      columns: [
        { name: features.kind },
        { name: 'value', numeric: true },
        { name: 'needed', numeric: true },
        { name: 'part of what was enough' },
      ],
      rows: needs
        .slice(0, ELEMENTS)
        .map((n) => [n.name, n.value, Number(n.attention.toFixed(4)), n.kept === undefined ? null : n.kept ? 'yes' : 'no']),
    },
  ];
}

/** Input, attention, overlay, and what was left when the claim's part was replaced. */
async function pictures(
  beta: BetaResult,
  { hookPoint, colormap }: AuditContext,
  { answer }: Scene,
  photo: Picture,
  images: Record<string, string>,
): Promise<Pictures> {
  const drawn = drawAttention(photo, orderOf(beta.learned), colormap);
  const name = (what: string): string => `${what} ${beta.beta}`;
  images[name('attention')] = await seen(drawn.attention, true);
  images[name('overlay')] = await seen(drawn.over);
  if (hookPoint) images[name('own')] = await seen(drawn.own, true);
  const what = answer.task === 'value' ? `the value ${fourDigits(answer.value)}` : 'the answer';
  return {
    type: 'pictures',
    pictures: [
      { image: 'input', alt: 'The input as the model sees it.', captions: ['input', 'as the model sees it'] },
      ...(hookPoint
        ? [
            {
              image: name('own'),
              alt: `Map of what was needed at ${hookPoint.name}.`,
              captions: [`attention at ${hookPoint.name}`, drawn.own.places],
            },
          ]
        : []),
      {
        image: name('attention'),
        alt: `Map of what was needed for ${what}: bright where needed.`,
        captions: ['attention', `what was needed for ${what}`],
      },
      { image: name('overlay'), alt: 'The map laid over the input.', captions: ['overlay', 'the same over the input'] },
    ],
    legend: legendOf('replaceable', 'needed', colormap),
  };
}
