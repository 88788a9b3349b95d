// tfjs behind one door: its core with the gradients of all kernels, and its backends. In dist/ this file is a bundle of what it imports, so that
// an install does not carry the tfjs packages, most of which are builds of the same code (docs/adr/0017).
import type { Tf } from '../../adapters/op.js';

/** Loads tfjs's core and registers the gradients of its kernels, which it does without. */
export async function loadTfjs(): Promise<Tf> {
  const tf: Tf = await import('@tensorflow/tfjs-core');
  // In Node only the union package registers the gradients.
  await import('@tensorflow/tfjs');
  return tf;
}

/** Loads a backend's package, which registers it with tfjs. Rejects where the package is not there: 'tensorflow' is optional. */
export async function loadBackend(backend: 'tensorflow' | 'wasm' | 'cpu'): Promise<void> {
  // A name in a variable: the optional package has to be absent at compile time too.
  const optional = '@tensorflow/tfjs-node';
  if (backend === 'tensorflow') await import(optional);
  else if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  else await import('@tensorflow/tfjs-backend-cpu');
}
