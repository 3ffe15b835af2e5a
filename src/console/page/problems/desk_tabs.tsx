import { t } from '../text';
import { place } from '../frame/router';
import { may } from '../frame/session';

/** What a data manager goes to and fro between. */
export function DeskTabs() {
  const tabs = [
    { href: '/problems', text: t('tab.problems'), shown: true },
    { href: '/approvals', text: t('tab.approvals'), shown: may('approvals.view') },
    { href: '/queries', text: t('tab.queries'), shown: true },
    { href: '/messages', text: t('tab.messages'), shown: may('messages.view') },
  ];
  const path = place.value.path === '/' ? '/problems' : place.value.path;
  const here = tabs.find((tab) => tab.href === path);
  return (
    <>
      {here && <h1 class="unseen">{here.text}</h1>}
      <nav class="desk-tabs" aria-label={t('frame.tabs.desk')}>
      {tabs
        .filter((tab) => tab.shown)
        .map((tab) => (
          <a key={tab.href} href={tab.href} aria-current={path === tab.href ? 'page' : undefined}>
            {tab.text}
          </a>
        ))}
      </nav>
    </>
  );
}
