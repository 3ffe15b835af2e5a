import { useState } from 'preact/hooks';
import type { AuditEntry } from '../api/study_types';
import { exactly } from '../parts/instant';
import { ShortId } from '../parts/short_id';
import { t, tOr } from '../text';
import { addressOf, changesBetween, type Change } from './changes';

const shownAtFirst = 2;

function One({ change }: { change: Change }) {
  return (
    <li>
      {change.name && <span class="grey">{change.name} </span>}
      {change.before !== null ? <del>{change.before}</del> : <span class="grey" title={t('audit.nothing')}>–</span>}
      <span class="change-arrow" aria-hidden>
        {' '}
        →{' '}
      </span>
      {change.after !== null ? <ins>{change.after}</ins> : <span class="grey" title={t('audit.nothing')}>–</span>}
    </li>
  );
}

/** One entry: when, who, what, and what it changed. The rest of the record is one click away. */
export function Entry({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const changes = changesBetween(entry.before, entry.after);
  const shown = open ? changes : changes.slice(0, shownAtFirst);
  const address = addressOf(entry.object_kind, entry.object);
  const time = new Date(entry.at);
  const two = (n: number) => String(n).padStart(2, '0');
  const coded = entry.reason_code && tOr(`reason.${entry.reason_code}`, entry.reason_code);
  const reason = [coded, entry.reason !== coded && entry.reason].filter(Boolean).join(': ');
  return (
    <li class="entry">
      <time class="entry-time" dateTime={entry.at} title={exactly(entry.at)}>
        {two(time.getHours())}:{two(time.getMinutes())}:{two(time.getSeconds())}
      </time>
      <div class="entry-who">
        <p class="cut">{entry.actor}</p>
        <p class="grey small cut">{entry.role ? tOr(`role.${entry.role.replace(' ', '_')}`, entry.role) : tOr(`audit.origin.${entry.origin}`, entry.origin)}</p>
      </div>
      <div class="entry-what">
        <p>
          {entry.what}{' '}
          {entry.object && (address ? <a href={address}>{entry.object}</a> : <span class="mono">{entry.object}</span>)}{' '}
          <span class="entry-kind">{tOr(`audit.kind.${entry.kind}`, entry.kind)}</span>
        </p>
        {shown.length > 0 && (
          <ul class="entry-changes">
            {shown.map((change) => (
              <One key={change.name} change={change} />
            ))}
            {!open && changes.length > shownAtFirst && <li class="grey">{t('audit.more_changes', { n: changes.length - shownAtFirst })}</li>}
          </ul>
        )}
        {entry.erased && <p class="grey">{t('audit.erased')}</p>}
        {reason && (
          <p>
            <span class="grey">{t('audit.reason')}</span> {reason}
          </p>
        )}
        {open && (
          <dl class="fact-row entry-more">
            {(
              [
                ['audit.row', entry.id],
                ['audit.node', entry.node],
                ['audit.origin', tOr(`audit.origin.${entry.origin}`, entry.origin)],
                ['audit.session', entry.session],
                ['audit.version', entry.version],
              ] as const
            )
              .filter(([, value]) => value)
              .map(([name, value]) => (
                <div key={name}>
                  <dt>{t(name)}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            <div>
              <dt>{t('audit.config')}</dt>
              <dd>
                <ShortId id={entry.config_hash} />
              </dd>
            </div>
            <div>
              <dt>{t('audit.hash')}</dt>
              <dd>
                <ShortId id={entry.hash} />
              </dd>
            </div>
          </dl>
        )}
      </div>
      <button type="button" class="button button-quiet button-small entry-open" aria-expanded={open} aria-label={t('audit.details', { id: entry.id })} onClick={() => setOpen(!open)}>
        <i class="caret" aria-hidden />
      </button>
    </li>
  );
}
