// Every option of every command, given in every wrong way: one clear message each, and never "a bug".
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { nameOf } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { inFlags } from '../../src/cli/flags.js';
import { TEXT, TEXTS, type Option } from '../../src/cli/option.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-options-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = join(folder, 'relu.onnx');
const g = new GraphBuilder();
g.output(g.op('Relu', [g.input('x', 'float32', [1, 4])]), 'y');
writeFileSync(model, encodeModel(dialectModel(g.build())));
const absent = join(folder, 'absent');

/** A command with all that it demands, which names nothing that exists: whatever gets past the options ends at once. */
const line = (command: (typeof COMMANDS)[number]): string[] => [
  nameOf(command),
  ...Object.keys(command.definition.positionals).map((name) => join(absent, `${name}.onnx`)),
  ...Object.entries(command.definition.options).flatMap(([flag, o]: [string, Option]) =>
    o.demandOption ? [`--${flag}`, join(absent, flag)] : [],
  ),
];

/** Options that commands share are one object, and are tested once. */
const seen = new Set<Option>();
const cases = COMMANDS.flatMap((command) =>
  Object.entries<Option>(command.definition.options).flatMap(([flag, option]): [string, string, typeof command, Option][] =>
    seen.has(option) ? [] : (seen.add(option), [[nameOf(command), flag, command, option]]),
  ),
);

/** Runs the command line of `command` with `more`; whatever is wrong with it, it is refused in plain words. Gives them. */
async function refused(command: (typeof COMMANDS)[number], ...more: string[]): Promise<string> {
  const { code, err, out } = await cli(...line(command), ...more);
  const own = err.replace(/received '.*'/g, '');
  expect([more, own]).not.toEqual([more, expect.stringMatching(/unexpected|This is a bug|TypeError|undefined|NaN|\[object/)]);
  // The JSON of check lists the models that could not be read.
  expect([more, code]).toEqual([more, 2]);
  if (!more.includes('--json')) expect([more, out]).toEqual([more, '']);
  expect(err).toMatch(/^(note: .*\n)*(.* \.\.\.\n)?lan-onnx: \S/);
  return err;
}

/** Texts that no option takes, and those that hardly any takes but paths, names and descriptions: one of them would be written to. */
const NOTHING = ['', ' ', '\0'];
const ODD = ['x=', '-1', '1e999', 'NaN'];

test.each(cases)('%s --%s: twice, empty, odd, negated, in parts', async (_, flag, command, option) => {
  const run = (...more: string[]): Promise<string> => refused(command, ...more);
  const isSwitch = option.type === 'boolean';
  // A value that the option takes, as far as its table tells.
  const given = isSwitch ? [`--${flag}`] : [`--${flag}`, String(option.choices?.[0] ?? option.default ?? '3')];
  const twice = await run(...(option.demandOption ? [] : given), ...given);
  if (!isSwitch && option.array !== true) expect(twice).toBe(`lan-onnx: --${flag}: given 2 times, expected once.\n`);
  const bare = await run(`--${flag}`);
  if (!isSwitch) expect(bare).toMatch(/Expected a value after --|given 2 times|expected /);
  const free = !isSwitch && (option.coerce === TEXT.coerce || option.coerce === TEXTS.coerce) && !option.choices;
  for (const value of free ? NOTHING : [...NOTHING, ...ODD]) {
    const err = await run(`--${flag}=${value}`);
    if (isSwitch) expect(err).toContain(`--${flag}: is a switch and takes no value, received '`);
    else if (value.trim() === '') expect(err).toMatch(/expected .*received '|given 2 times|Expected a value after/);
  }
  const negated = await run(`--no-${flag}`);
  if (!isSwitch && !option.demandOption)
    expect(negated).toBe(`lan-onnx: --no-${flag}: --${flag} takes a value and cannot be negated.\n`);
  expect(await run(`--${flag}.x`, '3')).toContain('Unknown argument: ');
});

test.each(COMMANDS.map((c) => [nameOf(c), c] as const))('%s: an argument is no flag', async (_, command) => {
  for (const name of Object.keys(command.definition.positionals))
    for (const text of [`--${name}`, `--${name}=x`, `--no-${name}`])
      expect(await refused(command, text)).toContain(`--${name}: is not a flag; it is typed without dashes: lan-onnx `);
});

test('names that objects have by themselves are no options', async () => {
  for (const flag of ['constructor', 'toString', 'hasOwnProperty', 'io']) {
    const { code, err } = await cli('inspect', model, `--${flag}`, 'x');
    expect([flag, code, err]).toEqual([
      flag,
      2,
      expect.stringMatching(/^lan-onnx: Unknown arguments?: .*\nSee: lan-onnx inspect --help\n$/),
    ]);
  }
});

test.each(COMMANDS.map(nameOf))('the hint after a usage error of %s names it', async (name) => {
  const { err } = await cli(name, '--frob');
  expect(err.endsWith(`See: lan-onnx ${name} --help\n`)).toBe(true);
});

test("a flag's value that is a command's name is not taken for the command", async () => {
  for (const [name, other] of [
    ['train', 'audit'],
    ['audit', 'train'],
  ] as const) {
    const { err } = await cli(name, '--out', other, '--frob');
    expect(err.endsWith(`See: lan-onnx ${name} --help\n`)).toBe(true);
  }
});

test('every command is in --help, with its one line', async () => {
  const { out } = await cli('--help');
  for (const { definition } of COMMANDS) expect(out).toContain(`lan-onnx ${definition.command}`);
});

/** Commands that open no model of the user's, or have the page or a job do so. */
const WITHOUT_MODEL = 'reproduce completion doctor serve worker status plugin fetch import-tfjs'.split(' ');

test('every command that opens a model takes what opening takes, or says why it has no use for it', () => {
  const flags =
    'input output feed engine backend threads shape card layout size resize crop channels range mean std output-kind labels';
  for (const { definition } of COMMANDS)
    if (!WITHOUT_MODEL.includes(definition.command.split(' ')[0]!))
      expect([definition.command, Object.keys({ ...definition.options, ...definition.idle })]).toEqual([
        definition.command,
        expect.arrayContaining(flags.split(' ')),
      ]);
});

test('train takes one beta', async () => {
  const { code, err } = await cli('train', model, '--data', absent, '--out', absent, '--beta', '1', '--beta', '2');
  expect([code, err]).toEqual([2, 'lan-onnx: --beta: given 2 times, expected once.\n']);
});

test('a name that is bound twice is refused', async () => {
  const { err } = await cli('inspect', model, '--shape', 'x=1,4', '--shape', 'x=2,4');
  expect(err).toBe("lan-onnx: --shape: expected one value for 'x', received 'x=1,4 x=2,4'.\n");
});

describe("the library's words in the command line's", () => {
  const audit = COMMANDS.find((c) => nameOf(c) === 'audit');
  test.each([
    ['Bind it with `shapes`.', 'Bind it with --shape.'],
    ['`feeds`, `card`, `maskGrids`', '--feed, --card, --mask-grid'],
    ['`outputKind` or `betas` or `beta`', '--output-kind or --beta or --beta'],
    ["Use `engine: 'tfjs'`.", 'Use --engine tfjs.'],
    ['`shapes: { x: [1, 3, 224, 224] }`', '--shape x=1,3,224,224'],
    ["`feeds: { 'a.b': 1 }`", '--feed a.b=1'],
    ["`feeds: { 'input:0': 1 }`", '--feed input:0=1'],
    ['`mean: [1, 2]`', '--mean 1 2'],
    ['`json: true`', '--json'],
    ['a `Tensor` of `nothing` known', 'a `Tensor` of `nothing` known'],
    ["shapes, 'shapes'", "shapes, 'shapes'"],
  ])('%s', (text, printed) => {
    expect(inFlags(text, audit)).toBe(printed);
  });

  test('only the options of the command that ran', () => {
    expect(
      inFlags(
        '`shapes`',
        COMMANDS.find((c) => nameOf(c) === 'reproduce'),
      ),
    ).toBe('`shapes`');
    expect(inFlags('`shapes`', undefined)).toBe('`shapes`');
  });

  test('a value of an option that the command lacks is one for audit', () => {
    const score = COMMANDS.find((c) => nameOf(c) === 'score');
    expect(inFlags("audit explains it with `task: 'regression'`; `task`, `x: 1`", score)).toBe(
      'audit explains it with --task regression; `task`, `x: 1`',
    );
  });
});

test.each(['--hold', '--hold=0.2', '--no-hold'])(
  '%s, as the fraction for validation was called, is refused by its new name',
  async (flag) => {
    const { code, err } = await cli('train', model, '--data', absent, '--out', absent, flag, '0.2');
    expect([code, err]).toEqual([2, 'lan-onnx: --hold: is now called --validation.\n']);
  },
);
