// swc for jest, with the globals of hot loops bound in each module: in jest's sandbox every mention of a global is looked up by an interceptor,
// some hundred times slower than a module's own name, and loops over weights mention Math a million times.
const { createTransformer } = require('@swc/jest');

const NAMES = ['Math', 'Number', 'Array', 'Object', 'Float32Array', 'Float64Array', 'Uint8Array', 'Int32Array', 'Uint32Array'];
// On the first line, so that lines in messages stay true.
const BOUND = `const { ${NAMES.join(', ')} } = globalThis; `;

module.exports = {
  createTransformer(options) {
    const swc = createTransformer(options);
    const bind = (made) => ({ ...made, code: BOUND + made.code });
    return {
      ...swc,
      process: (...args) => bind(swc.process(...args)),
      processAsync: async (...args) => bind(await swc.processAsync(...args)),
      getCacheKey: (...args) => `${swc.getCacheKey?.(...args)}-${BOUND.length}`,
    };
  },
};
