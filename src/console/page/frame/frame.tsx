import { useEffect, useState } from 'preact/hooks';
import { engine, listen, openProblems, stopListening } from '../api/events';
import { ApiError, get } from '../api/client';
import type { Me } from '../api/types';
import { ErrorNotice } from '../parts/notice';
import { t } from '../text';
import { SecondFactor } from '../account/second_factor';
import { Header } from './header';
import { KeyList } from './key_list';
import { useKeys } from './keys';
import { NewPassword } from './new_password';
import { go, place } from './router';
import { views, viewAt } from './routes';
import { session } from './session';
import { SignIn } from './sign_in';
import { Tabs } from './tabs';

/** Everything around a view, and which view it is. Signing in lies over the view and not in its place:
 *  what was half written when a session ended is still there afterwards. */
export function Frame() {
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [begun, setBegun] = useState(false);
  const [help, setHelp] = useState(false);

  const ask = () => {
    setError(null);
    get<Me>('/me')
      .then((me) => session.begin(me))
      .catch((fault) => {
        if (!(fault instanceof ApiError)) throw fault;
        if (fault.status !== 401) setError(fault);
      })
      .finally(() => setAsked(true));
  };
  useEffect(ask, []);

  const me = session.value;
  useEffect(() => {
    if (!me) return;
    setBegun(true);
    openProblems.value = me.open_problems;
    engine.value = me.engine;
    listen();
    return stopListening;
  }, [me?.account.id]);

  useKeys({
    '?': { what: t('keys.help'), run: () => setHelp((shown) => !shown) },
    '/': {
      what: t('keys.search'),
      run: () => document.querySelector<HTMLInputElement>('.search input')?.focus(),
    },
    ...Object.fromEntries(
      views
        .filter((view) => view.key)
        .map((view) => [
          `g ${view.key}`,
          { what: t('keys.go', { view: t(view.title) }), run: () => go(view.address) },
        ]),
    ),
    Escape: { what: t('keys.close'), run: () => setHelp(false) },
  });

  if (!asked) return null;
  if (error) {
    return (
      <main class="sheet-alone">
        <ErrorNotice error={error} again={ask} />
      </main>
    );
  }
  if (me?.account.must_change_password) return <NewPassword />;
  if (me?.account.must_enrol_second_factor && !me.account.second_factor) {
    return (
      <main class="sign-in">
        <SecondFactor />
      </main>
    );
  }

  const view = viewAt(place.value.path);
  return (
    <>
      {!me && <SignIn ended={session.ended.value} />}
      {(me || (begun && session.ended.value)) && (
        <div class="frame" inert={!me} hidden={!me}>
          <a class="skip" href="#content">
            {t('frame.skip')}
          </a>
          <div class="frame-head">
            <Header />
            <Tabs />
          </div>
          <main id="content" tabIndex={-1} key={view.id}>
            {view.draw()}
          </main>
        </div>
      )}
      {help && <KeyList onClose={() => setHelp(false)} />}
    </>
  );
}
