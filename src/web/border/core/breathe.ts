// Time for whoever else waits for this thread.
const waiting: (() => void)[] = [];
// Timers are slowed down to one in 4 ms where they follow each other; messages are not.
const { port1, port2 } = new MessageChannel();
port1.addEventListener('message', () => waiting.shift()?.());
port1.start();

/** Lets timers and messages in: a step of WebAssembly blocks the thread. */
export const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    port2.postMessage(undefined);
  });
