// Two models whose classes stand in another order, have other names, or are asked about one by one: nothing is called the same that is not.
import { expect, test } from '@jest/globals';
import { answersText, classPairs, sameAnswer } from '../../src/api/diff-classes.js';
import type { AuditResult } from '../../src/api/audit.js';
import type { Answer } from '../../src/evidence/answer.js';
import { movedBetween } from '../../src/evidence/moved.js';
import type { PlaceMap } from '../../src/evidence/place.js';

const model = (name: string, ...labels: string[]) =>
  ({ labels, classes: 3, source: { name } }) as unknown as Parameters<typeof classPairs>[0];
const answered = (answer: Answer, index = 0): AuditResult =>
  ({ answer, prediction: [{ index, label: '', probability: 1 }] }) as unknown as AuditResult;
const dog = (leads: boolean, probability: number): Answer => ({ task: 'target', index: 0, label: 'dog', probability, leads });

const A = model('a.onnx', 'dog', 'cat', 'bird');
const shuffled = classPairs(A, model('b.onnx', 'Cat', 'bird', 'dog'));

test('the same classes in another order are compared by name, which is said', () => {
  expect([0, 1, 2].map(shuffled.inSecond)).toEqual([2, 0, 1]);
  expect(shuffled.note).toBe(
    "the models have the same classes in another order (class 0 is 'dog' in a.onnx and 'Cat' in b.onnx); they are compared by name",
  );
  expect(() => classPairs(A, model('b.onnx', 'cat', 'bird', 'dog'), ['cat', '1'])).toThrow(
    "The models have their classes in another order (class 0 is 'dog' in a.onnx and 'cat' in b.onnx), so that class 1 is not the same in both. Ask by its name.",
  );
  expect(classPairs(A, model('b.onnx', 'cat', 'bird', 'dog'), ['cat', undefined]).inSecond(1)).toBe(0);
});

test('other names are compared by index, which is said; equal ones and none are not spoken of', () => {
  const renamed = classPairs(A, model('b.onnx', 'dog', 'tabby', 'bird'), [1]);
  expect(renamed.inSecond(1)).toBe(1);
  expect(renamed.note).toBe(
    "1 of the 3 classes have other names in the second model (class 1 is 'cat' in a.onnx and 'tabby' in b.onnx); they are compared by index",
  );
  expect(classPairs(A, A).note).toBeUndefined();
  expect(classPairs(A, model('b.onnx')).note).toBeUndefined();
  const cat: Answer = { task: 'class', index: 1, label: 'cat' };
  const tabby: Answer = { task: 'class', index: 1, label: 'tabby' };
  expect(answersText(cat, tabby, true, [0.9, 0.8])).toBe('both answer cat, which the second calls tabby (0.900, 0.800)');
});

test('an answer is the same by its class, not by its place', () => {
  const label: Answer = { task: 'class', index: 0, label: 'dog' };
  expect(sameAnswer(answered(label, 0), answered(label, 2), shuffled)).toBe(true);
  expect(sameAnswer(answered(label, 0), answered(label, 0), shuffled)).toBe(false);
  const labels = (...indices: number[]): Answer => ({ task: 'labels', labels: indices.map((index) => ({ index, label: '' })) });
  expect(sameAnswer(answered(labels(0, 1)), answered(labels(0, 2)), shuffled)).toBe(true);
  expect(sameAnswer(answered(labels(0)), answered(labels(0)), shuffled)).toBe(false);
});

test('of a class that was asked about it counts whether it leads, and its own probability is told', () => {
  const [leads, trails] = [dog(true, 0.8), dog(false, 0.3)];
  // The most probable class is another one in each, and the dog leads in neither.
  expect(sameAnswer(answered(trails, 1), answered(trails, 2), classPairs(A, A))).toBe(true);
  expect(sameAnswer(answered(leads, 0), answered(trails, 2), classPairs(A, A))).toBe(false);
  expect(answersText(trails, dog(false, 0.2), true, [0.5, 0.6])).toBe("'dog' leads in neither of the two (0.300, 0.200)");
  expect(answersText(leads, trails, false, [0.8, 0.6])).toBe("'dog' leads in the first alone (0.800, 0.300)");
});

test('maps of models of other sizes meet on the fewest rows and columns of either', () => {
  const map = (rows: number, columns: number, bright: number): PlaceMap => ({
    rows,
    columns,
    values: Float32Array.from({ length: rows * columns }, (_, i) => (i % columns < columns / 2 ? bright : 1 - bright)),
  });
  const [wide, square] = [Array.from({ length: 4 }, () => map(4, 12, 1)), Array.from({ length: 4 }, () => map(8, 8, 1))];
  const same = movedBetween(wide, square);
  expect([same.difference.rows, same.difference.columns, same.moved]).toEqual([4, 8, false]);
  expect(same.between).toBeCloseTo(0, 1);
  expect(
    movedBetween(
      wide,
      Array.from({ length: 4 }, () => map(8, 8, 0)),
    ),
  ).toMatchObject({ moved: true });
});
