// A preprocessing that a model was trained with and that no card can say: pixels to the power of 1 / 2.2, before mean and std.
// lan-onnx audit model.onnx --image photo.jpg --plugin ./preprocessing.mjs --preprocessing gamma
import { definePlugin } from 'lan-onnx';

export default definePlugin({
  name: 'gamma',
  preprocessing: [
    {
      name: 'gamma',
      // The floor keeps the slope finite at black, where a power below 1 is infinitely steep.
      append(g, x, { range }) {
        const part = g.op('Max', [g.mul(x, g.scalar(1 / range)), g.scalar(1e-3)]);
        return g.mul(g.op('Pow', [part, g.scalar(1 / 2.2)]), g.scalar(range));
      },
    },
  ],
});
