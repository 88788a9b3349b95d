// The largest differences that count as agreement.

/**
 * Forward: float32 sums in another order differ by about 1e-6 a layer, 1e-4 leaves room for deep nets. Half, of files that compute in float16:
 * twelve networks differ by 2e-4 to 6e-4 where onnxruntime has no float16 kernels and rounds at few places (x86); where it has (ARM), each layer
 * adds a random 5e-4 (11 bits), ten times that after a hundred.
 * Quantised, of files that round to 8 bits on the way: onnxruntime fuses what lies between quantisers into kernels that add in integers, so that
 * a number next to a half is rounded the other way, by a step of 1/255 of its range; five such steps. Where the engines round differently too, a
 * ReLU behind it may open in one of them only: there their directions are compared, and without the rounding both strictly.
 * Between engines: a ReLU or pooling tie that falls the other way changes single elements. Differences: float32 noise and curvature leave
 * two to three digits.
 */
export const TOLERANCES = {
  forward: 1e-4,
  half: 5e-3,
  quantised: 2e-2,
  gradient: 1e-3,
  cosine: 0.9999,
  quantisedCosine: 0.99,
  finiteDifference: 1e-2,
} as const;
