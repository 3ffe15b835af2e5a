import { hexOf } from './clock.js';

const of = (text) => text.trim().split(/\s+/);
const seen = of('problems.view messages.view results.view traffic.view deliveries.view config.view');
const rights = {
  data_manager: [
    ...seen,
    ...of(`problems.work problems.dismiss repair.subject repair.visit repair.value repair.mapping reprocess
      identity.reveal results.export registry.change lock.change reconcile.run critical.acknowledge queries.ask deliveries.resend
      config.activate approvals.view approvals.decide audit.view audit.export audit.review`),
  ],
  mapper: [
    ...seen,
    ...of(`problems.work repair.mapping reprocess queries.ask deliveries.resend config.propose config.activate
      approvals.view approvals.decide audit.view`),
  ],
  administrator: of(`traffic.view deliveries.view config.view approvals.view audit.view audit.export accounts.view
    accounts.change access.review settings.view settings.change`),
  inspector: [
    ...seen,
    ...of('identity.reveal results.export approvals.view audit.view audit.export audit.review accounts.view access.review settings.view'),
  ],
};
/** A person with every right is none that the engine would make; it lets one look at every view. */
const everything = [...new Set(Object.values(rights).flat())];

// All of them sign in with the password "demo".
export const accounts = {
  mei: {
    id: 'A-01', name: 'mei', display_name: 'Mei Zhao', roles: [{ role: 'data_manager', study: '', site: '' }],
    second_factor: false, must_change_password: false, permissions: everything,
  },
  tom: {
    id: 'A-02', name: 'tom', display_name: 'Tom Berg', roles: [{ role: 'mapper', study: '', site: '' }],
    second_factor: true, must_change_password: false, permissions: rights.mapper,
  },
  new: {
    id: 'A-03', name: 'new', display_name: 'Lin Fang', roles: [{ role: 'data_manager', study: 'NCT05872659', site: 'QILU' }],
    second_factor: false, must_change_password: true, permissions: rights.data_manager,
  },
  ines: {
    id: 'A-04', name: 'ines', display_name: 'Inès Morel', roles: [{ role: 'inspector', study: '', site: '' }],
    second_factor: false, must_change_password: false,
    permissions: rights.inspector,
  },
};

export const engine = {
  state: 'live',
  reason: 'Stores and delivers.',
  version: '0.9.0',
  config_hash: hexOf(9, 64),
  config_id: '12',
  node: 'qilu-1',
};

export const studies = [
  {
    id: 'NCT05872659',
    name: 'Mesenchymal stem cells for immune non-responders with HIV infection',
    sites: ['QILU'],
  },
];
