import { useEffect, useRef } from 'preact/hooks';
import { openProblems } from '../api/events';
import { t } from '../text';
import { place } from './router';
import { views } from './routes';
import { may } from './session';

export function Tabs() {
  const path = place.value.path === '/' ? '/problems' : place.value.path;
  const row = useRef<HTMLElement>(null);
  // On a narrow window the row scrolls; the chosen tab must be in sight.
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>('[aria-current]');
    if (tab && row.current) row.current.scrollLeft = tab.offsetLeft - 40;
  }, [path]);
  const isUnder = (under: string[]) => under.some((each) => path === each || path.startsWith(`${each}/`));
  return (
    <nav class="tabs" ref={row} aria-label={t('frame.tabs')}>
      {views
        .filter((view) => view.tab && (!view.permission || may(view.permission)))
        .map((view) => (
          <a key={view.address} href={view.address} aria-current={isUnder(view.under) ? 'page' : undefined}>
            {t(view.title)}
            {view.address === '/problems' && openProblems.value > 0 && (
              <span class="count">{openProblems.value.toLocaleString()}</span>
            )}
          </a>
        ))}
    </nav>
  );
}
