// How much of what is needed lies in the middle of a picture: the part of the need within the central half of both sides.
// lan-onnx audit model.onnx --image photo.jpg --plugin ./metric.mjs --fail-on 'central<0.2'
import { definePlugin } from 'lan-onnx';

export default definePlugin({
  name: 'central',
  metrics: [
    {
      name: 'central',
      better: 'higher',
      definition: 'the part of the need that lies within the central half of height and width',
      measure({ need }) {
        const [height, width] = need.dims.slice(-2);
        const inside = (i, n) => i >= n / 4 && i < (3 * n) / 4;
        let [all, middle] = [0, 0];
        need.data.forEach((v, i) => {
          all += v;
          if (inside(Math.floor(i / width) % height, height) && inside(i % width, width)) middle += v;
        });
        return all === 0 ? 0 : middle / all;
      },
    },
  ],
});
