// audit of texts by a tokenizer and of files by their bytes: from the call to the files, several lengths with one auditor, and what does not fit.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { audit, createAuditor } from '../../src/api/audit.js';
import { compare } from '../../src/api/compare.js';
import { diff } from '../../src/api/diff.js';
import { float32 } from '../../src/core/tensor.js';
import { openTokenizer } from '../../src/data/tokenizer.js';
import { dialectModel } from '../../src/engine/ort.js';
import { GraphBuilder } from '../../src/onnx/builder.js';
import { encodeModel } from '../../src/onnx/codec.js';
import { bert } from '../nets/inside.js';
import { PIECES, tokenizerJson } from '../nets/tokenizer.js';
import { cli } from '../support/command.js';

const folder = mkdtempSync(join(tmpdir(), 'lan-onnx-texts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, content: string | Uint8Array): string => (writeFileSync(at(name), content), at(name));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

const QUICK = { iterations: 150, evidenceDraws: 64, threads: 1, trust: true, output: 'logits' } as const;
const FLAGS = ['--iterations', '150', '--evidence-draws', '64', '--threads', '1', '--trust'];
async function refusal(...argv: string[]): Promise<string> {
  const out = at('nothing');
  const { code, out: said, err } = await cli('audit', ...argv, ...FLAGS, '--out', out);
  expect([code, said, existsSync(out)]).toEqual([2, '', false]);
  return err
    .replace(/^note: .*\n/gm, '')
    .replace(/^lan-onnx: /, '')
    .trimEnd();
}

/** A Hugging Face folder: `bert()`, whose word 7 ('good') alone decides for class 1. */
function huggingFace(name: string, config: object = { max_position_embeddings: 12 }): string {
  mkdirSync(at(name));
  write(`${name}/model.onnx`, bert());
  write(`${name}/tokenizer.json`, JSON.stringify(tokenizerJson()));
  write(`${name}/config.json`, JSON.stringify(config));
  return at(name);
}

describe('a text', () => {
  const model = huggingFace('bert');

  test('pieces are joined to words, and the word that decides is what is left', async () => {
    const result = await audit(model, { text: 'GOOD films!' }, { ...QUICK, seed: 1 });
    expect(result.answer).toMatchObject({ task: 'class', index: 1 });
    const [finding] = result.betas;
    expect(finding!.tokens!.map((t) => t.token).join(' ')).toBe('[CLS] good film ##s [UNK] [SEP]');
    expect(finding!.words!.map((w) => [w.word, w.from, w.to])).toContainEqual(['films', 2, 4]);
    const least = finding!.words!.toSorted((a, b) => a.mask - b.mask)[0]!;
    expect(least.word).toBe('good');
    expect(finding!.claims.at(-1)).toMatch(/^what was left: .*'good'.* \(\d of the 5 words\)$/);
    await result.save(at('one'));
    expect(readdirSync(at('one')).sort()).toEqual(['audit.json', 'mask.npy', 'order.npy', 'report.html', 'tokens.html']);
    const page = readFileSync(at('one/tokens.html'), 'utf8');
    expect(page).toContain('<bdi>films</bdi>');
    expect(page).not.toContain('<bdi>[CLS]</bdi>');
  });

  test('words for its tokens, which the tokenizer names, are refused by every call', async () => {
    const words = PIECES.map((_, i) => `w${i}`);
    const refused = 'the tokens of a text are named by the tokenizer. Leave `vocabulary` out.';
    const text = { text: 'GOOD films!' };
    const options = { ...QUICK, vocabulary: words };
    await expect(audit(model, text, options)).rejects.toThrow(refused);
    await expect(compare(model, text, { ...options, methods: ['lan'] })).rejects.toThrow(refused);
    await expect(diff(model, model, [text], options)).rejects.toThrow(refused);
    // Of ids that are given as they are they say what those stand for.
    const { betas } = await audit(model, [2, 7, 3], { ...options, iterations: 2, evidenceDraws: 8 });
    expect(betas[0]!.tokens!.map((t) => t.token)).toEqual(['w2', 'w7', 'w3']);
  });

  test('the file is read with its neighbours, as the folder is', async () => {
    const own = await audit(model, { text: 'GOOD films!' }, { ...QUICK, seed: 1 });
    const other = await audit(join(model, 'model.onnx'), { text: 'GOOD films!' }, { ...QUICK, seed: 1 });
    expect(other.betas[0]!.words).toEqual(own.betas[0]!.words);
  });

  test('texts of several lengths, each compiled for its own; the command line marks what was left', async () => {
    const { code, out, err } = await cli(
      'audit', model, '--output', 'logits', '--text', 'a good film', 'a good movie this was', '--noise', 'token', ...FLAGS, '--out', at('two'),
    ); // prettier-ignore
    expect(code).toBe(0);
    expect(out).toContain('\n    in the text: a **good** film\n');
    expect(out).toContain('\n    in the text: a **good** movie this was\n');
    expect(out).toMatch(/\n {4}most needed: 'good' at 2 \(/);
    expect(err).toContain("note: the noise is the token '[MASK]' everywhere\n");
    expect(err.match(/the noise is the token/g)).toHaveLength(1);
    const document = JSON.parse(readFileSync(at('two/text 2/audit.json'), 'utf8')) as {
      betas: { tokens: object[]; text: object[] }[];
    };
    expect(document.betas[0]!.tokens).toHaveLength(7);
    expect(document.betas[0]!.text.length).toBe(9);
  });

  test('words drawn as often as they stand in texts, other documents, and a text cut to what the model takes', async () => {
    const texts = write('texts.txt', 'the film was bad\na bad plot\n');
    await using auditor = await createAuditor(model, { ...QUICK, noise: `unigram:${texts}` });
    const long = await auditor.audit({ text: `${'the film '.repeat(9)}good` });
    expect(long.betas[0]!.tokens).toHaveLength(12);
    expect(long.notes).toContain('the text has 9 tokens more than the model takes; they are left out');
    const short = await auditor.audit({ text: 'good film' });
    expect(short.betas[0]!.tokens).toHaveLength(4);
    expect(short.betas[0]!.evidence.noiseAlone.kept).toBe(0);
    const others = await audit(model, { text: 'good film' }, { ...QUICK, noise: `bootstrap:${texts}` });
    expect(others.notes).toContain(`the noise is 2 of the 2 texts of '${texts}'`);
  });

  test('a model of a fixed length: what fills the text up is hidden from it, and said', async () => {
    const fixed = huggingFace('fixed');
    write('fixed/model.onnx', bert(8));
    const result = await audit(fixed, { text: 'a good film' }, { ...QUICK, iterations: 30 });
    const own = await audit(model, { text: 'a good film' }, { ...QUICK, iterations: 30 });
    expect(result.prediction[0]!.probability).toBeCloseTo(own.prediction[0]!.probability, 5);
    expect(result.notes).toContain("the text has 5 tokens; 3 more, up to the model's 8, are padding and count among what can be replaced"); // prettier-ignore
  });

  test('what does not fit is one sentence, and nothing is written', async () => {
    const cut = huggingFace('cut');
    write('cut/tokenizer.json', JSON.stringify(tokenizerJson()).slice(0, 700));
    expect(await refusal(cut, '--text', 'good')).toBe(
      `Tokenizer '${at('cut/tokenizer.json')}': cannot be read as JSON; it may have been cut off. Download it again.`,
    );
    write('cut/tokenizer.json', '{"version":"1.0"}');
    expect(await refusal(cut, '--text', 'good')).toBe(
      `Tokenizer '${at('cut/tokenizer.json')}': 'model' is missing or has a form that is not understood.`,
    );
    write('cut/tokenizer.json', JSON.stringify({ ...tokenizerJson(), normalizer: { type: 'Unheard' } }));
    expect(await refusal(cut, '--text', 'good')).toBe(
      `Tokenizer '${at('cut/tokenizer.json')}': is not understood (Unknown Normalizer type: Unheard).`,
    );
    write('cut/tokenizer.json', JSON.stringify(tokenizerJson([...PIECES, 'one', 'more'])));
    expect(await refusal(cut, '--text', 'good')).toBe(
      `Tokenizer '${at('cut/tokenizer.json')}': has 22 tokens, and ${cut} knows 20. Is it another model's?`,
    );
    expect(await refusal(model, '--text', ' ')).toContain('--text: expected a value');
    expect(await refusal(model, '--text', '\u200b')).toBe('text: holds no token; is the text empty?');
    const alone = write('alone.onnx', bert());
    expect(await refusal(alone, '--text', 'good', '--shape', 'input_ids=1,5', '--feed', 'attention_mask=1', '--feed', 'token_type_ids=0')).toBe(
      `${alone}: takes ids of tokens, and there is no tokenizer.json that makes them from a text. Give --tokenizer, its path, or a folder in Hugging Face layout as the model.`,
    ); // prettier-ignore
    expect(await refusal(model, '--text', 'good', '--noise', 'token:zebra')).toBe(
      "--noise 'token:zebra': the tokenizer has no token 'zebra'. Give token:<token>, or token:<id>, for example token:103.",
    );
    expect(await refusal('tank', '--text', 'good')).toMatch(
      /^text: tank takes no text; its input 'x' is float32\[1,3,64,64\]\.$/,
    );
  });
});

test('a vocab.txt alone is the tokenizer that its tokenizer.json would be; what cannot be read is refused', async () => {
  mkdirSync(at('pieces'));
  const path = write('pieces/vocab.txt', `${PIECES.join('\r\n')}\n`);
  const [own, whole] = [await openTokenizer(at('pieces')), await openTokenizer(write('whole.json', JSON.stringify(tokenizerJson())))]; // prettier-ignore
  for (const text of ['GOOD films!', 'unbelievbad caf\u00e9', 'the film: [MASK] was'])
    expect(own.encode(text)).toEqual(whole.encode(text));
  expect([own.size, own.mask, own.pad]).toEqual([20, 4, 0]);
  expect(own.notes).toEqual([`the tokenizer is made of '${path}' by the rules of BERT (WordPiece); texts go in in lower case, as its pieces are`]); // prettier-ignore
  // Capital letters among the pieces, or a configuration, say that texts go in as they are.
  write('pieces/vocab.txt', [...PIECES.slice(0, 19), 'Film'].join('\n'));
  expect((await openTokenizer(at('pieces'))).encode('Film').tokens).toEqual(['[CLS]', 'Film', '[SEP]']);
  write('pieces/tokenizer_config.json', '{"do_lower_case":true}');
  expect((await openTokenizer(at('pieces'))).encode('Film').tokens).toEqual(['[CLS]', 'film', '[SEP]']);
  write('pieces/vocab.txt', 'good\nfilm\n');
  await expect(openTokenizer(at('pieces'))).rejects.toThrow(
    `Tokenizer '${path}': is no WordPiece vocabulary with one piece a line; it lacks [UNK] and [CLS] and [SEP]. Save the tokenizer as tokenizer.json`,
  );
  mkdirSync(at('sentence'));
  write('sentence/model.onnx', bert());
  write('sentence/spiece.model', 'x');
  expect(await refusal(at('sentence'), '--text', 'good', '--shape', 'input_ids=1,5', '--feed', 'attention_mask=1', '--feed', 'token_type_ids=0')).toBe(
    `${at('sentence')}: takes ids of tokens, and there is no tokenizer.json, but a spiece.model, which is not read, that makes them from a text. Save the tokenizer as tokenizer.json: save_pretrained of a fast tokenizer of transformers does.`,
  ); // prettier-ignore
});

test('pieces of words are joined by what vocabularies mark them with', async () => {
  mkdirSync(at('marks'));
  const json = { ...tokenizerJson(), post_processor: null };
  const path = write('marks/tokenizer.json', JSON.stringify(json));
  const tokenizer = await openTokenizer(path);
  expect(tokenizer.encode('Films unbeliev').words.map((w) => w.text)).toEqual(['films', 'unbeliev']);
  const metaspace = {
    ...json,
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true },
    decoder: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [['<unk>', 0], ['\u2581good', -1], ['ness', -2], ['\u2581film', -1], [',', -1], ['\u2581', -5]], // prettier-ignore
    },
    added_tokens: [],
  };
  const pieces = await openTokenizer(write('marks/tokenizer.json', JSON.stringify(metaspace)));
  expect(pieces.encode('goodness, film').words.map((w) => w.text)).toEqual(['goodness', ',', 'film']);
});

/** ids int64 [1,8] -> a table of 257 rows [.,2], mean over bytes -> Softmax: byte 0x7f decides for class 1. */
function byteModel(): Uint8Array {
  const g = new GraphBuilder();
  const ids = g.input('bytes', 'int64', ['batch', 8]);
  const table = new Float32Array(257 * 2);
  table.set([0, 40], 2 * 0x7f);
  for (let i = 0; i < 257; i++) if (i !== 0x7f) table[2 * i] = 1;
  g.append('Gather', [g.constant(float32(table, [257, 2]), 'table'), ids], ['embedded']);
  g.append('ReduceMean', ['embedded', g.ints([1])], ['mean'], { keepdims: 0 });
  g.append('Softmax', ['mean'], ['kind'], { axis: -1 });
  g.output('kind');
  return encodeModel(dialectModel(g.build()));
}

test('a file of any kind: its bytes are the tokens, and the one that decides is left', async () => {
  const model = write('bytes.onnx', byteModel());
  const file = write('program.bin', bytes(0x61, 0x7f, 0x45, 0x4c, 0x46));
  const { code, out, err } = await cli('audit', model, '--file', file, ...FLAGS, '--out', at('bytes'));
  expect(code).toBe(0);
  expect(out).toMatch(/what was left: '\\x7f' at 1 \(1 of the 8 tokens\)/);
  expect(err).toContain(
    "the file has 5 bytes; 3 more, up to the model's 8, are padding (256) and count among what can be replaced",
  );
  expect(readFileSync(at('bytes/program/tokens.html'), 'utf8')).toContain('<bdi>\\x7f</bdi>');
  expect(await refusal(model, '--file', write('empty', ''))).toBe(`File '${at('empty')}': is empty.`);
  expect(await refusal('tank', '--file', file)).toMatch(
    /^File '.*': tank takes no bytes; its input 'x' is float32\[1,3,64,64\]\.$/,
  );
});
