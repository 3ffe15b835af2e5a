import { useEffect, useRef, useState } from 'preact/hooks';
import { get, withQuery } from '../api/client';
import type { Hit } from '../api/types';
import { t } from '../text';
import { go } from './router';

/** One field that finds messages, subjects, specimens, problems and sources by what stands on paper. */
export function Search() {
  const [text, setText] = useState('');
  const [hits, setHits] = useState<Hit[] | null>(null);
  const [chosen, setChosen] = useState(0);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    const q = text.trim();
    if (q.length < 2) {
      setHits(null);
      return;
    }
    const stop = new AbortController();
    const wait = setTimeout(() => {
      get<{ items: Hit[] }>(withQuery('/search', { q }), stop.signal)
        .then((answer) => {
          setHits(answer.items);
          setChosen(0);
        })
        .catch(() => undefined);
    }, 150);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [text]);

  const follow = (hit: Hit) => {
    setOpen(false);
    setText('');
    input.current?.blur();
    go(hit.href);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      setOpen(false);
      input.current?.blur();
    } else if (event.key === 'Enter') {
      const hit = hits?.[chosen];
      if (hit) follow(hit);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const count = hits?.length ?? 0;
      if (count) setChosen((chosen + (event.key === 'ArrowDown' ? 1 : count - 1)) % count);
    }
  };
  const shows = open && hits !== null;
  return (
    <div class="search" role="search">
      <input
        ref={input}
        type="search"
        role="combobox"
        aria-expanded={shows}
        aria-controls="search-hits"
        aria-activedescendant={shows && hits.length ? `hit-${chosen}` : undefined}
        aria-label={t('frame.search.label')}
        placeholder={t('frame.search')}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setTimeout(() => setOpen(false), 150)}
        onKeyDown={press}
      />
      <kbd aria-hidden>/</kbd>
      {shows && (
        <div class="menu search-hits" id="search-hits" role="listbox" aria-label={t('frame.search.label')}>
          {hits.map((hit, at) => (
            <a
              key={`${hit.kind} ${hit.id}`}
              id={`hit-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === chosen}
              href={hit.href}
              onClick={(event) => {
                event.preventDefault();
                follow(hit);
              }}
            >
              <span class="hit-kind">{t(`hit.${hit.kind}`)}</span>
              <span class="hit-label">{hit.label}</span>
              <span class="hit-detail">{hit.detail}</span>
            </a>
          ))}
          {hits.length > 0 && (
            <a class="search-all" href={withQuery('/search', { q: text.trim() })} tabIndex={-1} onClick={() => setOpen(false)}>
              {t('frame.search.all')}
            </a>
          )}
          {hits.length === 0 && <p class="hint">{t('frame.search.none', { q: text.trim() })}</p>}
        </div>
      )}
    </div>
  );
}
