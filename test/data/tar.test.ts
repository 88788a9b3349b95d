// Tar archives as POSIX, GNU and pax write them, and damaged or hostile ones.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { readArchive } from '../../src/data/tar.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** One entry: header (with a right checksum) and data, padded to blocks. */
function entry(name: string, data: Uint8Array, type = '0', prefix = '', size = data.length.toString(8)): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(size.padStart(11, '0'), 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\u000000', 257);
  header.write(prefix, 345);
  header.write(
    header
      .reduce((a, b) => a + b, 0)
      .toString(8)
      .padStart(6, '0') + '\u0000 ',
    148,
  );
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}
const END = Buffer.alloc(1024);
const archive = (...entries: Buffer[]): Buffer => Buffer.concat([...entries, END]);
const contents = (bytes: Uint8Array): [string, string][] =>
  readArchive(bytes, 'a.tar').map((f) => [f.name, new TextDecoder().decode(f.data)]);

describe('reads', () => {
  const plain = archive(
    entry('./a/b.txt', text('one')),
    entry('c', text(''), '\0'),
    entry('d.bin', text('x'.repeat(700)), '0', 'far/away'),
  );
  const found = [
    ['a/b.txt', 'one'],
    ['c', ''],
    ['far/away/d.bin', 'x'.repeat(700)],
  ];
  test('ustar, plain', () => expect(contents(plain)).toEqual(found));
  test('ustar, gzipped', () => expect(contents(gzipSync(plain))).toEqual(found));
  test('long names of GNU and pax, for the next file only', () => {
    const [gnu, pax] = ['g'.repeat(150), `p/${'q'.repeat(150)}`];
    const record = `path=${pax}\n`;
    const length = record.length + 4;
    const bytes = archive(
      ...[entry('././@LongLink', text(`${gnu}\0`), 'L'), entry('short', text('1'))],
      ...[entry('PaxHeader', text(`${length} ${record}`), 'x'), entry('short', text('2')), entry('last', text('3'))],
    );
    expect(contents(bytes)).toEqual([
      [gnu, '1'],
      [pax, '2'],
      ['last', '3'],
    ]);
  });
  test('files only: no folders, links, devices, global headers', () => {
    const others = ['5', '2', '1', '3', 'g'].map((type) => entry('other', text(''), type));
    expect(contents(archive(...others, entry('file', text('1'))))).toEqual([['file', '1']]);
  });
});

describe('refuses', () => {
  const refused = (bytes: Uint8Array, message: string, limit?: number): void =>
    expect(() => readArchive(bytes, 'a.tar', limit)).toThrow(new Error(message));
  const good = archive(entry('a', text('one')));
  test.each(['../a', '/a', 'b/../../a', 'C:\\a', 'b\\a', '.'])('the name %s', (name) =>
    refused(archive(entry(name, text(''))), `a.tar: the archive names the file '${name}', which is outside of it.`),
  );
  test('what is no archive', () => {
    refused(Buffer.alloc(600, 65), 'a.tar: no tar header at byte 0. Is it truncated, or another format?');
    refused(text('short'), 'a.tar: no end of the tar archive after 5 bytes. Is it truncated, or another format?');
    refused(Uint8Array.of(0x1f, 0x8b, 1), 'a.tar: not a readable gzip file. Is it truncated, or another format?');
  });
  test('what ends early', () => {
    refused(good.subarray(0, 514), "a.tar: file 'a' needs 3 bytes, 2 are left. Is the archive truncated?");
    refused(good.subarray(0, 1024), 'a.tar: no end of the tar archive after 1024 bytes. Is it truncated, or another format?');
    refused(gzipSync(good).subarray(0, 40), 'a.tar: not a readable gzip file. Is it truncated, or another format?');
  });
  test('a size that cannot be read, or that no file has', () => {
    refused(archive(entry('a', text(''), '0', '', '99')), "a.tar: 'a' has an unreadable size in its tar header.");
    refused(archive(entry('a', text(''), '0', '', '77777777777')), "a.tar: file 'a' needs 8589934591 bytes, 1024 are left. Is the archive truncated?"); // prettier-ignore
  });
  test('what unpacks to more than the limit', () =>
    refused(gzipSync(archive(entry('a', Buffer.alloc(100_000)))), 'a.tar: unpacks to more than 50000 bytes.', 50_000));
});
