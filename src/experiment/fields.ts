// Fields of an experiment's config: what each may be, checked with zod.
import { z } from 'zod';
import { messageOf } from '../core/errors.js';
import { NOISE_HELP, SCHEDULES } from '../lan/choices.js';
import { parseLayers } from '../lan/notation.js';

/** Most samples, masks or permutations that a config may ask for. */
export const MOST = 1e6;
/** Most steps: a hundred times the paper's. */
export const MOST_STEPS = 1e7;
/** Side of the translated digits' pictures. */
export const CANVAS = 28;
/** Most pixels a side of the tanks' pictures. */
export const MOST_PIXELS = 512;

/** A whole number in [low, high]. */
export const whole = (low: number, high: number): z.ZodType<number> => {
  const error = `must be a whole number from ${low} to ${high}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
};
/** A number in (low, high]. */
export const above = (low: number, high: number): z.ZodType<number> => {
  const error = `must be a number above ${low}, at most ${high}`;
  return z.number({ error }).gt(low, { error }).max(high, { error });
};
/** A number in [low, high]. */
export const amount = (low: number, high: number): z.ZodType<number> => {
  const error = `must be a number from ${low} to ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
};
/** One number or more, in ascending order. */
export const list = (item: z.ZodType<number>): z.ZodType<number[]> => {
  const error = 'must be a list of numbers in ascending order';
  return z.array(item, { error }).refine((all) => all.length > 0 && all.every((v, i) => i === 0 || v > all[i - 1]!), { error });
};
/** A text that is not empty. */
export const text = z.string({ error: 'must be a text' }).min(1, { error: 'must be a text' });
/** An object of these fields and no others. */
export const section = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> =>
  z.strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'must be an object') });

/** Weight of a mask's mean; the paper's go up to 50. */
export const beta = above(0, 1000);
const NUMBER = '-?[0-9.]+(e-?[0-9]+)?';
const FAMILIES = new RegExp(
  `^(((uniform|gaussian)(:${NUMBER},${NUMBER})?)|constant:${NUMBER}|bootstrap(:.+)?|learned(:.+)?|blur(:${NUMBER})?)$`,
);
/** Noise without anything that is to be read first. */
export const noise = text.regex(FAMILIES, {
  error: `must be one of ${NOISE_HELP.replace(' | tokens', '').replaceAll(' | ', ', ')}`,
});
/** A network in the paper's notation, read now and not after hours. */
const networkOf = (written: (text: string) => string) =>
  text.check((context) => {
    try {
      parseLayers(written(context.value));
    } catch (error) {
      const message = `cannot be read (${messageOf(error).replace(/\.$/, '')})`;
      context.issues.push({ code: 'custom', input: context.value, message });
    }
  });
/** A network in the paper's notation. */
export const network = networkOf((written) => written);
/** A LAN in it, where `mask` stands for the number of mask elements. */
export const mask = networkOf((written) => written.replace(/\bmask\b/g, '1'));
/** How something is trained. */
export const train = {
  batch: whole(1, 4096),
  iterations: whole(1, MOST_STEPS),
  learningRate: above(0, 10),
  schedule: z.enum(SCHEDULES, { error: `must be one of ${SCHEDULES.join(', ')}` }),
};
/** How masks of single samples are learned (Eq. 4), and of how many. */
export const specific = {
  samples: whole(1, MOST),
  draws: whole(1, 1024),
  iterations: train.iterations,
  learningRate: train.learningRate,
  schedule: train.schedule,
};
/** The words of a list such as `gradient ig rise`. */
export const words = (list: string): string[] => list.split(/[\s,]+/).filter((w) => w !== '');

/** Some of these names, with spaces or commas between them. */
export const listOf = (names: readonly string[]): z.ZodType<string> =>
  z.string({ error: 'must be a text' }).refine((list) => words(list).length > 0 && words(list).every((w) => names.includes(w)), {
    error: `must name some of ${names.join(', ')}`,
  });
/** Several weights of a mask's mean, with spaces or commas between them. */
export const betas = z
  .string({ error: 'must be a text' })
  .refine((list) => words(list).length > 0 && words(list).every((w) => beta.safeParse(Number(w)).success), {
    error: 'must be numbers above 0, at most 1000, with spaces between them',
  });
/** A verdict's limit. */
export const limit = z.number({ error: 'must be a number' });
