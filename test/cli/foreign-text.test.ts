// Labels and names out of files, which anybody may have written: none of their escape sequences reaches a terminal.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { CLEAR, shown } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import { readableJson } from '../../src/core/readable.js';
import { residual } from '../nets/inside.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-foreign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** Clears a terminal, in both spellings of its escape character, and turns the reading order around. */
const EVIL = '\u001b[2J\u009b2J\u202e';
const SPELLED = '\\x1b[2J\\x9b2J\\u202e';
const picture = at(`a${EVIL}.png`);

beforeAll(async () => {
  writeFileSync(at('net.onnx'), residual());
  writeFileSync(
    at('labels.json'),
    JSON.stringify(Array.from({ length: 3 }, (_, i) => `class ${i}${EVIL}\nlan-onnx: all is well`)),
  );
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } }).png().toFile(picture); // prettier-ignore
});

/** Runs the command line on a terminal. */
async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(argv, { out: (t) => void (out += t), err: (t) => void (err += t), terminal: true });
  return { code, out, err };
}
const STEERING = /(?!\n)[\p{Cc}\u202a-\u202e]/u;

test('a label and the name of a picture', async () => {
  const argv = ['audit', at('net.onnx'), '--image', picture, '--labels', at('labels.json'), '--iterations', '2'];
  const more = ['--evidence-draws', '2', '--out', at('out')];
  const { code, out, err } = await run(...argv, ...more);
  expect(err.replaceAll(CLEAR, '')).not.toMatch(STEERING);
  expect([code, out]).toEqual([0, expect.stringContaining('class ')]);
  expect(out).not.toMatch(STEERING);
  expect(out.startsWith(`${at(`a${SPELLED}.png`)}: class `)).toBe(true);
  expect(out).toContain(`${SPELLED}\\nlan-onnx: all is well 0.`);
  expect(out).not.toMatch(/^lan-onnx: all is well/m);

  const json = await run(...argv, ...more, '--json');
  expect(json.out).not.toMatch(STEERING);
  const { input, prediction } = JSON.parse(json.out) as { input: { path: string }; prediction: { label: string }[] };
  expect(input.path).toBe(picture);
  expect(prediction[0]!.label.replace(/^class \d/, '')).toBe(`${EVIL}\nlan-onnx: all is well`);
}, 60_000);

test('a message', async () => {
  const { code, err } = await run('inspect', at(`absent${EVIL}.onnx`));
  expect([code, err]).toEqual([
    2,
    `lan-onnx: Model '${at(`absent${SPELLED}.onnx`)}': cannot be read (no such file or folder).\n`,
  ]);
});

test('own line breaks and the line of progress stay as they are', () => {
  expect(shown('a\n  b\n')).toBe('a\n  b\n');
  expect(shown(`${CLEAR}3 of 4 ${EVIL}`)).toBe(`${CLEAR}3 of 4 ${SPELLED}`);
  expect(shown(CLEAR)).toBe(CLEAR);
});

test('JSON says the same with the characters escaped', () => {
  const value = { a: `${EVIL}\u{e0041}\ufeff`, b: ['ü\n', 1] };
  const json = readableJson(JSON.stringify(value, null, 2));
  expect(json).not.toMatch(STEERING);
  expect(json).toContain('\\u009b2J\\u202e\\udb40\\udc41\\ufeff');
  expect(JSON.parse(json)).toEqual(value);
});
