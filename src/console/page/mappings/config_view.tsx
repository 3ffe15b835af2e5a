import '../problems/problem.css';
import '../problems/problems.css';
import '../approvals/approvals.css';
import './mappings.css';
import { useState } from 'preact/hooks';
import { send } from '../api/client';
import { useLoad } from '../api/load';
import { sameId, type ConfigDiff, type ConfigList, type ConfigVersion } from '../api/types';
import { go, queryValue, setQuery } from '../frame/router';
import { mayEverywhere, session } from '../frame/session';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { Await, Empty, Notice } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { SignatureDialog } from '../parts/signature_dialog';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';

function Versions({ list, chosen }: { list: ConfigVersion[]; chosen: string }) {
  return (
    <nav class="sheet versions" aria-label={t('config.versions')}>
      {list.map((each) => (
        <a key={each.id} href={`/config/${each.id}`} aria-current={sameId(each.id, chosen) ? 'page' : undefined}>
          <span class="versions-head">
            <strong>{each.id}</strong> <StateMark state={each.state} />
            <span class="grey versions-at">
              <Instant at={each.at} />
            </span>
          </span>
          <span class="grey versions-reason">{each.reason}</span>
        </a>
      ))}
    </nav>
  );
}

function Difference({ of, against }: { of: string; against: string }) {
  const diff = useLoad<ConfigDiff>(of === against ? null : `/config/${against}/diff/${of}`);
  if (of === against) {
    return (
      <Empty title={t('config.same')}>
        <p>{t('config.same.what')}</p>
      </Empty>
    );
  }
  return (
    <Await of={diff}>
      {({ changes }) =>
        changes.length === 0 ? (
          <Empty title={t('config.same')} />
        ) : (
          <div class="config-diff">
            <p class="hint">{t('config.differences', { n: changes.length })}</p>
            {changes.map((each, at) => (
              <div key={at} class="config-change">
                <p class="small grey">
                  <a href={`/mappings?config=${each.kind === 'removed' ? against : of}&file=${encodeURIComponent(each.where.replace(/(:\d+)+$/, ''))}`}>{each.where}</a> {t(`config.change.${each.kind}`)}
                  {each.sentence && ` · ${each.sentence}`}
                </p>
                {each.before && <del>{each.before}</del>}
                {each.after && <ins>{each.after}</ins>}
              </div>
            ))}
          </div>
        )
      }
    </Await>
  );
}

function Switch({ version, onDone }: { version: ConfigVersion; onDone: () => void }) {
  const [reason, setReason] = useState('');
  const [signing, setSigning] = useState(false);
  const isBack = version.state === 'past';
  const words = t(isBack ? 'config.rollback' : 'config.activate', { id: String(version.id) });
  return (
    <form
      class="switch"
      onSubmit={(event) => {
        event.preventDefault();
        setSigning(true);
      }}
    >
      {!isBack && version.author === session.value?.account.name && <p class="hint">{t('config.own')}</p>}
      <TextField label={t('config.why')} hint={t('config.activate.what')} value={reason} onInput={setReason} />
      <button type="submit" class={`button ${isBack ? '' : 'button-primary'}`} disabled={!reason.trim()}>
        {words}
      </button>
      {signing && (
        <SignatureDialog
          action={words}
          meanings={['approved', 'responsible']}
          onCancel={() => setSigning(false)}
          onSign={async (signature) => {
            const body = { reason: reason.trim(), signature };
            if (isBack) await send('POST', '/config/rollback', { ...body, to: version.id });
            else await send('POST', `/config/${version.id}/activate`, body, { etag: version.etag ?? null });
            setSigning(false);
            onDone();
          }}
        >
          <p>
            <strong>{words}</strong>
          </p>
          <p>{version.reason}</p>
          <p>
            <code>{version.hash.slice(0, 24)}…</code>
          </p>
        </SignatureDialog>
      )}
    </form>
  );
}

function One({ list, version, reload }: { list: ConfigList; version: ConfigVersion; reload: () => void }) {
  const usual = String(version.state === 'active' ? (version.parent ?? version.id) : (list.active?.id ?? version.id));
  const against = queryValue('against') || usual;
  const [done, setDone] = useState(false);
  return (
    <div class="config-one">
      <h1>{t('config.title', { id: String(version.id) })}</h1>
      {done && <Notice kind="good">{t('config.done', { id: String(version.id) })}</Notice>}
      <dl class="facts approval-facts">
        <dt>{t('approvals.column.state')}</dt>
        <dd>
          <StateMark state={version.state} />
        </dd>
        <dt>{t('config.author')}</dt>
        <dd>
          {version.author} · <Instant at={version.at} />
        </dd>
        <dt>{t('config.reason')}</dt>
        <dd>{version.reason}</dd>
        {version.parent && (
          <>
            <dt>{t('config.parent')}</dt>
            <dd>
              <a href={`/config/${version.parent}`}>{version.parent}</a>
            </dd>
          </>
        )}
        <dt>{t('config.hash')}</dt>
        <dd>
          <ShortId id={version.hash} />
        </dd>
      </dl>
      <div class="buttons">
        <a class="button" href={`/mappings?config=${version.id}`}>
          {t('config.open')}
        </a>
      </div>
      {version.state !== 'active' && mayEverywhere('config.activate') && (
        <Switch
          version={version}
          onDone={() => {
            setDone(true);
            reload();
          }}
        />
      )}
      <section class="sheet approval-part">
        <label class="sorted">
          <span class="grey">{t('config.against')}</span>
          <select class="quiet-select" value={against} onChange={(event) => setQuery({ against: event.currentTarget.value === usual ? null : event.currentTarget.value })}>
            {list.versions.map((each) => (
              <option key={each.id} value={each.id}>
                {sameId(each.id, list.active?.id) ? t('config.active', { id: String(each.id) }) : `${each.id} · ${tOr(`state.${each.state}`, each.state)}`}
              </option>
            ))}
          </select>
        </label>
        <Difference of={String(version.id)} against={against} />
      </section>
    </div>
  );
}

/** A configuration: who made it, what it changes, and the way to switch it on or back. */
export function ConfigView({ id }: { id: string }) {
  const configs = useLoad<ConfigList>('/config');
  return (
    <Await of={configs}>
      {(list) => {
        const wanted = id === 'active' ? String(list.active?.id ?? '') : id;
        const version = list.versions.find((each) => sameId(each.id, wanted) || each.hash === wanted);
        return (
          <div class="config">
            <Versions list={list.versions} chosen={String(version?.id ?? '')} />
            {version ? (
              <One key={version.id} list={list} version={version} reload={configs.reload} />
            ) : (
              <Empty title={t('lost.title')}>
                <button type="button" class="button" onClick={() => go('/config/active')}>
                  {t('config.versions')}
                </button>
              </Empty>
            )}
          </div>
        );
      }}
    </Await>
  );
}
