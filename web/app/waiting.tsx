// What is waited for, for how long already, and a way out.
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** What is done at once needs no button. */
const SOON = 1;

/** `text` ends without a full stop. `cancel` ends the worker: while a kernel runs it hears nothing. */
export function Waiting({ text, cancel }: { readonly text: string; readonly cancel: () => void }): VNode {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const began = performance.now();
    setSeconds(0);
    const timer = setInterval(() => setSeconds(Math.floor((performance.now() - began) / 1000)), 250);
    return () => clearInterval(timer);
  }, [text]);
  return (
    <p class="quiet">
      {text} …
      {seconds >= SOON && (
        <>
          {' '}
          {seconds} s{' '}
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        </>
      )}
    </p>
  );
}
