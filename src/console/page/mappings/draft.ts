import { useState } from 'preact/hooks';

export interface Draft {
  /** What differs from the configuration it began from. */
  files: { name: string; text: string }[];
  textOf: (name: string) => string | undefined;
  put: (name: string, text: string, original: string) => void;
  discard: () => void;
}

function kept(key: string): Record<string, string> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

/** Changed files of one configuration. They outlive a reload of the page, not the browser's session. */
export function useDraft(parent: string): Draft {
  const key = `labrelay.draft.${parent}`;
  const [state, setState] = useState({ key, texts: kept(key) });
  if (state.key !== key) setState({ key, texts: kept(key) });
  const change = (texts: Record<string, string>) => {
    setState({ key, texts });
    if (Object.keys(texts).length) sessionStorage.setItem(key, JSON.stringify(texts));
    else sessionStorage.removeItem(key);
  };
  return {
    files: Object.entries(state.texts).map(([name, text]) => ({ name, text })),
    textOf: (name) => state.texts[name],
    put: (name, text, original) => {
      const texts = { ...state.texts, [name]: text };
      if (text === original) delete texts[name];
      change(texts);
    },
    discard: () => change({}),
  };
}
