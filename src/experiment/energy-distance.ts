// How far two sets of samples are apart: the energy distance (Szekely and Rizzo, 2013).

/** 2 E|A - B| / E|B - B'| - E|A - A'| / E|B - B'| - 1 of samples a and b, one after the other, `size` numbers each: 0 in expectation where both are distributed alike. */
export function energyDistance(a: Float32Array, b: Float32Array, size: number): number {
  const unit = meanDistance(b, b, size);
  return (2 * meanDistance(a, b, size) - meanDistance(a, a, size)) / unit - 1;
}

/** Mean Euclidean distance of all pairs; of a set and itself without those of a sample and itself. */
function meanDistance(a: Float32Array, b: Float32Array, size: number): number {
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < a.length; i += size)
    for (let j = 0; j < b.length; j += size) {
      if (a === b && i === j) continue;
      let squares = 0;
      for (let k = 0; k < size; k++) squares += (a[i + k]! - b[j + k]!) ** 2;
      sum += Math.sqrt(squares);
      pairs++;
    }
  return sum / pairs;
}
