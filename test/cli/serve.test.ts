// lan-onnx serve as it is typed: the address, what is behind it, Ctrl-C, and what is refused.
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
import { cli } from '../support/command.js';

test('prints the address, gives the page and the model that was named, and ends well on Ctrl-C', async () => {
  let printed = '';
  const address = new Promise<string>((known) => {
    const out = (text: string): void => {
      printed += text;
      known(text.trim());
    };
    void (running = main(['serve', 'tank', '--port', '0'], { out, err: () => undefined, terminal: false }));
  });
  const [page, token] = (await address).split('#given=');
  expect(page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await (await fetch(page!)).text()).toContain('<div id="page">');
  for (const name of ['app.js', 'worker.js', 'ort/ort-wasm-simd-threaded.wasm', 'examples/tank/tank.onnx'])
    expect([name, (await fetch(new URL(name, page), { method: 'HEAD' })).status]).toEqual([name, 200]);
  const list = (await (await fetch(new URL(`given/${token}/list.json`, page))).json()) as {
    model: { files: { name: string }[] };
  };
  expect(list.model.files.map((f) => f.name)).toEqual(['tank.onnx']);
  process.emit('SIGINT');
  expect(await running).toBe(0);
  expect(printed.match(/http/g)).toHaveLength(1);
  await expect(fetch(page!)).rejects.toThrow();
}, 60_000);

let running: Promise<number>;

test('a port that is taken, or none, is refused in words', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as { port: number };
  expect(await cli('serve', '--port', String(port))).toEqual({
    code: 2,
    out: '',
    err: `lan-onnx: Port ${port} is taken by another program. Choose another --port; 0 takes any that is free.\n`,
  });
  await new Promise((closed) => other.close(closed));
  expect((await cli('serve', '--port', '70000')).err).toContain(
    "--port: expected a whole number of at most 65535, received '70000'.",
  );
  expect((await cli('serve', '--card', 'x.json')).err).toContain(
    '--card is about a model, and none is given. Name the model as well.',
  );
  expect((await cli('serve', 'no-such-model.onnx')).code).toBe(2);
}, 60_000);
