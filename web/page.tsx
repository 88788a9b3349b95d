// A whole document, and the choice of the component for each of its blocks.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Block, Choice, Details, ReportDocument } from '../src/report/page/document.js';
import { Gallery } from './blocks/gallery.js';
import { Pictures } from './blocks/pictures.js';
import { Plot } from './blocks/plot.js';
import { Replace } from './blocks/replace.js';
import { Table } from './blocks/table.js';
import { Caution, Code, Facts, Text, Verdicts } from './blocks/text.js';
import { Words } from './blocks/words.js';
import { Images } from './images.js';

/** The page. */
export const Page = ({ report }: { readonly report: ReportDocument }): VNode => (
  <Images.Provider value={report.images}>
    <main>
      <header>
        <p class="kicker">lan-onnx {report.command}</p>
        <h1>{unbroken(report.claim)}</h1>
        <p class="about">{report.title}</p>
        {report.cautions.map((text) => (
          <Caution key={text} text={text} />
        ))}
      </header>
      <Blocks blocks={report.blocks} />
      <footer>
        <p>Made by lan-onnx {report.version}. This page is complete in itself: it loads nothing and sends nothing.</p>
      </footer>
    </main>
  </Images.Provider>
);

/** What a document says, within another page. */
export const Finding = ({ report }: { readonly report: ReportDocument }): VNode => (
  <Images.Provider value={report.images}>
    <p class="claim finding">{unbroken(report.claim)}</p>
    {report.cautions.map((text) => (
      <Caution key={text} text={text} />
    ))}
    <Blocks blocks={report.blocks} />
  </Images.Provider>
);

/** No line ends between a number and its percent sign. */
const unbroken = (text: string): string => text.replaceAll(' %', '\u00a0%');

const Blocks = ({ blocks }: { readonly blocks: readonly Block[] }): VNode => (
  <>
    {blocks.map((block, i) => (
      <One key={i} block={block} />
    ))}
  </>
);

function One({ block }: { readonly block: Block }): VNode {
  switch (block.type) {
    case 'heading':
      return <h2>{block.text}</h2>;
    case 'text':
      return <Text {...block} />;
    case 'pictures':
      return <Pictures {...block} />;
    case 'replace':
      return <Replace {...block} />;
    case 'words':
      return <Words {...block} />;
    case 'plot':
      return <Plot {...block} />;
    case 'table':
      return <Table {...block} />;
    case 'gallery':
      return <Gallery {...block} />;
    case 'verdicts':
      return <Verdicts {...block} />;
    case 'facts':
      return <Facts {...block} />;
    case 'code':
      return <Code {...block} />;
    case 'choice':
      return <Chosen {...block} />;
    case 'details':
      return <Folded {...block} />;
  }
}

const Folded = ({ summary, blocks }: Details): VNode => (
  <details>
    <summary>{summary}</summary>
    <Blocks blocks={blocks} />
  </details>
);

function Chosen({ label, options }: Choice): VNode {
  const [at, setAt] = useState(0);
  const { name, blocks } = options[at]!;
  return (
    <>
      <div class="control choice">
        <label>
          <span>
            {label}: <b>{name}</b>
          </span>
          <input
            type="range"
            min={0}
            max={options.length - 1}
            value={at}
            aria-valuetext={`${label} ${name}`}
            onInput={(e) => setAt(Number(e.currentTarget.value))}
          />
        </label>
      </div>
      <Blocks key={at} blocks={blocks} />
    </>
  );
}
