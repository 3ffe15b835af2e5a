import { signal } from '@preact/signals';

export interface Place {
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** Where the page is. Every view has an address, and its filters stand in the query. */
export const place = signal<Place>(here());

export function go(address: string, how: 'push' | 'replace' = 'push'): void {
  const before = place.value.path;
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  place.value = here();
  if (place.value.path !== before) window.scrollTo(0, 0);
}

/** Sets some parameters of the query and leaves the rest; empty ones go. */
export function setQuery(change: Record<string, string | null>, how: 'push' | 'replace' = 'replace'): void {
  const query = new URLSearchParams(place.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(place.value.path + (text ? `?${text}` : ''), how);
}

export function queryValue(name: string): string {
  return place.value.query.get(name) ?? '';
}

/** `/problems/:id` against `/problems/7` gives {id: '7'}; a last `*` takes the rest. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean);
  const given = path.split('/').filter(Boolean);
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    if (part === '*') {
      found['rest'] = given.slice(index).map(decodeURIComponent).join('/');
      return found;
    }
    const word = given[index];
    if (word === undefined) return null;
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(word);
    else if (part !== word) return null;
  }
  return wanted.length === given.length ? found : null;
}

/** Makes plain links stay on the page; a modifier, another target or another host leaves them alone. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
    const address = new URL(link.href);
    if (address.origin !== location.origin || address.pathname.startsWith('/api/')) return;
    if (address.pathname === location.pathname && address.hash) return;
    event.preventDefault();
    go(address.pathname + address.search);
  });
  window.addEventListener('popstate', () => {
    place.value = here();
  });
}
