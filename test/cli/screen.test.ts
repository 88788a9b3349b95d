// What a terminal is told: pictures by what its environment says it shows, text of 80 columns, and nothing at all where output is no terminal.
import { describe, expect, test } from '@jest/globals';
import { screenOf, wrapped } from '../../src/cli/screen.js';
import { progress, repeatable } from '../../src/cli/io.js';
import { onTerminal } from '../../src/report/drawing/terminal.js';

const TTY = { isTTY: true, columns: 100 };

describe('the screen', () => {
  test.each([
    [{ TERM: 'xterm-kitty', COLORTERM: 'truecolor' }, 'kitty'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
    [{ TERM: 'foot' }, 'sixel'],
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'blocks'],
    [{ TERM: 'xterm-256color' }, 'blocks256'],
    [{ TERM: 'xterm-kitty', TMUX: '/tmp/tmux' }, 'blocks256'],
    [{ TERM: 'dumb' }, undefined],
    [{ TERM: 'xterm-kitty', NO_COLOR: '1' }, undefined],
    [{}, undefined],
  ])('%j shows %s', (env, pictures) => expect(screenOf(TTY, env)?.pictures).toBe(pictures));

  test('is none where output goes elsewhere', () => expect(screenOf({ isTTY: false }, { TERM: 'xterm-kitty' })).toBeUndefined());
});

test('lines are broken between words at 80 columns at most, what follows set in; a path stays whole', () => {
  const text = `  ${'word '.repeat(30).trim()}\nshort\n    ${'x'.repeat(100)} y\n`;
  const lines = wrapped(text, 200).split('\n');
  expect(lines.filter((l) => l.length > 80)).toEqual([`    ${'x'.repeat(100)}`]);
  expect(lines[1]).toMatch(/^ {4}word/);
  expect(lines.join(' ').replace(/\s+/g, ' ').trim()).toBe(text.replace(/\s+/g, ' ').trim());
  expect(wrapped('a b', 1)).toBe('a\n  b');
});

describe('a picture', () => {
  const picture = { width: 2, height: 2, pixels: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255) };

  test('as half blocks: the upper pixel in front, the lower one behind', async () => {
    const lines = (await onTerminal(picture, 'blocks', 1)).split('\n');
    const [first] = lines as [string];
    expect(first.startsWith(' \x1b[38;2;255;0;0;48;2;255;0;0m\u2580')).toBe(true);
    expect(first.endsWith('\x1b[0m')).toBe(true);
    expect(lines.at(-2)).toContain('38;2;0;0;255;48;2;0;0;255');
    expect(first.match(/\u2580/g)).toHaveLength(36);
    expect(lines).toHaveLength(19);
    expect(await onTerminal(picture, 'blocks256')).toContain('38;5;196;48;5;196');
  });

  test('as sixel: every pixel in the band and colour that it has', async () => {
    const text = await onTerminal(picture, 'sixel');
    expect(text).toMatch(/^\x1bPq"1;1;256;256#180;2;100;0;0#180/); // eslint-disable-line no-control-regex
    expect(text.endsWith('-\x1b\\\n')).toBe(true);
    // 256 rows are 42 bands of six and one of four.
    expect(text.match(/-/g)).toHaveLength(43);
    const bands = text.replace(/#\d+;2;\d+;\d+;\d+/g, '').split('-');
    expect(bands[0]).toBe(`\x1bPq"1;1;256;256#180${'~'.repeat(128)}${'?'.repeat(128)}$#30${'?'.repeat(128)}${'~'.repeat(128)}$`);
  });

  test('as PNG for kitty, in pieces of 4096, and for iTerm2', async () => {
    const noisy = { width: 128, height: 128, pixels: Uint8Array.from({ length: 3 * 128 * 128 }, (_, i) => (i * 7919) % 251) };
    const kitty = await onTerminal(noisy, 'kitty');
    const pieces = [...kitty.matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)]; // eslint-disable-line no-control-regex
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces[0]![1]).toBe('f=100,a=T,r=18,m=1');
    expect(pieces.slice(1).map((p) => p[1])).toEqual([...pieces.slice(2).map(() => 'm=1'), 'm=0']);
    const png = Buffer.from(pieces.map((p) => p[2]).join(''), 'base64');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(await onTerminal(noisy, 'iterm2')).toBe(
      `\x1b]1337;File=inline=1;height=18;preserveAspectRatio=1:${png.toString('base64')}\x07\n`,
    );
  });
});

test('what repeats a command says all that decides, quoted for a shell, and not where results go', () => {
  expect(
    repeatable(['audit', 'm.onnx', '--image', "it's a cat.jpg", '--out', 'x', '--workers=2', '--resume', '--seed', '1']),
  ).toBe(`lan-onnx audit m.onnx --image 'it'\\''s a cat.jpg' --seed 1`);
  expect(repeatable(['train', 'm.onnx', '--out', 'lan.onnx', '--resume'])).toBe('lan-onnx train m.onnx --out lan.onnx');
});

test('elsewhere than on a terminal a task is named once, however the news of several come in turns', () => {
  const told: string[] = [];
  const nothing = (): void => undefined;
  const bar = progress({ line: '', terminal: false, out: nothing, err: (text) => told.push(text), exit: nothing });
  for (const task of ['a', 'b', 'a', 'b']) bar.say(task, 'doing');
  expect(told).toEqual(['a ...\n', 'b ...\n']);
});
