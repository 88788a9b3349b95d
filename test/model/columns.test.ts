// Models that take each column of a table by an input of its own, of floats, whole numbers and strings: a row goes in as one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { audit } from '../../src/api/audit.js';
import { compare } from '../../src/api/compare.js';
import { check } from '../../src/check/check.js';
import { float32, toFloat32, type Tensor } from '../../src/core/tensor.js';
import { inspect } from '../../src/model/inspect.js';
import { openModel } from '../../src/model/open.js';
import { float, floats, GraphBuilder } from '../../src/onnx/builder.js';
import { dialectModel } from '../../src/engine/ort.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';
import { encoded } from '../support/encoded.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-columns-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ML = 'ai.onnx.ml';
/** By sex alone, +-4; age, class and town weigh next to nothing. Towns are looked up, the others encoded. */
function titanic(): Uint8Array {
  const g = new GraphBuilder('titanic');
  const age = g.input('age', 'float32', ['N', 1]);
  const level = g.cast(g.input('level', 'int64', ['N', 1]), 1);
  const sex = g.op('OneHotEncoder', [g.input('sex', 'string', ['N', 1])], { cats_strings: ['female', 'male'], zeros: 1 }, ML);
  const town = g.op('LabelEncoder', [g.input('town', 'string', ['N', 1])], { keys_strings: ['Cherbourg', 'Queenstown'], values_floats: floats([0.5, 1]), default_float: float(0) }, ML); // prettier-ignore
  const row = g.op('Concat', [age, level, g.reshape(sex, [-1, 2]), town], { axis: 1 });
  const w = g.constant(float32([0.001, -0.001, 0.01, -0.01, 4, -4, -4, 4, 0.02, -0.02], [5, 2]));
  g.output(g.op('Softmax', [g.matMul(row, w)], { axis: 1 }), 'p', { type: 'float32', dims: ['N', 2] });
  return encoded(g);
}
const bytes = titanic();

const p = (score: number): number => 1 / (1 + Math.exp(-2 * score));
const scoreOf = (age: number, level: number, sex: string, town: string): number =>
  0.001 * age + 0.01 * level + ({ female: 4, male: -4 }[sex] ?? 0) + 0.02 * ({ Cherbourg: 0.5, Queenstown: 1 }[town] ?? 0);

const csv = join(folder, 'people.csv');
writeFileSync(csv, ['town,name,sex,age,level', ...Array.from({ length: 40 }, (_, i) => [['Cherbourg', 'Queenstown', 'Southampton'][i % 3], `n${i}`, i % 2 ? 'male' : 'female', 20 + i, 1 + (i % 3)].join())].join('\n')); // prettier-ignore

test('one input: numbers as they are, categories by their number, an unknown one by one more', async () => {
  const model = await openModel(bytes);
  try {
    expect(model.inputs).toEqual([{ name: 'row', type: 'float32', shape: [1, 4] }]);
    expect(model.source.columns).toEqual([
      { name: 'age', whole: false },
      { name: 'level', whole: true },
      { name: 'sex', whole: true, categories: ['Cherbourg', 'Queenstown', 'female', 'male'] },
      { name: 'town', whole: true, categories: ['Cherbourg', 'Queenstown', 'female', 'male'] },
    ]);
    const x = float32([30, 2, 2, 1, 30, 2, 3, 4], [2, 4]);
    const [first, , second] = toFloat32(await model.predict(x));
    expect(first).toBeCloseTo(p(scoreOf(30, 2, 'female', 'Queenstown')), 5);
    expect(second).toBeCloseTo(p(scoreOf(30, 2, 'male', 'elsewhere')), 5);
    expect(model.notes).toContain("columns of whole numbers or categories have no gradient: 'level', 'sex', 'town'");
  } finally {
    await model.dispose();
  }
});

test('audit: columns by their names whatever their order, and the one that decides is found', async () => {
  const result = await audit(bytes, { csv, row: 3 }, { iterations: 100, evidenceDraws: 64 });
  const [needed] = result.betas[0]!.features!;
  expect(needed).toMatchObject({ name: 'sex', category: 'female', kept: true });
  expect(result.betas[0]!.features!.filter((f) => f.kept)).toHaveLength(1);
  expect(result.notes.join('\n')).toContain("takes it as one that it does not know: 'town' is 'Southampton'");
});

test('compare calls a category by its name', async () => {
  const { rows } = await compare(bytes, { csv, row: 3 }, { methods: ['occlusion'], evidenceDraws: 16 });
  expect(rows[0]!.needed).toEqual(expect.arrayContaining(['sex = female', 'town = Southampton']));
});

test('inspect lists the inputs of the file, check compares the whole', async () => {
  const { inputs, notes } = await inspect(bytes);
  expect(inputs.map((i) => i.name)).toEqual(['age', 'level', 'sex', 'town']);
  expect(notes).toContain("its inputs are taken as one, a row of a table: 'age', 'level', 'sex', 'town'");
  const { verdict } = await check(bytes, {});
  expect(verdict).not.toBe('disagrees');
});

test('numbers alone are joined for rows of a table only', async () => {
  const g = new GraphBuilder('sum');
  const row = g.op('Concat', [g.input('a', 'float32', ['N', 1]), g.cast(g.input('b', 'float64', ['N', 1]), 1)], { axis: 1 });
  g.output(g.op('Softmax', [g.matMul(row, g.constant(float32([3, -3, 0, 0], [2, 2])))], { axis: 1 }), 'p');
  const two = encoded(g);
  writeFileSync(join(folder, 'two.onnx'), two);
  writeFileSync(join(folder, 'two.csv'), 'b,a\n0,2\n5,-1\n3,1\n');
  const apart = await openModel(two);
  const joined = await openModel(two, { joinColumns: true });
  try {
    expect(apart.inputs.map((i) => i.name)).toEqual(['a', 'b']);
    expect(joined.source.columns).toEqual([{ name: 'a', whole: false }, { name: 'b', whole: false }]); // prettier-ignore
    expect(joined.forwardOnly).toBe(false);
    const { gradients } = await joined.vjp({ row: float32([0.1, 7], [1, 2]) }, { p: float32([1, 0], [1, 2]) });
    const p = 1 / (1 + Math.exp(-0.6));
    const [byA, byB] = toFloat32(gradients['row']!);
    expect([byA, byB]).toEqual([expect.closeTo(6 * p * (1 - p), 5), 0]);
    const { code, out } = await cli('compare', join(folder, 'two.onnx'), '--csv', join(folder, 'two.csv'), '--row', '1', '--methods', 'occlusion', '--evidence-draws', '16', '--out', join(folder, 'compared')); // prettier-ignore
    expect([code, out]).toEqual([0, expect.stringContaining('most needed, Occlusion: a = 2, b = 0')]);
  } finally {
    await apart.dispose();
    await joined.dispose();
  }
});

test('strings in tensors, in constants and on both sides of a lookup', async () => {
  const g = new GraphBuilder('tensors');
  const texts = (...data: string[]) => ({ type: 'string', dims: [data.length], data }) as const;
  const tensor = (value: Tensor) => ({ kind: 'tensor', value }) as const;
  // From a name to its short form, and from that to a number; an unknown name becomes 'x', which is 5.
  const short = g.op('LabelEncoder', [g.input('town', 'string', ['N', 1])], { keys_tensor: tensor(texts('Rome', 'Oslo')), values_tensor: tensor(texts('R', 'O')), default_tensor: tensor(texts('x')) }, ML); // prettier-ignore
  const number = g.op('LabelEncoder', [short], { keys_tensor: tensor(texts('O', 'R', 'x')), values_tensor: tensor(float32([2, 3, 5])), default_tensor: tensor(float32([0])) }, ML); // prettier-ignore
  g.append('Constant', [], ['oslo'], { value_strings: ['O'] });
  const isOslo = g.cast(g.op('Equal', [short, 'oslo']), 1);
  g.output(g.op('Concat', [number, isOslo, g.input('age', 'float32', ['N', 1])], { axis: 1 }), 'y');
  const built = dialectModel(g.build());
  const model = await openModel(encodeModel({ ...built, opsets: new Map([...built.opsets, ['', 19], [ML, 4]]) }));
  try {
    const { categories } = model.source.columns![0]!;
    expect(categories).toEqual(['O', 'Oslo', 'R', 'Rome', 'x']);
    const outputs: number[][] = [];
    for (const town of ['Rome', 'Oslo', 'Paris']) {
      const code = categories!.indexOf(town);
      const { y } = await model.run({ row: float32([code < 0 ? categories!.length : code, 40], [1, 2]) });
      outputs.push(Array.from(toFloat32(y!)));
    }
    expect(outputs).toEqual([[3, 0, 40], [2, 1, 40], [5, 0, 40]]); // prettier-ignore
  } finally {
    await model.dispose();
  }
});

test('strings that are read for more than their identity are refused by name', async () => {
  const g = new GraphBuilder('parse');
  const sex = g.op('OneHotEncoder', [g.input('sex', 'string', ['N', 1])], { cats_strings: ['f', 'm'], zeros: 1 }, ML);
  const number = g.cast(g.input('number', 'string', ['N', 1]), 1);
  g.output(g.op('Concat', [g.reshape(sex, [-1, 2]), number], { axis: 1 }), 'y');
  await expect(openModel(encoded(g))).rejects.toThrow(/Cast .*reads strings, which are understood as categories only/);
});
