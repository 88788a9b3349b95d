// lan-onnx serve [MODEL]: the page, until Ctrl-C.
import { serve } from '../../api/serve.js';
import type { ArgumentsOf } from '../command.js';
import { serve as definition } from '../commands/serve.js';
import { interruptible, type Io } from '../io.js';
import { noteTo } from '../model.js';

/** Prints the address and serves until it is told to stop. Errors are serve's. */
export async function run(argv: ArgumentsOf<typeof definition>, io: Io): Promise<void> {
  const interrupt = interruptible(io, 'closing the page');
  try {
    const { model, variant, card, image, port, open, webgpu } = argv;
    const page = await serve({ model, variant, card, image, port, open, webgpu, onNote: noteTo(io, definition) });
    io.out(`${page.url}\n`);
    if (io.terminal) io.err('Open this address in a browser. Ctrl-C ends it.\n');
    await new Promise<void>((told) => {
      if (interrupt.signal.aborted) told();
      interrupt.signal.addEventListener('abort', () => told());
    });
    await page.close();
  } finally {
    interrupt.stop();
  }
}
