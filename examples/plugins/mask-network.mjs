// A mask network that looks at the neighbourhood of each pixel: two convolutions, 5x5 and 1x1.
// lan-onnx train model.onnx --data photos/ --out lan.onnx --plugin ./mask-network.mjs --lan neighbourhood
import { definePlugin } from 'lan-onnx';

const WIDTH = 8;

export default definePlugin({
  name: 'neighbourhood',
  maskNetworks: [
    {
      name: 'neighbourhood',
      create([channels], [values]) {
        const parameters = [
          { name: 'near', dims: [WIDTH, channels, 5, 5], fan: [25 * channels, 25 * WIDTH] },
          { name: 'near.bias', dims: [WIDTH] },
          { name: 'mix', dims: [values, WIDTH, 1, 1], fan: [WIDTH, values] },
          { name: 'mix.bias', dims: [values] },
        ];
        return {
          parameters,
          // Logits [batch, values, height, width]; the mask is their sigmoid.
          append(g, x, named) {
            const near = g.op('Conv', [x, named['near'], named['near.bias']], { kernel_shape: [5, 5], pads: [2, 2, 2, 2] });
            return g.op('Conv', [g.op('Tanh', [near]), named['mix'], named['mix.bias']], { kernel_shape: [1, 1] });
          },
        };
      },
    },
  ],
});
