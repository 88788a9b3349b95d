// The squared Hellinger distance of the answers: half the sum over classes of (sqrt p - sqrt t)^2, which lies between 0 and 1.
// lan-onnx audit model.onnx --image photo.jpg --plugin ./output-loss.mjs --loss hellinger --beta 0.5
import { definePlugin } from 'lan-onnx';

export default definePlugin({
  name: 'hellinger',
  outputLosses: [
    {
      name: 'hellinger',
      terms(g, logP, target) {
        const difference = g.sub(g.op('Exp', [g.mul(logP, g.scalar(0.5))]), g.op('Sqrt', [target]));
        return g.mul(g.mul(difference, difference), g.scalar(0.5));
      },
    },
  ],
});
