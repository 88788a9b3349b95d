// A method that asks the model nothing: what stands out from the mean of the input is called needed. A control to hold other methods against.
// lan-onnx compare model.onnx --image photo.jpg --plugin ./method.mjs --methods lan,gradcam,contrast
import { defineMethod, definePlugin } from 'lan-onnx';

const contrast = defineMethod({
  name: 'contrast',
  title: 'Contrast',
  reference: 'a plug-in',
  needs: 'nothing',
  defaults: {},
  explain(run) {
    const mean = run.x.reduce((a, b) => a + b, 0) / run.x.length;
    // One value an element of the input, folded to one an element of the mask.
    const away = run.x.map((v) => Math.abs(v - mean));
    return Promise.resolve(run.result(run.fold(away, 'mean')));
  },
});

export default definePlugin({ name: 'contrast', methods: [contrast] });
