// The page of a report: reads the document that a command has written into it, and draws it.
import { render } from 'preact';
import type { ReportDocument } from '../src/report/page/document.js';
import { Page } from './page.js';
import './style.css';

const report = JSON.parse(document.getElementById('document')!.textContent) as ReportDocument;
const root = document.getElementById('page')!;
root.replaceChildren();
document.title = report.title;
render(<Page report={report} />, root);

// On paper nothing can be unfolded.
let unfolded: HTMLDetailsElement[] = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
  for (const details of unfolded) details.open = true;
});
addEventListener('afterprint', () => {
  for (const details of unfolded) details.open = false;
});
