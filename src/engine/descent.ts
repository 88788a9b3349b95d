// Descents: on a program that only gives gradients, with Adam in JavaScript; and on one that holds the whole step, with two sets of buffers.
import { adamFactors, adamUpdate } from '../core/adam.js';
import { LanError } from '../core/errors.js';
import { float32, scalar, sizeOf, toFloat32, type Tensor } from '../core/tensor.js';
import { FLOOR, SCALE, type StateNames } from '../compile/descend.js';
import { gradientOf, type Descent, type DescentState, type Parameter, type Program } from './engine.js';

/** Where the parameter is in the list. Throws LanError when there is none of this name. */
function indexOf(parameters: readonly Parameter[], name: string): number {
  const index = parameters.findIndex((q) => q.name === name);
  if (index < 0)
    throw new LanError('usage', `'${name}' is no parameter; there are: ${parameters.map((q) => q.name).join(', ')}.`);
  return index;
}

function checked(parameters: readonly Parameter[], values: Readonly<Record<string, Float32Array>>): void {
  for (const [name, value] of Object.entries(values)) {
    const p = parameters[indexOf(parameters, name)]!;
    if (value.length !== sizeOf(p.dims))
      throw new LanError('usage', `Parameter '${name}' of shape [${p.dims.join(',')}] was given ${value.length} values.`);
  }
}

const PREFIXES = ['', 'm:', 'v:'] as const;

/** The state of each parameter, [value, m, v] in this order, under its names in a saved state. */
const saved = (steps: number, parameters: readonly Parameter[], arrays: readonly (readonly Float32Array[])[]): DescentState => ({
  steps,
  tensors: Object.fromEntries(
    parameters.flatMap((p, i) => PREFIXES.map((prefix, k) => [prefix + p.name, float32(arrays[i]![k]!.slice(), p.dims)])),
  ),
});

/** The other way round: writes into the arrays. */
function restored(
  { steps, tensors }: DescentState,
  parameters: readonly Parameter[],
  arrays: readonly (readonly Float32Array[])[],
): void {
  if (!(Number.isSafeInteger(steps) && steps >= 0)) throw new LanError('data', `A descent cannot go on from step ${steps}.`);
  const values = parameters.map((p) =>
    PREFIXES.map((prefix) => {
      const t = tensors[prefix + p.name];
      if (t?.dims.join() !== p.dims.join())
        throw new LanError(
          'data',
          `The saved state has ${t ? `'${prefix + p.name}' of shape [${t.dims.join(',')}]` : `no '${prefix + p.name}'`}; expected [${p.dims.join(',')}].`,
        );
      return toFloat32(t);
    }),
  );
  values.forEach((triple, i) => triple.forEach((value, k) => arrays[i]![k]!.set(value)));
}

/** Adam around programs that give outputs and the gradients of `names`, one after the other; the outputs are those of the first. */
export function descentOnGradients(
  turns: readonly { readonly program: Program; readonly names: readonly string[] }[],
  parameters: readonly Parameter[],
  outputs: readonly string[],
): Descent {
  const [{ program }] = turns as readonly [(typeof turns)[number]];
  const states = parameters.map((p) => {
    const make = (): Float32Array => new Float32Array(sizeOf(p.dims));
    return { ...p, value: make(), m: make(), v: make() };
  });
  let t = 0;
  const arrays = (): Float32Array[][] => states.map((s) => [s.value, s.m, s.v]);
  const fed = (feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> => ({
    ...feeds,
    ...Object.fromEntries(states.map((s) => [s.name, float32(s.value, s.dims)])),
  });
  const only = (all: Record<string, Tensor>, wanted: readonly string[]): Record<string, Tensor> =>
    Object.fromEntries(wanted.map((name) => [name, all[name]!]));
  return {
    async step(feeds, learningRate) {
      const number = t + 1;
      let first: Record<string, Tensor> | undefined;
      for (const { program, names } of turns) {
        const results = await program.run(fed(feeds));
        first ??= results;
        for (const s of states)
          if (names.includes(s.name))
            adamUpdate(s.value, toFloat32(results[gradientOf(s.name)]!), s, adamFactors(number, learningRate * (s.pace ?? 1)));
      }
      // Only now: a step that failed has not been taken.
      t = number;
      return only(first!, outputs);
    },
    evaluate: async (feeds, wanted) => only(await program.run(fed(feeds)), wanted),
    get: (name) => Float32Array.from(states[indexOf(parameters, name)]!.value),
    reset(values = {}) {
      checked(parameters, values);
      t = 0;
      for (const s of states) {
        s.m.fill(0);
        s.v.fill(0);
        s.value.fill(0);
        const value = values[s.name];
        if (value) s.value.set(value);
      }
    },
    save: () => saved(t, states, arrays()),
    restore(state) {
      restored(state, states, arrays());
      t = state.steps;
    },
    dispose: async () => void (await Promise.all(turns.map((turn) => turn.program.dispose()))),
  };
}

/** Runs once; results of names in `into` are written to these arrays, the others come back new. */
export type RunInto = (
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly string[],
  into: Readonly<Record<string, Tensor>>,
) => Promise<Record<string, Tensor>>;

/** Adam within the program (compile/descend.ts): state is read from one set of buffers and written to the other, then they change places. */
export function descentOnSteps(
  run: RunInto,
  states: readonly StateNames[],
  outputs: readonly string[],
  dispose: () => Promise<void>,
): Descent {
  const buffers = (): Tensor[][] => states.map((s) => s.now.map(() => float32(new Float32Array(sizeOf(s.dims)), s.dims)));
  let current = buffers();
  let spare = buffers();
  let t = 0;
  const parameters = states.map((s) => ({ name: s.parameter, dims: s.dims }));
  const arrays = (): Float32Array[][] => current.map((tensors) => tensors.map((tensor) => tensor.data as Float32Array));
  const named = (which: 'now' | 'next', tensors: Tensor[][]): Record<string, Tensor> =>
    Object.fromEntries(states.flatMap((s, i) => s[which].map((name, k) => [name, tensors[i]![k]!])));
  const factors = (step: number, rate: number): Record<string, Tensor> => {
    const { scale, floor } = adamFactors(step, rate);
    return { [SCALE]: scalar(scale), [FLOOR]: scalar(floor) };
  };
  return {
    async step(feeds, learningRate) {
      const results = await run(
        { ...feeds, ...named('now', current), ...factors(t + 1, learningRate) },
        outputs,
        named('next', spare),
      );
      // Only now: a step that failed has not been taken.
      t++;
      [current, spare] = [spare, current];
      return results;
    },
    evaluate: (feeds, wanted) => run({ ...feeds, ...named('now', current), ...factors(1, 0) }, wanted, {}),
    get: (name) => Float32Array.from(toFloat32(current[indexOf(parameters, name)]![0]!)),
    reset(values = {}) {
      checked(parameters, values);
      t = 0;
      states.forEach((s, i) => {
        for (const tensor of current[i]!) (tensor.data as Float32Array).fill(0);
        const value = values[s.parameter];
        if (value) (current[i]![0]!.data as Float32Array).set(value);
      });
    },
    save: () => saved(t, parameters, arrays()),
    restore(state) {
      restored(state, parameters, arrays());
      t = state.steps;
    },
    dispose,
  };
}
