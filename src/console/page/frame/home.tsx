import { useEffect } from 'preact/hooks';
import { ProblemsView } from '../problems/problems_view';
import { go } from './router';
import { views } from './routes';
import { may } from './session';

/** Where a person begins: with the problems, or with the first view that their roles open. */
export function Home() {
  const mine = may('problems.view');
  useEffect(() => {
    if (!mine) go((views.find((view) => view.tab && (!view.permission || may(view.permission))) ?? views[0]!).address, 'replace');
  }, [mine]);
  return mine ? <ProblemsView /> : null;
}
