import { useState } from 'preact/hooks';
import { send } from '../api/client';
import { useLoad } from '../api/load';
import type { SavedView } from '../api/types';
import { go, place } from '../frame/router';
import { Menu } from '../parts/menu';
import { t } from '../text';

/** Filters under a name of one's own. What is saved is the query of the address, so that a view can be mailed. */
export function SavedViews({ names }: { names: readonly string[] }) {
  const views = useLoad<{ items: SavedView[] }>('/views');
  const [name, setName] = useState('');
  const query = new URLSearchParams([...place.value.query].filter(([key]) => names.includes(key))).toString();

  const save = async (event: Event, close: () => void) => {
    event.preventDefault();
    await send('POST', '/views', { name: name.trim(), query });
    setName('');
    views.reload();
    close();
  };
  const forget = async (id: string) => {
    await send('DELETE', `/views/${id}`);
    views.reload();
  };
  const items = views.data?.items ?? [];
  return (
    <Menu
      label={t('problems.views')}
      button={
        <>
          {t('problems.views')}
          <i class="caret" aria-hidden />
        </>
      }
    >
      {(close) => (
        <>
          {items.map((view) => (
            <div key={view.id} class="saved-view">
              <button
                type="button"
                onClick={() => {
                  close();
                  go(`/problems${view.query ? `?${view.query}` : ''}`);
                }}
              >
                {view.name}
              </button>
              <button type="button" aria-label={t('problems.view.forget', { name: view.name })} onClick={() => forget(view.id)}>
                ×
              </button>
            </div>
          ))}
          <form class="save-view" onSubmit={(event) => save(event, close)}>
            <input
              class="input"
              placeholder={t('problems.save.name')}
              aria-label={t('problems.save.name')}
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
            <button type="submit" class="button" disabled={!name.trim()}>
              {t('problems.save')}
            </button>
          </form>
        </>
      )}
    </Menu>
  );
}
