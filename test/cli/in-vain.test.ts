// A flag that would say nothing is refused, in every command, with what it is about or why the command has no use for it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Definition } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import type { Option } from '../../src/cli/option.js';
import { float32 } from '../../src/core/tensor.js';
import { encodePng } from '../../src/data/images.js';
import { encodeNpy } from '../../src/data/npy.js';
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

const byNoise = needs.flatMap(([name, flag, definition, { unless }]): [string, string, Definition][] =>
  unless && 'noise' in definition.options ? [[name, flag, definition]] : [],
);
test.each(byNoise)('%s --%s where the noise is made of data', async (_name, flag, definition) => {
  const own = [...line(definition), `--${flag}`, value(definition.options[flag]!)];
  for (const noise of [`bootstrap:${ABSENT}`, `learned:${ABSENT}`]) {
    const { code, err } = await cli(...own, '--noise', noise);
    expect([noise, code, err]).toEqual([noise, 2, expect.not.stringContaining('is about')]);
  }
  for (const noise of ['blur', 'constant:0', 'uniform']) {
    const { code, err } = await cli(...own, '--noise', noise);
    expect([noise, code, err]).toEqual([noise, 2, expect.stringContaining(`--${flag} is about`)]);
  }
});

test('an array is explained by noise of pictures, which --resize and --crop bring to its size', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-in-vain-'));
  try {
    const [array, pictures, out] = [join(folder, 'x.npy'), join(folder, 'pictures'), join(folder, 'out')];
    mkdirSync(pictures);
    // Red outside, blue in the middle, which alone is left by a crop of the picture at twice the size.
    const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
      const [row, column, channel] = [Math.floor(i / 192), Math.floor(i / 3) % 64, i % 3];
      const inside = [row, column].every((p) => p >= 12 && p < 52);
      return channel === (inside ? 2 : 0) ? 255 : 0;
    });
    writeFileSync(join(pictures, 'p.png'), await encodePng(pixels, 64, 64));
    writeFileSync(array, encodeNpy(float32(new Float32Array(3 * 64 * 64), [3, 64, 64])));
    const audited = async (...more: string[]): Promise<string> => {
      const { code, err } = await cli('audit', 'tank', '--tensor', array, '--noise', `bootstrap:${pictures}`, '--iterations', '2', '--evidence-draws', '8', '--seed', '1', '--mask-values', 'soft', '--out', out, ...more); // prettier-ignore
      expect([code, err]).toEqual([0, expect.stringContaining(`the noise is 1 of the 1 samples of '${pictures}'`)]);
      const { betas } = JSON.parse(readFileSync(join(out, 'x', 'audit.json'), 'utf8')) as { betas: { evidence: unknown }[] };
      return JSON.stringify(betas[0]!.evidence);
    };
    expect(await audited('--resize', '128')).not.toBe(await audited());
  } finally {
    rmSync(folder, { recursive: true, force: true });
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
