import { place } from '../frame/router';
import { may, type Permission } from '../frame/session';
import { t, type TextKey } from '../text';

const tabs: { href: string; text: TextKey; permission: Permission }[] = [
  { href: '/subjects', text: 'tab.subjects', permission: 'results.view' },
  { href: '/outstanding', text: 'outstanding.title', permission: 'results.view' },
  { href: '/locks', text: 'locks.title', permission: 'results.view' },
  { href: '/post-lock', text: 'post_lock.title', permission: 'results.view' },
  { href: '/reconciliations', text: 'reconcile.title', permission: 'results.view' },
  { href: '/exports', text: 'exports.title', permission: 'results.export' },
  { href: '/import', text: 'import.title', permission: 'registry.change' },
];

/** What belongs to a study as a whole, from its first subject to its lock. */
export function StudyTabs() {
  const path = place.value.path;
  return (
    <nav class="desk-tabs" aria-label={t('study_end.tabs')}>
      {tabs
        .filter((tab) => may(tab.permission))
        .map((tab) => (
          <a key={tab.href} href={tab.href} aria-current={path === tab.href ? 'page' : undefined}>
            {t(tab.text)}
          </a>
        ))}
    </nav>
  );
}
