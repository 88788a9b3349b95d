// What any method has to beat: chance, and the middle of the picture.
import { random, STREAMS } from '../core/random.js';
import { isTokens } from './cam.js';
import { defineMethod } from './method.js';

/** A random order of the mask's elements. No pass. */
export const randomNeed = defineMethod<object>({
  name: 'random',
  title: 'Random',
  reference: 'a baseline',
  needs: 'nothing',
  defaults: {},
  explain: (run) => {
    const stream = random(run.problem.seed, STREAMS.randomNeed);
    return Promise.resolve(run.result(stream.uniform(new Float32Array(run.places), 0)));
  },
});

/** The nearer to the middle, the more needed: minus the distance, along each axis in units of its length. No pass. */
export const centre = defineMethod<object>({
  name: 'centre',
  title: 'Centre',
  reference: 'a baseline',
  needs: 'nothing',
  defaults: {},
  explain: (run) => {
    const { maskDims, scorer } = run.problem;
    const lengths = isTokens(maskDims, scorer.scored.sampleShape) ? maskDims.slice(0, 2) : maskDims;
    // Of [1,C,H,W] the places; of any other shape all axes.
    const axes = lengths.length === 4 ? [2, 3] : lengths.map((_, i) => i).slice(1);
    const need = Float32Array.from({ length: run.places }, (_, index) => {
      let sum = 0;
      for (let axis = lengths.length - 1, rest = index; axis >= 0; axis--) {
        const length = lengths[axis]!;
        if (axes.includes(axis)) sum += (((rest % length) + 0.5) / length - 0.5) ** 2;
        rest = Math.floor(rest / length);
      }
      return -Math.sqrt(sum);
    });
    return Promise.resolve(run.result(need));
  },
});
