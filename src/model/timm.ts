// What timm's config.json says of a model's input: its pretrained_cfg.
import { z } from 'zod';
import { LanError } from '../core/errors.js';
import type { Resample } from '../data/resize.js';
import type { InputCard } from './card.js';

const three = z.array(z.number()).length(3).optional();
const side = z.int().positive();

/** The fields of config.json that count; those of a model for transformers are not among them. */
export const TimmConfig = z.looseObject({
  input_size: z.tuple([side, side, side]).optional(),
  mean: three,
  std: three,
  crop_pct: z.number().positive().optional(),
  crop_mode: z.string().optional(),
  interpolation: z.string().optional(),
});

/** timm's own where a field is not there: ImageNet's mean and std, bicubic, the middle 7/8 (timm.data.constants). */
const DEFAULTS = { input_size: [3, 224, 224], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], crop_pct: 0.875, interpolation: 'bicubic', crop_mode: 'center' } as const; // prettier-ignore

const RESAMPLE: Readonly<Record<string, Resample>> = { bilinear: 'bilinear', bicubic: 'bicubic', lanczos: 'lanczos', nearest: 'nearest', box: 'box', hamming: 'hamming' }; // prettier-ignore

/**
 * How pictures go in by a pretrained_cfg, as timm.data.create_transform prepares them for evaluation: RGB in 0..1, resized to the size over crop_pct
 * (rounded down), the middle kept. Throws LanError (`data`) for an interpolation or a crop_mode that is not known. `path`: of the file, for messages.
 */
export function inputOfTimm(given: z.infer<typeof TimmConfig>, path: string): Partial<InputCard> {
  const cfg = { ...DEFAULTS, ...given };
  const resample = RESAMPLE[cfg.interpolation];
  if (!resample)
    throw new LanError('data', `Config '${path}': pretrained_cfg.interpolation '${cfg.interpolation}' is none of ${Object.keys(RESAMPLE).join(', ')}.`); // prettier-ignore
  if (cfg.crop_mode !== 'center' && cfg.crop_mode !== 'squash')
    throw new LanError('data', `Config '${path}': pretrained_cfg.crop_mode '${cfg.crop_mode}' is neither center nor squash.`, 'Say how pictures go in with `card`.'); // prettier-ignore
  const [, height, width] = cfg.input_size;
  const [tall, wide] = [Math.floor(height / cfg.crop_pct), Math.floor(width / cfg.crop_pct)];
  const whole = cfg.crop_mode === 'squash' || height !== width;
  return {
    channels: 'RGB',
    range: 1,
    mean: cfg.mean,
    std: cfg.std,
    size: [height, width],
    resize: whole ? [tall, wide] : tall,
    resample,
  };
}
