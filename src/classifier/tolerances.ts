// The largest differences that count as agreement.

/**
 * Forward: float32 sums in another order differ by about 1e-6 a layer, 1e-4 leaves room for deep nets. Half, of files that compute in float16:
 * twelve networks differ by 2e-4 to 6e-4 where onnxruntime has no float16 kernels and rounds at few places (x86); where it has (ARM), each layer
 * adds a random 5e-4 (11 bits), ten times that after a hundred.
 * Between engines: a ReLU or pooling tie that falls the other way changes single elements. Differences: float32 noise and curvature leave
 * two to three digits.
 */
export const TOLERANCES = { forward: 1e-4, half: 5e-3, gradient: 1e-3, cosine: 0.9999, slope: 1e-2 } as const;
