import { computed, signal } from '@preact/signals';
import type { Me } from '../api/types';

const me = signal<Me | null>(null);
/** The session ended while the page was in use: what stands on it stays, under the sign-in form. */
const ended = signal(false);

export const session = {
  get value(): Me | null {
    return me.value;
  },
  begin(account: Me): void {
    me.value = account;
    ended.value = false;
  },
  end(): void {
    if (me.value) ended.value = true;
    me.value = null;
  },
  leave(): void {
    me.value = null;
    ended.value = false;
  },
  ended: computed(() => ended.value),
};

export type Permission =
  | 'problems.view' | 'problems.work' | 'problems.dismiss'
  | 'repair.subject' | 'repair.visit' | 'repair.value' | 'repair.mapping' | 'reprocess'
  | 'messages.view' | 'identity.reveal' | 'results.view' | 'results.export'
  | 'registry.change' | 'lock.change' | 'reconcile.run' | 'critical.acknowledge' | 'queries.ask'
  | 'traffic.view' | 'deliveries.view' | 'deliveries.resend'
  | 'config.view' | 'config.propose' | 'config.activate'
  | 'approvals.view' | 'approvals.decide'
  | 'audit.view' | 'audit.export' | 'audit.review'
  | 'accounts.view' | 'accounts.change' | 'access.review' | 'settings.view' | 'settings.change';

/** The server checks every request; this only spares a person buttons that would be refused. */
export function may(permission: Permission): boolean {
  return me.value?.permissions.includes(permission) ?? false;
}

/** The same for what is of all studies: a role of one study or site does not do. */
export function mayEverywhere(permission: Permission): boolean {
  return me.value?.everywhere.includes(permission) ?? false;
}

const chosen = signal<string>(localStorage.getItem('labrelay.study') ?? '');

/** The study of the header; empty for all that the account may see. */
export const study = {
  get value(): string {
    const studies = me.value?.studies ?? [];
    if (studies.length === 1) return studies[0]!.id;
    return studies.some((each) => each.id === chosen.value) ? chosen.value : '';
  },
  choose(id: string): void {
    chosen.value = id;
    localStorage.setItem('labrelay.study', id);
  },
};
