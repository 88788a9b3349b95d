// A misspelt option is refused by the nearest name, and a list of names that drifts from its type does not compile.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { refuseUnknown, without } from '../../src/core/options.js';

interface Options {
  readonly iterations?: number;
  readonly maskShape?: string;
  readonly seed?: number;
}
const NAMES = ['iterations', 'maskShape', 'seed'] as const;

const refusal = (options: object): LanError | undefined => {
  try {
    refuseUnknown('audit', options as Options, NAMES);
    return undefined;
  } catch (error) {
    return error as LanError;
  }
};

test('names that there are pass, whatever their values', () => {
  expect(refusal({})).toBeUndefined();
  expect(refusal({ iterations: undefined, seed: 0, maskShape: 'token' })).toBeUndefined();
});

test.each([
  [{ iteratons: 5 }, '`iteratons` is no option of audit. Did you mean `iterations`?'],
  // Also where it holds nothing: whoever wrote it meant something.
  [{ iteratons: undefined }, '`iteratons` is no option of audit. Did you mean `iterations`?'],
  [{ 'mask-shape': 'token' }, '`mask-shape` is no option of audit. Did you mean `maskShape`?'],
  [{ sed: 1, iteration: 2, seed: 3 }, '`sed` and `iteration` are no options of audit. Did you mean `seed` and `iterations`?'],
  [{ colour: 1 }, '`colour` is no option of audit. Leave it out; it takes `iterations`, `maskShape`, `seed`.'],
  [
    { colour: 1, hue: 1 },
    '`colour` and `hue` are no options of audit. Leave them out; it takes `iterations`, `maskShape`, `seed`.',
  ],
  ['paper', 'audit: its options are an object such as { iterations: … }, received a string.'],
  [5, 'audit: its options are an object such as { iterations: … }, received a number.'],
  [null, 'audit: its options are an object such as { iterations: … }, received null.'],
  [['seed'], 'audit: its options are an object such as { iterations: … }, received an array.'],
])('%j', (options, message) => {
  const error = refusal(options as object);
  expect(error).toBeInstanceOf(LanError);
  expect([error!.code, error!.message]).toEqual(['usage', message]);
});

test('of many options the document that lists them is named', () => {
  const many = Array.from({ length: 13 }, (_, i) => `option${i}`);
  const refuse = refuseUnknown as (call: string, options: object, names: readonly string[]) => void;
  expect(() => refuse('audit', { colour: 1 }, many)).toThrow(
    'Leave it out; docs/api.md of this package lists those that there are.',
  );
});

test('the compiler holds names to the type', () => {
  const given: Options = {};
  // @ts-expect-error -- `seed` is missing
  refuseUnknown('audit', given, ['iterations', 'maskShape']);
  // @ts-expect-error -- there is no `sed`
  refuseUnknown('audit', given, [...NAMES, 'sed']);
  // @ts-expect-error -- `seed` was left out
  refuseUnknown('audit', given, without(NAMES, 'seed'));
  expect(without(NAMES, 'seed')).toEqual(['iterations', 'maskShape']);
});
