// A data set of a format of one's own: lines of JSON { label, pixels }, pixels being 0..255 in planes; the first line gives the shape.
// lan-onnx score model.onnx --data samples.pixels --plugin ./reader.mjs
import { readFileSync } from 'node:fs';
import { datasetOf, definePlugin, LanError } from 'lan-onnx';

export default definePlugin({
  name: 'pixels',
  readers: [
    {
      name: 'pixels',
      reads: (path) => path.endsWith('.pixels'),
      open(path) {
        const [head, ...lines] = readFileSync(path, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line));
        const size = head.shape.reduce((a, b) => a * b, 1);
        const wrong = lines.findIndex(({ pixels }) => pixels.length !== size);
        if (wrong >= 0) throw new LanError('data', `Dataset '${path}': line ${wrong + 2} has no ${size} pixels.`);
        const data = Uint8Array.from(lines.flatMap(({ pixels }) => pixels));
        const labels = lines.map(({ label }) => label);
        return datasetOf({ type: 'uint8', dims: [lines.length, ...head.shape], data }, labels, head.classes);
      },
    },
  ],
});
