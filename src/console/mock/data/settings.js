import { daysAgo, hoursAgo, minutesAgo } from './clock.js';
import { permissionRows } from './permissions.js';

const grant = (id, role, from, more = {}) => ({ id, role, study: 'NCT05872659', site: '', training: 'GCP and console, certificate on file', from: daysAgo(from), until: null, granted_by: 'Li Na', ended_by: null, reason: 'Member of the study team', active: true, ...more });

export const people = [
  ['A-01', 'mei', 'Mei Zhao', [grant('G-1', 'data_manager', 210)], { second_factor: true }],
  ['A-02', 'tom', 'Tom Berg', [grant('G-2', 'mapper', 190)], { second_factor: true }],
  ['A-03', 'new', 'Lin Fang', [grant('G-3', 'data_manager', 3, { site: 'QILU', training: 'GCP 2026-08-14' })], { must_change_password: true }],
  ['A-04', 'ines', 'Inès Morel', [grant('G-4', 'inspector', 60)], {}],
  ['A-05', 'lina', 'Li Na', [grant('G-5', 'administrator', 300, { study: '' })], { second_factor: true }],
  ['A-06', 'wang', 'Wang Jun', [grant('G-6', 'viewer', 120), grant('G-7', 'data_manager', 280, { until: daysAgo(121), ended_by: 'Li Na', active: false, reason: 'Moved to the ward' })], { locked_until: minutesAgo(-9) }],
  ['A-07', 'old', 'Petra Lang', [grant('G-8', 'mapper', 400, { until: daysAgo(90), ended_by: 'Li Na', active: false })], { state: 'disabled' }],
].map(([id, name, display_name, grants, more]) => ({
  id, etag: `"${id}-1"`, name, display_name, state: 'active', locked_until: null, second_factor: false, must_change_password: false, created: daysAgo(300), grants, ...more,
}));

export const permissionTable = {
  roles: ['viewer', 'data_manager', 'mapper', 'administrator', 'inspector'],
  rows: permissionRows.map(([permission, may, text]) => ({
    permission, text, viewer: may[0] === '1', data_manager: may[1] === '1', mapper: may[2] === '1', administrator: may[3] === '1', inspector: may[4] === '1',
  })),
};

export const fourEyes = [
  ['subject.reassign', 'Give results that were forwarded to another subject', true, false], ['config.activate', 'Activate a mapping or another part of a configuration', true, false],
  ['unit.convert', 'Teach a unit that converts values', false, false], ['post-lock.forward', 'Forward a result into a locked scope after another person has authorised it', true, false], ['audit.erase', 'Erase personal data from the audit trail', true, true],
].map(([action, text, required, always], at) => ({ action, text, required, always, actor: at === 2 ? 'Li Na' : '', at: at === 2 ? daysAgo(41) : null, reason: at === 2 ? 'small team' : '', signature: null }));

export const channels = [
  { name: 'duty-mail', kind: 'mail', where: 'duty@qilu.example', about: ['source-silent', 'target-away', 'disk-low'], study: '' },
  { name: 'safety', kind: 'webhook', where: 'https://alerts.qilu.example/labrelay', about: ['critical-value', 'critical-unacknowledged'], study: 'NCT05872659' },
  { name: 'syslog', kind: 'syslog', where: 'udp://10.20.0.5:514', about: [], study: '' },
];
const told = (channel, at, state = 'sent', why = '') => ({ channel, over: false, state, at, attempts: state === 'failed' ? 5 : 1, why });
export const incidents = [
  { id: 31, kind: 'target-away', object: 'redcap', opened: hoursAgo(5), closed: null, text: 'redcap has not answered for 5 h: 503 Service Unavailable.', advice: 'Look at the study database redcap: results wait here until it takes them.', notified: [told('duty-mail', hoursAgo(5)), told('syslog', hoursAgo(5))] },
  { id: 30, kind: 'source-silent', object: 'cobas-6800', opened: hoursAgo(12), closed: null, text: 'cobas-6800 has been silent for 24 h; it used to send every 4 h.', advice: 'Ask the laboratory whether cobas-6800 still sends, and look at its connection.', notified: [told('duty-mail', hoursAgo(12)), told('syslog', hoursAgo(12), 'failed', 'connection refused')] },
  { id: 29, kind: 'critical-value', object: 'S-009', opened: hoursAgo(30), closed: hoursAgo(28), text: 'A critical value was received.', advice: '', notified: [told('safety', hoursAgo(30))] },
  { id: 28, kind: 'disk-low', object: '/var/lib/labrelay', opened: daysAgo(9), closed: daysAgo(8), text: 'Less than 10 % of the disk is free.', advice: '', notified: [told('duty-mail', daysAgo(9))] },
];

export const critical = [
  { id: 'm-lis-qilu-44.3', message_id: 'm-lis-qilu-44', at: minutesAgo(38), subject: { id: 'S-014', label: 'S-014' }, study: 'NCT05872659', site: 'QILU', visit: 'M3', analyte: 'PLT', analyte_name: 'Platelets', value: '41', unit: '10*9/L', rule: 'critical-low', source: 'lis-qilu', acknowledged_by: null, acknowledged_at: null, note: null },
  { id: 'm-lis-qilu-52.1', message_id: 'm-lis-qilu-52', at: hoursAgo(2), subject: null, study: '', site: '', visit: '', analyte: 'K', analyte_name: 'Potassium', value: '6.8', unit: 'mmol/L', rule: 'critical-high', source: 'lis-qilu', acknowledged_by: null, acknowledged_at: null, note: null },
  { id: 'm-lis-qilu-91.2', message_id: 'm-lis-qilu-91', at: hoursAgo(30), subject: { id: 'S-009', label: 'S-009' }, study: 'NCT05872659', site: 'QILU', visit: 'M3', analyte: 'ALT', analyte_name: 'Alanine aminotransferase', value: '612', unit: 'U/L', rule: 'critical-high', source: 'lis-qilu', acknowledged_by: 'Mei Zhao', acknowledged_at: hoursAgo(28), note: 'Told Dr Wang, 14:20; repeat tomorrow' },
];

export const serverSettings = [
  ['http.address', '127.0.0.1:8080', 'Where the console and REST listen'], ['mllp.address', '127.0.0.1:2575', 'Where MLLP listens'], ['mllp.max-frame', '4194304', 'Largest message in bytes; longer ones are refused'],
  ['session.idle-minutes', '30', 'A session ends after so long without use'], ['store.kind', 'sqlite', 'Embedded store or PostgreSQL'], ['store.path', '/var/lib/labrelay', 'Data directory'],
  ['store.password', null, 'Of the PostgreSQL role'], ['purge.unmatched-days', '30', 'Messages of nobody in the trial are destroyed after'], ['audit.anchor-minutes', '60', 'How often the heads of the audit chains are anchored'],
  ['alarm.disk-free-percent', '10', 'Below this an incident is opened'], ['identity.key-file', '/etc/labrelay/identity.key', 'Key of the store of identities'],
].map(([name, value, meaning]) => ({ name, value, meaning }));
