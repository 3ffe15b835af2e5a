import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface KeyAction {
  what: string;
  run: () => void;
}
export type Keys = Record<string, KeyAction>;

interface Layer {
  keys: { current: Keys };
}

const layers: Layer[] = [];
/** Counts up when a view puts its keys on or off, so that the list of keys is drawn anew. */
export const keysChanged = signal(0);

/** The keys of a view or part while it is on the page. One letter, or two after each other as `g p`. */
export function useKeys(keys: Keys): void {
  const now = useRef(keys);
  now.current = keys;
  // Before the next paint: what is seen answers to its keys.
  useLayoutEffect(() => {
    const layer = { keys: now };
    layers.push(layer);
    keysChanged.value += 1;
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      keysChanged.value += 1;
    };
  }, []);
}

/** The keys that hold now, those of the innermost part first, without the frame's own. */
export function keysNow(): [string, KeyAction][] {
  const found = new Map<string, KeyAction>();
  for (const layer of [...layers].slice(1).reverse()) {
    for (const [key, action] of Object.entries(layer.keys.current)) {
      if (!found.has(key)) found.set(key, action);
    }
  }
  return [...found];
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

let begun = '';
let begunAt = 0;

export function listenForKeys(): () => void {
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const pair = begun && Date.now() - begunAt < 1500 ? `${begun} ${event.key}` : '';
    begun = '';
    for (const layer of [...layers].reverse()) {
      const keys = layer.keys.current;
      const action = (pair && keys[pair]) || (!pair && keys[event.key]);
      if (action) {
        event.preventDefault();
        action.run();
        return;
      }
    }
    if (layers.some((layer) => Object.keys(layer.keys.current).some((key) => key.startsWith(`${event.key} `)))) {
      begun = event.key;
      begunAt = Date.now();
    }
  };
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}
