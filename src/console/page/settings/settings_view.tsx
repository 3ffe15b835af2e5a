import type { ComponentChildren } from 'preact';
import { AccountView } from '../account/account_view';
import { may, type Permission } from '../frame/session';
import { Empty } from '../parts/notice';
import { t, type TextKey } from '../text';
import { Access } from './access';
import { AccessReviewPage } from './access_review';
import { Accounts } from './accounts';
import { AlarmsPage } from './alarms';
import { FourEyesPage } from './four_eyes';
import { RevealsPage } from './reveals';
import { Roles } from './roles';
import { ServerSettings } from './server_settings';
import './settings.css';

interface SettingsPage {
  id: string;
  title: TextKey;
  permission?: Permission;
  draw: () => ComponentChildren;
}

const pages: SettingsPage[] = [
  { id: 'account', title: 'settings.account', draw: () => <AccountView /> },
  { id: 'accounts', title: 'settings.accounts', permission: 'accounts.view', draw: () => <Accounts /> },
  { id: 'roles', title: 'settings.roles', draw: () => <Roles /> },
  { id: 'access', title: 'settings.access', permission: 'accounts.view', draw: () => <Access /> },
  { id: 'reviews', title: 'settings.reviews', permission: 'accounts.view', draw: () => <AccessReviewPage /> },
  { id: 'reveals', title: 'settings.reveals', permission: 'audit.view', draw: () => <RevealsPage /> },
  { id: 'four-eyes', title: 'settings.four_eyes', permission: 'settings.view', draw: () => <FourEyesPage /> },
  { id: 'alarms', title: 'settings.alarms', permission: 'settings.view', draw: () => <AlarmsPage /> },
  { id: 'server', title: 'settings.server', permission: 'settings.view', draw: () => <ServerSettings /> },
];

export function SettingsView({ page }: { page: string }) {
  const allowed = pages.filter((each) => !each.permission || may(each.permission));
  const here = page === '' ? allowed[0] : allowed.find((each) => each.id === page);
  return (
    <div class="settings">
      <nav class="settings-pages" aria-label={t('settings.pages')}>
        {allowed.map((each) => (
          <a key={each.id} href={`/settings/${each.id}`} aria-current={each === here ? 'page' : undefined}>
            {t(each.title)}
          </a>
        ))}
      </nav>
      <div class="settings-page">
        {here ? (
          <>
            {here.id !== 'account' && <h1>{t(here.title)}</h1>}
            {here.draw()}
          </>
        ) : (
          <Empty title={t('settings.lost')} />
        )}
      </div>
    </div>
  );
}
