// protobufjs writes functions for each message type as text and evaluates it, which the security policy of a page forbids. For bundles they are written
// beforehand: the same texts, recorded here, are part of the bundle as functions.
import { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const CODEGEN = /protobufjs[\\/]src[\\/]util[\\/]codegen\.js$/;

/** protobufjs's own generator, its two calls of Function replaced by `made(source, names of the scope, values of the scope)`. */
function generator(made) {
  const text = readFileSync(require.resolve('protobufjs/src/util/codegen.js'), 'utf8');
  const replaced = text
    .replace('return Function.apply(null, scopeParams).apply(null, scopeValues);', 'return made(source, scopeKeys, scopeValues);')
    .replace('return Function(source)();', 'return made(source, [], []);');
  if (replaced.includes('Function(source)') || replaced.includes('Function.apply'))
    throw new Error('protobufjs generates its code in another way.');
  return `${made}\n${replaced}`;
}

const stand = (name, contents) => ({
  name,
  setup: (bundle) => bundle.onLoad({ filter: CODEGEN }, async () => ({ contents: await contents(), loader: 'js' })),
});

/** What is generated for the types of src/onnx/schema.ts: texts, and the names that each finds around it. */
async function recorded() {
  const RECORD = `function made(source, names, values) {
    (globalThis.recorded ??= new Map()).set(source, names);
    return new Function(...names, source)(...values);
  }`;
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as schema from './schema.ts';
        const all = [];
        const walk = (type) => { if (all.includes(type)) return; all.push(type); type.setup(); void type.ctor; for (const f of type.fieldsArray) if (f.resolvedType?.setup) walk(f.resolvedType); };
        for (const type of Object.values(schema)) if (type?.setup) { walk(type); type.decode(new Uint8Array()); }
        export default [...globalThis.recorded];`,
      resolveDir: join(root, 'src/onnx'),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    // protobufjs asks for packages that may be there.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(import.meta.url)});`,
    },
    plugins: [stand('recording', () => generator(RECORD))],
    logLevel: 'error',
  });
  const { default: texts } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
  delete globalThis.recorded;
  return texts;
}

/** A text by its length and FNV-1a hash, so that no text is in the bundle twice. */
function keyOf(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return `${text.length} ${hash >>> 0}`;
}

/** Of what is generated for a type only these are ever called: not the conversions to and from plain objects. */
const CALLED = /^return function \w*(\$encode|\$decode|\$ctor|)\(/;

/** For esbuild: protobufjs without code that is evaluated. */
export const withoutEvaluation = stand('generated', async () => {
  const texts = (await recorded()).filter(([source]) => CALLED.test(source));
  if (new Set(texts.map(([source]) => keyOf(source))).size < texts.length) throw new Error('Two texts have one key.');
  const table = texts.map(([source, names]) => `${JSON.stringify(keyOf(source))}: (${names.join(', ')}) => { ${source} }`);
  return generator(`const table = { ${table.join(',\n')} };
  ${keyOf}
  function made(source, names, values) {
    const key = keyOf(source);
    if (Object.hasOwn(table, key)) return table[key](...values);
    return () => { throw new Error('This part of protobufjs is not in the bundle.'); };
  }`);
});
