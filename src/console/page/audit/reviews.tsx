import { useState } from 'preact/hooks';
import { send } from '../api/client';
import { usePages } from '../api/load';
import type { AuditReview } from '../api/study_types';
import { TextField } from '../parts/field';
import { dayBegins, dayEnds, dayOf, Instant } from '../parts/instant';
import { Empty, ErrorNotice } from '../parts/notice';
import { SignatureDialog } from '../parts/signature_dialog';
import { t, tOr } from '../text';

/** Puts a name under having looked through a period of the trail. */
export function RecordReview(props: { from: string; to: string; filter: string; onDone: () => void }) {
  const [finding, setFinding] = useState('');
  const [signing, setSigning] = useState(false);
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <button type="button" class="button" disabled={!props.from || !props.to} title={!props.from || !props.to ? t('review.needs_period') : undefined} onClick={() => setOpen(true)}>
        {t('review.record')}
      </button>
    );
  }
  return (
    <div class="sheet pad record-review">
      <p>
        <b>
          {props.from} … {props.to}
        </b>{' '}
        <span class="grey">{props.filter || t('review.all')}</span>
      </p>
      <p class="hint">{t('review.what')}</p>
      <TextField label={t('review.finding')} value={finding} onInput={setFinding} autofocus />
      <div class="buttons">
        <button type="button" class="button button-primary" disabled={finding.trim() === ''} onClick={() => setSigning(true)}>
          {t('review.do')}
        </button>
        <button type="button" class="button" onClick={() => setOpen(false)}>
          {t('form.cancel')}
        </button>
      </div>
      {signing && (
        <SignatureDialog
          action={t('review.do')}
          meanings={['reviewed']}
          onCancel={() => setSigning(false)}
          onSign={async (signature) => {
            await send('POST', '/audit/reviews', { from: dayBegins(props.from), to: dayEnds(props.to), filter: props.filter, finding, signature });
            setSigning(false);
            setOpen(false);
            props.onDone();
          }}
        >
          <p>
            {props.from} … {props.to}: {finding}
          </p>
        </SignatureDialog>
      )}
    </div>
  );
}

export function Reviews() {
  const list = usePages<AuditReview>('/audit/reviews');
  if (list.error && list.items.length === 0) return <ErrorNotice error={list.error} again={list.reload} />;
  if (list.items.length === 0) {
    return list.loading ? (
      <p class="loading">{t('list.loading')}</p>
    ) : (
      <div class="sheet">
        <Empty title={t('review.none')}>
          <p>{t('review.none.what')}</p>
        </Empty>
      </div>
    );
  }
  return (
    <div class="sheet scroll-x">
      <table class="listing listing-cards">
        <thead>
          <tr>
            <th scope="col">{t('review.period')}</th>
            <th scope="col">{t('review.filter')}</th>
            <th scope="col">{t('review.finding')}</th>
            <th scope="col">{t('review.by')}</th>
            <th scope="col">{t('review.at')}</th>
          </tr>
        </thead>
        <tbody>
          {list.items.map((each) => (
            <tr key={each.id}>
              <th scope="row" class="nowrap full">
                {dayOf(each.from)} … {dayOf(each.to)}
              </th>
              <td class="grey">{each.filter || t('review.all')}</td>
              <td class="full">{each.finding}</td>
              <td>
                {each.signature.name} <span class="grey small">{tOr(`sign.meaning.${each.signature.meaning}`, each.signature.meaning)}</span>
              </td>
              <td class="grey">
                <Instant at={each.at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
