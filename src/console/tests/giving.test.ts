import assert from 'node:assert/strict';
import test from 'node:test';
import type { Me } from '../page/api/types';
import { whereToGive } from '../page/settings/giving';

const who = (everywhere: string[], ...roles: [role: string, study: string, site: string][]): Me => ({
  account: {
    id: '1',
    name: 'eve',
    display_name: 'Eve',
    roles: roles.map(([role, study, site]) => ({ role, study, site })),
    second_factor: false,
    must_change_password: false,
  },
  permissions: ['accounts.change'],
  everywhere,
  studies: [
    { id: 'A', name: 'A', sites: ['01', '02'] },
    { id: 'B', name: 'B', sites: ['03'] },
  ],
  csrf: '',
  expires_at: '',
  engine: { state: 'live', reason: '', version: '', config_hash: '', node: '' } as Me['engine'],
  open_problems: 0,
  oidc: false,
});

test('who administers all studies gives roles in all of them, in one, or in one site', () => {
  assert.deepEqual(whereToGive(who(['accounts.change'], ['administrator', '', ''])), [
    { study: '', sites: [''] },
    { study: 'A', sites: ['', '01', '02'] },
    { study: 'B', sites: ['', '03'] },
  ]);
});

test('who administers a site gives roles there, whatever else they are elsewhere', () => {
  assert.deepEqual(whereToGive(who([], ['administrator', 'A', '02'], ['inspector', 'B', ''])), [{ study: 'A', sites: ['02'] }]);
  assert.deepEqual(whereToGive(who([], ['administrator', 'A', '02'], ['administrator', 'A', ''])), [{ study: 'A', sites: ['', '01', '02'] }]);
  assert.deepEqual(whereToGive(null), []);
});
