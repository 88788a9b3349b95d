// '@jest/globals' exists only in jest's sandbox; outside of it, globals.mjs takes its place.
const GLOBALS = new URL('./globals.mjs', import.meta.url).href;

export const resolve = (name, context, next) =>
  name === '@jest/globals' ? { url: GLOBALS, format: 'module', shortCircuit: true } : next(name, context);
