import type { Me } from '../api/types';

/** Studies and sites in which somebody gives roles; the empty name stands for all of them. */
export interface Reach {
  study: string;
  /** In the order in which they are offered; the first is meant where nothing is said. */
  sites: string[];
}

/** Everywhere, or where the person administers: of one site it is that site and no more. */
export function whereToGive(me: Me | null): Reach[] {
  if (!me) return [];
  const whole = ({ id, sites }: Me['studies'][number]): Reach => ({ study: id, sites: ['', ...sites] });
  if (me.everywhere.includes('accounts.change')) return [{ study: '', sites: [''] }, ...me.studies.map(whole)];
  const theirs = me.account.roles.filter((each) => each.role === 'administrator');
  return me.studies.flatMap((study) => {
    const sites = theirs.filter((each) => each.study === study.id).map((each) => each.site);
    if (sites.includes('')) return [whole(study)];
    return sites.length ? [{ study: study.id, sites: [...new Set(sites)] }] : [];
  });
}
