import { useEffect, useRef } from 'preact/hooks';
import { t } from '../text';
import { keysChanged, keysNow } from './keys';
import { views } from './routes';

function Line({ keys, what }: { keys: string; what: string }) {
  return (
    <li>
      <span>
        {keys.split(' ').map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </span>
      <span>{what}</span>
    </li>
  );
}

/** The keys of the view at hand and those that hold everywhere. It stands beside the page and stops nothing. */
export function KeyList({ onClose }: { onClose: () => void }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => root.current?.focus(), []);
  void keysChanged.value;
  return (
    <aside class="key-list" ref={root} tabIndex={-1} aria-label={t('keys.title')}>
      <header>
        <h2>{t('keys.title')}</h2>
        <button type="button" class="button button-quiet" onClick={onClose}>
          {t('keys.close')}
        </button>
      </header>
      <h3>{t('keys.here')}</h3>
      <ul>
        {keysNow().map(([key, action]) => (
          <Line key={key} keys={key} what={action.what} />
        ))}
      </ul>
      <h3>{t('keys.everywhere')}</h3>
      <ul>
        <Line keys="/" what={t('keys.search')} />
        <Line keys="?" what={t('keys.help')} />
        {views.map((view) => (
          <Line key={view.key} keys={`g ${view.key}`} what={t('keys.go', { view: t(view.title) })} />
        ))}
      </ul>
    </aside>
  );
}
