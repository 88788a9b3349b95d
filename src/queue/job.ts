// What a job carries, and what is given back for it: names of contents by their SHA-256 and nothing that could be run.
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../core/errors.js';

/** Raised where a worker of before could not do a job as it is now. */
export const FORM = 1;

/** Sixty-four hexadecimal digits. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256');

/** A job: one input. */
export const Job = z.strictObject({
  form: z.int(),
  /** Of lan-onnx, the one that put it there; another one gives other numbers. */
  version: z.string().max(40),
  /** The run that it belongs to. */
  run: z.string().regex(/^[\w-]{1,40}$/, 'must be the name of a run'),
  /** What the input is called; a text that is shown and opened by nobody. */
  label: z.string().max(4096),
  /** Of the settings that all jobs of a run share. */
  setup: Sha256,
  /** Of the input. */
  input: Sha256,
});

/** A job, one input. */
export type Job = Readonly<z.infer<typeof Job>>;

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

/** What became of it: the content of its folder, or why the input cannot be explained. */
export const Outcome = z.union([
  z.strictObject({ result: Sha256, bytes: z.int().min(0), worker: z.string().max(200), seconds: z.number().min(0) }),
  z.strictObject({
    error: z.strictObject({ code: z.enum(codes), problem: z.string(), advice: z.string().optional(), problems: z.array(z.string()).optional() }), // prettier-ignore
    worker: z.string().max(200),
    seconds: z.number().min(0),
  }),
]);

/** What became of a job. */
export type Outcome = Readonly<z.infer<typeof Outcome>>;
