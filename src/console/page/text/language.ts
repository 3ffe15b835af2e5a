import { signal } from '@preact/signals';

export type Language = 'en' | 'zh';

function first(): Language {
  const kept = localStorage.getItem('labrelay.language');
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>(first());

export function speak(next: Language): void {
  language.value = next;
  localStorage.setItem('labrelay.language', next);
  document.documentElement.lang = next === 'zh' ? 'zh-CN' : 'en';
}

export const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB');
