// A Redis server of the test's own: on a free port of this machine, with a password, everything appended to a file before it is answered.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A server that can be killed and started again on what it has written. */
export interface RedisServer {
  readonly port: number;
  readonly password: string;
  /** The address of a queue on it, with or without the password. */
  queue(name: string): string;
  start(): Promise<void>;
  /** SIGKILL: no word is said, nothing more is written. */
  kill(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });

/** How a server lets in: by TLS alone with these files, and by a user of its own beside the default one, `USER`. */
export interface Secured {
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** A user whose password is that of the server, and who may do what a queue needs on keys of BullMQ alone. */
export const USER = 'jobs';

/** `folder`: where it keeps what it writes. */
export async function redisServer(folder: string, { tls }: Secured = {}): Promise<RedisServer> {
  const port = await freePort();
  const password = 'not-a-secret';
  const home = join(folder, 'redis');
  mkdirSync(home, { recursive: true });
  let child: ChildProcess | undefined;
  return {
    port,
    password,
    queue: (name) => (tls ? `rediss://${USER}@localhost:${port}/${name}` : `redis://127.0.0.1:${port}/${name}`),
    async start() {
      const way = tls
        ? ['--port', '0', '--tls-port', `${port}`, '--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-ca-cert-file', tls.ca, '--tls-auth-clients', 'no', '--user', USER, 'on', `>${password}`, '~bull:*', '&*', '+@all', '-@dangerous', '+info', '+client'] // prettier-ignore
        : ['--port', `${port}`];
      const args = [...way, '--bind', '127.0.0.1', '--dir', home, '--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--requirepass', password]; // prettier-ignore
      child = spawn('redis-server', args, { stdio: 'ignore' });
      while (!(await listens(port))) {
        if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
        await new Promise((done) => setTimeout(done, 50));
      }
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
