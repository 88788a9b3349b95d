// Every public call refuses an option that it does not have, before it does anything else, and says what was probably meant.
import { expect, test } from '@jest/globals';
import * as library from '../../src/index.js';
import { NAMES } from '../../src/api/option-names.js';
import { toMatchOnnxRuntime } from '../../src/api/matcher.js';
import { useRuntime } from '../../src/web/runtime.js';

// What lies behind a path is never looked at: nothing of these exists.
const MODEL = 'nothing.onnx';
const {
  audit, auditAll, auditMany, card, check, checkMany, compare, createAuditor, createComparer, diff, doctor, exportGradient, exportStep, fetchKnown, importTfjs, inspect, openDataset, openModel,
  positionMap, queueStatus, reproduce, score, serve, testPlugin, train, workOn,
} = library; // prettier-ignore

type Call = (options: never) => unknown;
const first = (items: AsyncGenerator<unknown>): Promise<unknown> => items.next();

const CALLS: Readonly<Record<string, readonly [call: Call, typed: string, meant: string]>> = {
  openModel: [(o) => openModel(MODEL, o), 'treads', 'threads'],
  inspect: [(o) => inspect(MODEL, o), 'shape', 'shapes'],
  check: [(o) => check(MODEL, o), 'sample_s', 'samples'],
  checkMany: [(o) => first(checkMany([MODEL], o)), 'worker', 'workers'],
  card: [(o) => card(MODEL, o), 'image', 'images'],
  audit: [(o) => audit(MODEL, 'x.png', o), 'iteratons', 'iterations'],
  createAuditor: [(o) => createAuditor(MODEL, o), 'maskshape', 'maskShape'],
  auditAll: [(o) => first(auditAll({} as library.Auditor, 'photos', o)), 'strickt', 'strict'],
  auditMany: [(o) => auditMany(MODEL, { kind: 'data', path: 'x', seed: 0 }, o), 'failon', 'failOn'],
  '`queue`': [(o) => auditMany(MODEL, { kind: 'data', path: 'x', seed: 0 }, { out: 'x', queue: o }), 'attempt', 'attempts'],
  compare: [(o) => compare(MODEL, 'x.png', o), 'method', 'methods'],
  createComparer: [(o) => createComparer(MODEL, o), 'evidencedraws', 'evidenceDraws'],
  diff: [(o) => diff(MODEL, MODEL, ['x.png'], o), 'onfailure', 'onFailure'],
  train: [(o) => train(MODEL, 'photos', o), 'learning_rate', 'learningRate'],
  score: [(o) => score(MODEL, 'photos', o), 'limits', 'limit'],
  positionMap: [(o) => positionMap(MODEL, 'x.png', o), 'strid', 'stride'],
  exportGradient: [(o) => exportGradient(MODEL, o), 'pixel', 'pixels'],
  exportStep: [(o) => exportStep(MODEL, o), 'draw', 'draws'],
  importTfjs: [(o) => importTfjs('model.json', o), 'sise', 'size'],
  fetchKnown: [(o) => fetchKnown('nsfwjs', o), 'ofline', 'offline'],
  reproduce: [(o) => reproduce('tank', o), 'quik', 'quick'],
  serve: [(o) => serve(o), 'prot', 'port'],
  workOn: [(o) => workOn(o), 'lostafter', 'lostAfter'],
  queueStatus: [(o) => queueStatus(o), 'retri', 'retry'],
  testPlugin: [(o) => testPlugin({ name: 'mine' }, o), 'ontest', 'onTest'],
  doctor: [(o) => doctor(o), 'onDiagnoses', 'onDiagnosis'],
  openDataset: [(o) => openDataset('photos', o), 'splitt', 'split'],
  toMatchOnnxRuntime: [(o) => toMatchOnnxRuntime(MODEL, o), 'gradient', 'gradients'],
  useRuntime: [(o) => useRuntime(o), 'thread', 'threads'],
};

test.each(Object.entries(CALLS))('%s', async (name, [call, typed, meant]) => {
  const error = await Promise.resolve()
    .then(() => call({ [typed]: 1 } as never))
    .then(
      () => undefined,
      (e: unknown) => e,
    );
  expect(error).toMatchObject({
    code: 'usage',
    message: `\`${typed}\` is no option of ${name}. Did you mean \`${meant}\`?`,
  });
});

test('every list of names is tried', () => {
  expect(Object.keys(NAMES).filter((name) => !(name in CALLS) && name !== 'queue')).toEqual([]);
});
