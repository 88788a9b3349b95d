// Noise that multiplies: each element of the input times a normal number of mean 1, clipped to the plausible range.
// lan-onnx audit model.onnx --image photo.jpg --plugin ./noise.mjs --noise speckle:0.5
import { definePlugin, LanError } from 'lan-onnx';

export default definePlugin({
  name: 'speckle',
  noise: [
    {
      name: 'speckle',
      usage: 'speckle[:deviation]',
      create(parameters, { x, low, high }) {
        const deviation = parameters === '' ? 1 : Number(parameters);
        if (!(deviation > 0)) throw new LanError('usage', `\`noise\` 'speckle:${parameters}': expected a deviation above 0.`);
        const values = Float32Array.from(x.data);
        return {
          name: `speckle:${deviation}`,
          random: true,
          // `out` holds whole samples; the same `draw` of the same stream gives the same numbers.
          fill(out, stream, draw) {
            stream.normal(out, draw, 1, deviation);
            for (let i = 0; i < out.length; i++) out[i] = Math.min(high, Math.max(low, out[i] * values[i % values.length]));
          },
        };
      },
    },
  ],
});
