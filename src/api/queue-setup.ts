// What all jobs of a run share: the model, its card and the options, put into a store by one machine and taken out, checked, by the others.
import { dirname, isAbsolute, join, sep } from 'node:path';
import { z } from 'zod';
import { CONTENDERS, METHODS } from '../attribution/names.js';
import { LanError } from '../core/errors.js';
import { version } from '../core/version.js';
import type { Tensor } from '../core/tensor.js';
import { makeFolder, readBytes, writeAtomically } from '../data/files.js';
import { FINDS, MASK_SHAPES, MASK_VALUES, OUTPUT_LOSSES, PRESETS, SCHEDULES } from '../lan/choices.js';
import { mergeCards, PlainCard, readCard, type PartialCard } from '../model/card.js';
import { readModel } from '../model/source.js';
import { allNodes } from '../model/origins.js';
import { placeOf } from '../onnx/tensors.js';
import { subgraphs, type Graph } from '../onnx/graph.js';
import type { Cache } from '../queue/cache.js';
import { FORM, Sha256 } from '../queue/job.js';
import { pack, unpack } from '../queue/parcel.js';
import type { Store } from '../queue/store.js';
import { COLOUR_MAPS } from '../report/drawing/colour-maps.js';
import type { AuditOptions } from './audit-options.js';
import type { Sample } from './inputs.js';
import { DRAWN_NOISE, packSample, storedTensor, tensorFrom } from './stored-sample.js';

const text = z.string().max(100_000);
const number = z.number();
const count = z.int().min(0);
const side = z.int().min(1);
const shape = z.array(z.int()).max(32);

/** The options of an audit that another machine may be told: numbers, names and texts, none of which is opened there. */
const Options = z
  .strictObject({
    preset: z.enum(PRESETS),
    beta: z.union([number, z.array(number), z.literal('auto')]),
    draws: count,
    maskShape: z.enum(MASK_SHAPES),
    maskValues: z.enum(MASK_VALUES),
    keep: number,
    find: z.enum(FINDS),
    maskGrids: z.array(z.union([side, z.tuple([side, side])])),
    outputLoss: z.enum(OUTPUT_LOSSES),
    iterations: count,
    learningRate: number,
    schedule: z.enum(SCHEDULES),
    sharpen: number,
    start: number,
    patience: count,
    seed: count,
    noise: text,
    target: z.union([text, number]),
    against: z.union([text, number]),
    within: z.union([number, z.templateLiteral([number, '%'])]),
    budget: number,
    evidenceDraws: z.union([count, z.literal('auto')]),
    sanity: z.boolean(),
    method: z.enum(CONTENDERS),
    compare: z.array(z.enum(METHODS)).max(METHODS.length),
    vocabulary: z.array(text),
    colormap: z.enum(COLOUR_MAPS),
    repeat: text,
    columns: z.array(text),
    noiseNotes: z.array(text),
    engine: z.enum(['auto', 'onnxruntime', 'tfjs', 'forward']),
    backend: z.enum(['cpu', 'wasm', 'tensorflow', 'cuda', 'dml', 'coreml', 'webgpu']),
    threads: z.int().min(1).max(1024),
    shapes: z.record(text, shape),
    batch: side,
    card: PlainCard,
    input: text,
    output: text,
    task: z.enum(['classification', 'regression']),
    at: text,
    sample: shape,
    pictureSize: z.tuple([side, side]),
    axes: z.array(text),
    feeds: z.record(text, number),
  })
  .partial();

/** The options by their names; one that audit has and this does not is refused where it is set. */
const SENT: ReadonlySet<string> = new Set(Object.keys(Options.shape));

const Setup = z.strictObject({
  form: z.literal(FORM),
  version: z.string(),
  model: z.strictObject({
    /** What messages and reports call it. */
    name: z.string().min(1).max(4096),
    sha256: Sha256,
    external: z.array(z.strictObject({ location: z.string().min(1).max(1024), sha256: Sha256 })),
  }),
  /** What lies beside the model about its input and output. */
  beside: PlainCard.optional(),
  options: Options,
  explainer: Sha256.optional(),
  /** The inputs by which it is chosen how pictures go in. */
  first: z.array(Sha256).max(1000),
  noise: z.unknown().optional(),
});

/** What a run's jobs share, as it is given away. */
export interface SharedSetup {
  readonly model: string | Uint8Array;
  /** Those of `audit`; what cannot be sent is refused. */
  readonly options: AuditOptions;
  readonly first: readonly Sample[];
  /** What noise is drawn from, and what is to be told of it. */
  readonly noise: { readonly samples: Tensor; readonly notes: readonly string[] } | undefined;
}

/** A card as plain data: the labels in it, not a file of them. */
function plainCard(card: PartialCard | undefined): z.infer<typeof PlainCard> | undefined {
  if (!card) return undefined;
  const { notes: _, ...rest } = mergeCards(card);
  return rest as z.infer<typeof PlainCard>;
}

/** Names of the files that hold a graph's weights, and the folder that they lie in. */
function externalOf(graph: Graph): Map<string, string> {
  const found = new Map<string, string>();
  for (const g of [graph, ...allNodes(graph).flatMap(subgraphs)])
    for (const tensor of g.constants.values()) {
      const place = placeOf(tensor);
      if (place) found.set(place.location, join(place.folder, place.location));
    }
  return found;
}

/** What of `options` is plain data. Throws LanError (`usage`) for an option that names a file which other machines do not have. */
function plainOptions({ lan: _l, groundTruth, tokenizer, variant: _v, vocabulary, adapters: _a, noiseSamples: _s, trust: _t, signal: _g, onNote: _n, onProgress: _p, conventional: _c, card, feeds, ...rest }: AuditOptions): Record<string, unknown> {
  const named =
    groundTruth !== undefined ? 'groundTruth'
    : tokenizer !== undefined ? 'tokenizer'
    : typeof vocabulary === 'string' ? 'vocabulary'
    : Object.values(feeds ?? {}).some((feed) => typeof feed !== 'number') ? 'feeds'
    : undefined;
  const odd = named ?? Object.entries(rest).find(([key, value]) => value !== undefined && !SENT.has(key) && !(Array.isArray(value) && value.length === 0))?.[0]; // prettier-ignore
  if (odd !== undefined)
    throw new LanError('usage', `\`${odd}\` and \`queue\` cannot be had together: other machines do not have what it names.`, 'Leave one of them out.');
  const plain = { ...rest, vocabulary, feeds, card: typeof card === 'string' ? plainCard(readCard(card)) : plainCard(card) };
  return JSON.parse(JSON.stringify(plain)) as Record<string, unknown>;
} // prettier-ignore

/** Puts what a run's jobs share into the store, and gives its name. Throws LanError for what cannot be sent, and as the store does. */
export async function publishSetup(store: Store, { model, options, first, noise }: SharedSetup): Promise<string> {
  const plain = plainOptions(options);
  const { success, error } = Options.safeParse(plain);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new LanError('usage', `\`${String(path[0])}\` cannot be sent to other machines as it is (${message}).`);
  }
  const source = await readModel(model, { variant: options.variant });
  const external: { location: string; sha256: string }[] = [];
  for (const [location, path] of externalOf(source.model.graph))
    external.push({
      location: location.split(sep).join('/'),
      sha256: await store.put(await readBytes(path, 'Model', { code: 'model' })),
    });
  const { lan } = options;
  const explainer = lan === undefined ? undefined : await store.put(typeof lan === 'string' ? await readBytes(lan, 'Explainer') : lan); // prettier-ignore
  const inputs: string[] = [];
  for (const sample of first) inputs.push(await store.put(packSample(sample)));
  const parts: Uint8Array[] = [];
  const beside = plainCard(source.card);
  const about = {
    form: FORM,
    version: version(),
    model: { name: source.name, sha256: await store.put(source.bytes), external },
    ...(beside ? { beside } : {}),
    options: { ...plain, ...(noise ? { noise: options.noise ?? first.find((s) => s.noise)?.noise, noiseNotes: noise.notes } : {}) }, // prettier-ignore
    ...(explainer === undefined ? {} : { explainer }),
    first: inputs,
    ...(noise ? { noise: storedTensor(noise.samples, parts) } : {}),
  };
  return store.put(pack({ about, parts }));
}

/** What a worker explains with. */
export interface TakenSetup {
  /** Path of the model, below the folder that was given. */
  readonly model: string;
  readonly options: AuditOptions;
  /** Inputs as bytes, as packSample gives them. */
  readonly first: readonly Uint8Array[];
}

/**
 * Takes what a run's jobs share out of a store and lays the model out below `folder`. Nothing but what was checked is believed: no path leads out, no option
 * names a file. Throws LanError (`data`) for anything else.
 */
export async function takeSetup(name: string, cache: Cache, folder: string): Promise<TakenSetup> {
  const what = `Setup ${name.slice(0, 12)}`;
  const { about, parts } = unpack(await cache.get(name), what);
  const { success, data, error } = Setup.safeParse(about);
  if (!success) {
    const { path, message } = error.issues[0]!;
    throw new LanError('data', `${what}: is refused (${path.join('.')}: ${message}).`);
  }
  const { model, beside, options, explainer, first, noise } = data;
  for (const { location } of model.external) requireInside(location, what);
  if (options.noise !== undefined && noise === undefined && options.noise !== '' && !DRAWN_NOISE.test(options.noise))
    throw new LanError('data', `${what}: is refused (noise '${options.noise.slice(0, 100)}' would be read from this machine).`);
  const home = join(folder, name);
  await makeFolder(home);
  const path = join(home, 'model.onnx');
  for (const { location, sha256 } of model.external) {
    const at = join(home, ...location.split('/'));
    await makeFolder(dirname(at));
    await writeAtomically(at, await cache.get(sha256));
  }
  if (beside) await writeAtomically(join(home, 'model.card.json'), JSON.stringify(beside));
  await writeAtomically(path, await cache.get(model.sha256));
  const inputs: Uint8Array[] = [];
  for (const input of first) inputs.push(await cache.get(input));
  return {
    model: path,
    options: {
      ...(options as AuditOptions),
      named: model.name,
      ...(noise === undefined ? {} : { noiseSamples: tensorFrom(noise, parts, what) }),
      ...(explainer === undefined ? {} : { lan: await cache.get(explainer) }),
    },
    first: inputs,
  };
}

/** Throws LanError (`data`) for a location that is not plainly below the model's folder. */
function requireInside(location: string, what: string): void {
  const parts = location.split('/');
  const plain = parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\:\0]/.test(location);
  if (isAbsolute(location) || !plain || ['model.onnx', 'model.card.json'].includes(parts[0]!.toLowerCase()))
    throw new LanError('data', `${what}: is refused ('${location.slice(0, 100)}' leads out of the model's folder).`);
}
