// A section of the page: how the mask came about, in words and as a table.
// lan-onnx audit model.onnx --image photo.jpg --plugin ./report-section.mjs
import { definePlugin } from 'lan-onnx';

export default definePlugin({
  name: 'learning',
  reportSections: [
    {
      name: 'learning',
      blocks({ document, masks }) {
        const rows = document.betas.map(({ beta, steps, stopped, maskMean }, i) => [
          beta,
          steps,
          stopped,
          maskMean,
          masks[i].data.length,
        ]);
        return [
          { type: 'heading', text: 'How the mask was learned' },
          { type: 'text', text: `Noise: ${document.settings.noise}; seed ${document.settings.seed}.` },
          {
            type: 'table',
            caption: 'One line for each beta',
            columns: [
              { name: 'beta', numeric: true },
              { name: 'steps', numeric: true },
              { name: 'stopped by' },
              { name: 'mean of the mask', numeric: true, percent: true },
              { name: 'values', numeric: true },
            ],
            rows,
          },
        ];
      },
    },
  ],
});
