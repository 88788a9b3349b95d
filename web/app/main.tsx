// Starts the page.
import { render } from 'preact';
import { App } from './app.js';
import '../style.css';
import './app.css';

const root = document.getElementById('page')!;
root.replaceChildren();
render(<App />, root);
