// The names of each call's options, which the compiler holds to their types where a call checks what it is given.
import { without } from '../core/options.js';

export { refuseUnknown } from '../core/options.js';

/** What decides how a file is read and made static. */
const PREPARING = [
  'shapes', 'batch', 'card', 'adapters', 'plugins', 'input', 'output', 'task', 'at', 'sample', 'pictureSize', 'axes', 'feeds', 'conventional', 'variant', 'named', 'joinColumns',
] as const; // prettier-ignore

/** What decides how a model is opened; everything else in a call's options is the call's own. */
export const OPENING = [...PREPARING, 'engine', 'backend', 'threads', 'trust'] as const;

const OPEN = [...OPENING, 'signal'] as const;
const OPEN_FOR_DATA = without(OPEN, 'batch');

const MASK = [
  'preset', 'beta', 'draws', 'maskShape', 'maskValues', 'keep', 'find', 'maskGrids', 'outputLoss', 'iterations', 'learningRate', 'schedule', 'sharpen', 'start', 'patience', 'seed',
] as const; // prettier-ignore

const AUDIT = [
  ...MASK,
  ...OPEN,
  'noise', 'noiseSamples', 'noiseNotes', 'target', 'against', 'within', 'budget', 'evidenceDraws', 'groundTruth', 'startFrom', 'sanity', 'method', 'compare', 'lan', 'vocabulary', 'colormap',
  'repeat', 'tokenizer', 'columns', 'onProgress', 'watch', 'onAgreement', 'onNote',
] as const; // prettier-ignore

const CHECK = [
  ...OPEN, 'samples', 'inputs', 'edgeCases', 'tolerance', 'seed', 'gradients', 'blame', 'nodes', 'bisect', 'failFast', 'onProgress',
] as const; // prettier-ignore

/** By call. */
export const NAMES = {
  openModel: OPEN,
  inspect: [...PREPARING, 'trust'],
  check: CHECK,
  checkMany: [...without(CHECK, 'adapters', 'signal'), 'workers'],
  card: [...OPEN, 'images'],
  audit: AUDIT,
  auditAll: ['strict'],
  auditMany: [...AUDIT, 'out', 'workers', 'queue', 'resume', 'strict', 'failOn', 'junit', 'onStart', 'onDocument', 'onFailure', 'onDone'], // prettier-ignore
  queue: ['queue', 'store', 'priority', 'attempts', 'backoff'],
  compare: [
    ...without(AUDIT, 'lan', 'method', 'find', 'groundTruth', 'onProgress', 'sanity', 'compare', 'startFrom', 'watch'),
    'methods',
    'expected',
    'onPhase',
  ],
  diff: [...without(AUDIT, 'method'), 'seeds', 'onFailure'],
  train: [
    ...OPEN_FOR_DATA, 'split', 'lan', 'target', 'against', 'beta', 'noise', 'iterations', 'learningRate', 'schedule', 'batch', 'draws', 'outputLoss', 'maskShape', 'maskValues', 'validation',
    'limit', 'seed', 'out', 'resume', 'checkpointEvery', 'repeat', 'strict', 'onProgress', 'onNote', 'onUnreadable',
  ], // prettier-ignore
  score: [...OPEN_FOR_DATA, 'split', 'workers', 'repeat', 'onNote', 'batch', 'limit', 'seed', 'strict', 'journal', 'onProgress'],
  positionMap: [
    ...OPEN_FOR_DATA, 'split', 'workers', 'repeat', 'label', 'objectSize', 'background', 'onNote', 'onProgress', 'seed', 'batch', 'journal', 'stride', 'samples', 'clip',
  ], // prettier-ignore
  exportGradient: [...OPEN, 'pixels'],
  exportStep: [...MASK, ...OPEN, 'target', 'against'],
  importTfjs: ['size', 'card'],
  fetchKnown: ['out', 'offline', 'from', 'cache', 'onProgress', 'signal', 'known'],
  reproduce: ['quick', 'data', 'model', 'card', 'images', 'out', 'threads', 'workers', 'onNote', 'seed', 'repeat', 'onPhase', 'onProgress', 'signal'], // prettier-ignore
  serve: ['port', 'open', 'webgpu', 'onNote', 'model', 'variant', 'card', 'image'],
  workOn: ['queue', 'store', 'cache', 'cacheLimit', 'workers', 'rate', 'lostAfter', 'timeout', 'trust', 'onStart', 'onNote', 'onJob', 'signal'], // prettier-ignore
  queueStatus: ['queue', 'retry', 'clear', 'remove'],
  testPlugin: ['onTest', 'signal'],
  doctor: ['onDiagnosis'],
} as const;
