// The pictures of a document, by name.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

/** `data:` URLs by name. */
export const Images = createContext<Readonly<Record<string, string>>>({});

/** The URL of a picture. */
export const useImage = (name: string): string => useContext(Images)[name] ?? '';
