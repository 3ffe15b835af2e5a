import { signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const kept = localStorage.getItem('labrelay.theme');
export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto');

export function wear(next: Theme): void {
  theme.value = next;
  if (next === 'auto') {
    localStorage.removeItem('labrelay.theme');
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem('labrelay.theme', next);
    document.documentElement.dataset['theme'] = next;
  }
}
