// lan-onnx/jest-environment: a Node environment for jest whose typed arrays are the host's own: onnxruntime and sharp return host arrays, and
// jest's sandbox would otherwise have a second Float32Array for which `instanceof` is false.
const { TestEnvironment } = require('jest-environment-node');

const SHARED = [
  'ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'Uint8Array', 'Uint8ClampedArray', 'Int8Array', 'Uint16Array', 'Int16Array',
  'Uint32Array', 'Int32Array', 'BigInt64Array', 'BigUint64Array', 'Float32Array', 'Float64Array',
];

module.exports = class HostArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) this.global[name] = globalThis[name];
  }
};
