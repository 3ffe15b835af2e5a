import { engine, inContact } from '../api/events';
import { send } from '../api/client';
import { Menu } from '../parts/menu';
import { shortened } from '../parts/span';
import { t, tOr } from '../text';
import { language, speak } from '../text/language';
import { go } from './router';
import { Search } from './search';
import { session, study } from './session';
import { theme, wear, type Theme } from './theme';

function StudyChoice() {
  const studies = session.value?.studies ?? [];
  if (studies.length === 1) return <span class="study-name">{studies[0]!.id}</span>;
  return (
    <select
      class="study-choice"
      aria-label={t('frame.study')}
      value={study.value}
      onChange={(event) => study.choose(event.currentTarget.value)}
    >
      <option value="">{t('frame.all_studies')}</option>
      {studies.map((each) => (
        <option key={each.id} value={each.id} title={each.name}>
          {each.id}
        </option>
      ))}
    </select>
  );
}

function EngineState() {
  const state = engine.value;
  if (!state) return null;
  const key = inContact.value ? state.state.replace(' ', '_') : 'unreachable';
  const word = tOr(`frame.engine.${key}`, state.state);
  return (
    <a
      class={`engine engine-${key}`}
      href="/traffic"
      title={t('frame.engine.why', { reason: state.reason || word, version: state.version, node: state.node })}
    >
      <i aria-hidden />
      <span>{word}</span>
    </a>
  );
}

function ConfigLink() {
  const state = engine.value;
  if (!state) return null;
  return (
    <a class="config-link" href="/config/active" title={t('frame.config.title', { hash: state.config_hash })}>
      {t('frame.config')} <code>{shortened(state.config_hash, 4, 0)}</code>
    </a>
  );
}

const themes: Theme[] = ['auto', 'light', 'dark'];

function UserMenu() {
  const me = session.value;
  if (!me) return null;
  const name = me.account.display_name;
  const leave = async () => {
    await send('DELETE', '/session').catch(() => undefined);
    session.leave();
    go('/');
  };
  return (
    <Menu
      label={t('frame.menu', { name })}
      button={
        <span class="user">
          <span class="user-name">{name}</span>
          <span class="user-short" aria-hidden>
            {name.split(' ')[0]}
          </span>
          <i class="caret" aria-hidden />
        </span>
      }
    >
      {(close) => (
        <>
          <p class="menu-head">
            {name}
            <span>{me.account.roles.map((each) => tOr(`role.${each.role}`, each.role)).join(', ')}</span>
          </p>
          <div class="menu-choice" role="group" aria-label={t('frame.theme')}>
            {themes.map((each) => (
              <button key={each} type="button" aria-pressed={theme.value === each} onClick={() => wear(each)}>
                {t(`frame.theme.${each}`)}
              </button>
            ))}
          </div>
          <a href="/settings/account" onClick={close}>
            {t('frame.password')}
          </a>
          <a href="/settings/account" onClick={close}>
            {t('frame.second_factor')}
          </a>
          <button type="button" onClick={leave}>
            {t('frame.sign_out')}
          </button>
        </>
      )}
    </Menu>
  );
}

export function Header() {
  const other = language.value === 'en' ? 'zh' : 'en';
  return (
    <header class="header">
      <a class="brand" href="/problems">
        {t('app.name')}
      </a>
      <StudyChoice />
      <Search />
      <div class="header-end">
        <EngineState />
        <ConfigLink />
        <button
          type="button"
          class="button button-quiet"
          lang={other === 'zh' ? 'zh-CN' : 'en'}
          title={t('frame.language.title')}
          onClick={() => speak(other)}
        >
          {t('frame.language')}
        </button>
        <UserMenu />
      </div>
    </header>
  );
}
