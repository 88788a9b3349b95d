// A flag that would say nothing is refused, in every command, with what it is about or why the command has no use for it.
import { expect, test } from '@jest/globals';
import type { Definition } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Option } from '../../src/cli/option.js';
import { cli } from '../support/command.js';

const ABSENT = 'no-such-file';
const definitions = COMMANDS.map((c): Definition => c.definition);
const named = (definition: Definition): string => definition.command.split(' ')[0]!;

/** A line of the command with all that it demands, which names nothing that exists. */
const line = ({ command, positionals, options }: Definition): string[] => [
  command.split(' ')[0]!,
  ...Object.keys(positionals).map(() => `${ABSENT}.onnx`),
  ...Object.entries<Option>(options).flatMap(([flag, o]) => (o.demandOption ? [`--${flag}`, ABSENT] : [])),
];
/** A value that the option takes, as far as its table tells. */
const value = (option: Option): string => String(option.choices?.[0] ?? option.default ?? '3');

const needs = definitions.flatMap((d) =>
  Object.entries(d.needs ?? {}).map(([flag, need]): [string, string, Definition, typeof need] => [named(d), flag, d, need]),
);
test.each(needs)('%s --%s without what it is about', async (name, flag, definition, { about, given }) => {
  const options = definition.options;
  const own = [...line(definition), `--${flag}`, value(options[flag]!)];
  const { code, err } = await cli(...own);
  expect([code, err]).toEqual([2, expect.stringContaining(`lan-onnx: ${name}: --${flag} is about ${about}. Give --${given.join(', --').replace(/, (--[^,]*)$/, ' or $1')}.\n`)]); // prettier-ignore
  for (const other of given) {
    const more = await cli(...own, `--${other}`, ABSENT);
    expect([other, more.code, more.err]).toEqual([other, 2, expect.not.stringContaining('is about')]);
  }
});

const idle = definitions.flatMap((d) =>
  Object.entries(d.idle ?? {}).map(([flag, why]): [string, string, Definition, string] => [named(d), flag, d, why]),
);
test.each(idle)('%s --%s has nothing to say', async (name, flag, definition, why) => {
  expect(Object.keys(definition.options)).not.toContain(flag);
  const { code, err } = await cli(...line(definition), `--${flag}`, '3');
  expect([code, err]).toEqual([2, `lan-onnx: --${flag}: ${name} ${why}. Leave it out.\n`]);
});

test('the tables are not empty, and hold the commands that have been found to ignore flags', () => {
  expect([...new Set(needs.map(([name]) => name))].sort()).toEqual(['audit', 'check', 'compare', 'diff']);
  expect([...new Set(idle.map(([name]) => name))].sort()).toEqual(['card', 'check', 'grid', 'inspect', 'score']);
});
