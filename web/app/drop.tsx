// Where files come in: anywhere on the page by dropping, or by buttons for the keyboard and for phones.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { dropped, picked, type Handed } from './dropped.js';

/** Takes drops on the whole window; gives whether something is held over it. */
export function useDrop(take: (handed: Handed) => void): boolean {
  const [over, setOver] = useState(false);
  const taken = useRef(take);
  taken.current = take;
  useEffect(() => {
    const held = (event: DragEvent): void => {
      event.preventDefault();
      setOver(true);
    };
    const left = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const fell = (event: DragEvent): void => {
      event.preventDefault();
      setOver(false);
      if (event.dataTransfer) void dropped(event.dataTransfer).then(taken.current);
    };
    addEventListener('dragover', held);
    addEventListener('dragleave', left);
    addEventListener('drop', fell);
    return () => {
      removeEventListener('dragover', held);
      removeEventListener('dragleave', left);
      removeEventListener('drop', fell);
    };
  }, []);
  return over;
}

/** A button that opens the browser's choice of files. */
export function Pick({
  text,
  accept,
  folder = false,
  several = false,
  main = false,
  take,
}: {
  readonly text: string;
  readonly accept?: string;
  readonly folder?: boolean;
  readonly several?: boolean;
  readonly main?: boolean;
  readonly take: (handed: Handed) => void;
}): VNode {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={main ? 'main' : ''} onClick={() => field.current!.click()}>
        {text}
      </button>
      <input
        ref={field}
        type="file"
        hidden
        aria-label={text}
        accept={accept}
        multiple={several}
        {...(folder ? { webkitdirectory: true } : {})}
        onChange={({ currentTarget }) => {
          if (currentTarget.files && currentTarget.files.length > 0) take(picked(currentTarget.files));
          // The same file can be picked again.
          currentTarget.value = '';
        }}
      />
    </>
  );
}
