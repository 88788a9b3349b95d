// What an error says, and what it hands to programs: the problem and the advice, apart.
import { expect, test } from '@jest/globals';
import { LanError, LanErrors } from '../../src/core/errors.js';

test('an error is its problem, and its advice behind it', () => {
  const error = new LanError('shape', 'Axis 2 is open.', 'Bind it.');
  expect([error.message, error.problem, error.advice]).toEqual(['Axis 2 is open. Bind it.', 'Axis 2 is open.', 'Bind it.']);
  expect(new LanError('shape', 'Axis 2 is open.').message).toBe('Axis 2 is open.');
});

test('of several problems each keeps its own advice', () => {
  const error = new LanErrors('unsupported', 'Two things:', [
    { problem: 'A is long', advice: 'Cut it.' },
    { problem: 'B is wide' },
  ]);
  expect(error.message).toBe('Two things:\n  - A is long. Cut it.\n  - B is wide');
  expect(error.problem).toBe('Two things:\n  - A is long\n  - B is wide');
  expect([error.problems, error.advice]).toEqual([['A is long', 'B is wide'], undefined]);
});

test('what all problems advise alike is the advice of the whole', () => {
  const advice = 'Export it with pads.';
  const error = new LanErrors('unsupported', 'Two things:', [{ problem: 'A', advice }, { problem: 'B', advice }]); // prettier-ignore
  expect(error.message).toBe(`Two things:\n  - A. ${advice}\n  - B. ${advice}`);
  expect([error.problems, error.advice]).toEqual([['A', 'B'], advice]);
});

test('advice about all of them has a line of its own', () => {
  const error = new LanErrors('unsupported', 'Two things:', ['A', { problem: 'B', advice: 'Mend B.' }], 'Choose another.');
  expect(error.message).toBe('Two things:\n  - A\n  - B. Mend B.\nChoose another.');
  expect([error.problems, error.advice]).toEqual([['A', 'B'], 'Choose another.']);
});
