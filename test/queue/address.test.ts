// Addresses of queues: taken apart, and never shown with their password.
import { expect, test } from '@jest/globals';
import { LanError } from '../../src/core/errors.js';
import { readAddress } from '../../src/queue/address.js';

test('host, port, name, TLS, user, password and database are told apart', () => {
  expect(readAddress('redis://queue.example/nightly', {})).toEqual({ host: 'queue.example', port: 6379, name: 'nightly', tls: false, db: 0, shown: 'redis://queue.example/nightly' }); // prettier-ignore
  expect(readAddress('rediss://me:p%40ss@[::1]:6380/a.b-c_1?db=3', { REDIS_PASSWORD: 'other' })).toEqual({ host: '::1', port: 6380, name: 'a.b-c_1', tls: true, username: 'me', password: 'p@ss', db: 3, shown: 'rediss://[::1]:6380/a.b-c_1' }); // prettier-ignore
  expect(readAddress('redis://100%:5%zz@h/q', {})).toMatchObject({ username: '100%', password: '5%zz' });
  expect(readAddress('redis://h/q', { REDIS_PASSWORD: 'from-env' })).toMatchObject({ password: 'from-env' });
});

const problemOf = (text: string): string => {
  try {
    readAddress(text, {});
  } catch (error) {
    return (error as LanError).problem;
  }
  return 'none';
};

test.each([
  ['http://h/q', "`queue`: expected redis://host/name, or rediss://host/name with TLS, received 'http://h/q'."],
  ['localhost', "`queue`: expected redis://host/name, or rediss://host/name with TLS, received 'localhost'."],
  ['redis://', "`queue`: expected redis://host/name, or rediss://host/name with TLS, received 'redis://'."],
  ['http://me:hunter2@h/q', "`queue`: expected redis://host/name, or rediss://host/name with TLS, received 'http://h/q'."],
  ['redis://me:hunter2@h', "`queue`: expected a name of letters, digits, '.', '_' and '-' behind the host, as in redis://host/nightly, received 'redis://h'."], // prettier-ignore
  ['redis://me:hunter2@h/a:b', "`queue`: expected a name of letters, digits, '.', '_' and '-' behind the host, as in redis://host/nightly, received 'redis://h/a:b'."], // prettier-ignore
  ['redis://me:12/ss@h/nightly', "`queue`: expected a name of letters, digits, '.', '_' and '-' behind the host, as in redis://host/nightly, received 'redis://h/nightly'."], // prettier-ignore
  ['redis://h/%zz', "`queue`: expected a name of letters, digits, '.', '_' and '-' behind the host, as in redis://host/nightly, received 'redis://h/%zz'."], // prettier-ignore
  ['redis://h/q?db=x', "`queue`: expected a whole number as the database (db=0), received 'x'."],
])('%s is refused', (text, problem) => expect(problemOf(text)).toBe(problem));
