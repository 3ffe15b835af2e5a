import type { ComponentChildren } from 'preact';
import { ApprovalView } from '../approvals/approval_view';
import { ApprovalsView } from '../approvals/approvals_view';
import { AuditView } from '../audit/audit_view';
import { CriticalView } from '../critical/critical_view';
import { DeliveriesView } from '../deliveries/deliveries_view';
import { ConfigView } from '../mappings/config_view';
import { MappingsView } from '../mappings/mappings_view';
import { MessageView } from '../messages/message_view';
import { MessagesView } from '../messages/messages_view';
import { ProblemView } from '../problems/problem_view';
import { ProblemsView } from '../problems/problems_view';
import { OutstandingView } from '../outstanding/outstanding_view';
import { ExportsView } from '../study_end/exports_view';
import { ImportView } from '../study_end/import_view';
import { LocksView } from '../study_end/locks_view';
import { PostLockView } from '../study_end/post_lock_view';
import { ReconciliationsView, ReconciliationView } from '../study_end/reconciliations_view';
import { ScopeView } from '../study_end/scope_view';
import { QueriesView } from '../queries/queries_view';
import { SearchView } from '../search/search_view';
import { SettingsView } from '../settings/settings_view';
import { LineageView } from '../subjects/lineage_view';
import { SubjectView } from '../subjects/subject_view';
import { SubjectsView } from '../subjects/subjects_view';
import type { TextKey } from '../text';
import { SourceView } from '../traffic/source_view';
import { TrafficView } from '../traffic/traffic_view';
import { Lost } from './lost';
import { Home } from './home';
import { match } from './router';
import type { Permission } from './session';

export interface ViewEntry {
  address: string;
  title: TextKey;
  /** The second letter of its `g` combination. */
  key: string;
  /** Stands in the row of tabs; the others are reached from views. */
  tab: boolean;
  /** Addresses that belong to this tab. */
  under: string[];
  permission?: Permission;
}

export const views: ViewEntry[] = [
  { address: '/problems', title: 'tab.problems', key: 'p', tab: true, under: ['/problems', '/approvals', '/queries', '/messages'], permission: 'problems.view' },
  { address: '/subjects', title: 'tab.subjects', key: 's', tab: true, under: ['/subjects', '/results', '/outstanding', '/critical', '/locks', '/post-lock', '/reconciliations', '/exports', '/import'], permission: 'results.view' },
  { address: '/traffic', title: 'tab.traffic', key: 't', tab: true, under: ['/traffic', '/sources'], permission: 'traffic.view' },
  { address: '/deliveries', title: 'tab.deliveries', key: 'd', tab: true, under: ['/deliveries'], permission: 'deliveries.view' },
  { address: '/mappings', title: 'tab.mappings', key: 'm', tab: true, under: ['/mappings', '/config'], permission: 'config.view' },
  { address: '/audit', title: 'tab.audit', key: 'u', tab: true, under: ['/audit'], permission: 'audit.view' },
  { address: '/settings', title: 'tab.settings', key: 'e', tab: true, under: ['/settings'] },
  { address: '/approvals', title: 'tab.approvals', key: 'a', tab: false, under: [] },
  { address: '/queries', title: 'tab.queries', key: 'q', tab: false, under: [] },
];

type Draw = (found: Record<string, string>) => ComponentChildren;

const routes: [pattern: string, draw: Draw][] = [
  ['/', () => <Home />],
  ['/problems', () => <ProblemsView />],
  ['/problems/:id', ({ id }) => <ProblemView id={id!} />],
  ['/approvals', () => <ApprovalsView />],
  ['/approvals/:id', ({ id }) => <ApprovalView id={id!} />],
  ['/queries', () => <QueriesView />],
  ['/messages', () => <MessagesView />],
  ['/messages/:id', ({ id }) => <MessageView id={id!} />],
  ['/subjects', () => <SubjectsView />],
  ['/subjects/:id', ({ id }) => <SubjectView id={id!} />],
  ['/critical', () => <CriticalView />],
  ['/search', () => <SearchView />],
  ['/outstanding', () => <OutstandingView />],
  ['/locks', () => <LocksView />],
  ['/locks/scope', () => <ScopeView />],
  ['/post-lock', () => <PostLockView />],
  ['/reconciliations', () => <ReconciliationsView />],
  ['/reconciliations/:id', ({ id }) => <ReconciliationView id={id!} />],
  ['/exports', () => <ExportsView />],
  ['/import', () => <ImportView />],
  ['/results/:id', ({ id }) => <LineageView id={id!} />],
  ['/traffic', () => <TrafficView />],
  ['/sources/:id', ({ id }) => <SourceView id={id!} />],
  ['/deliveries', () => <DeliveriesView />],
  ['/mappings', () => <MappingsView />],
  ['/config/:id', ({ id }) => <ConfigView id={id!} />],
  ['/audit', () => <AuditView />],
  ['/settings', () => <SettingsView page="" />],
  ['/settings/:page', ({ page }) => <SettingsView page={page!} />],
];

/** The view of a path. Its id changes with what it shows, so that one object's state is never another's. */
export function viewAt(path: string): { id: string; draw: () => ComponentChildren } {
  for (const [pattern, draw] of routes) {
    const found = match(pattern, path);
    if (found) return { id: `${pattern} ${Object.values(found).join(' ')}`, draw: () => draw(found) };
  }
  return { id: 'lost', draw: () => <Lost path={path} /> };
}
