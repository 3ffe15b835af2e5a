import { useState } from 'preact/hooks';
import { send } from '../api/client';
import { useLoad } from '../api/load';
import type { FourEyes } from '../api/study_types';
import { mayEverywhere } from '../frame/session';
import { TextField } from '../parts/field';
import { Instant } from '../parts/instant';
import { Await, Empty } from '../parts/notice';
import { SignatureDialog } from '../parts/signature_dialog';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';

const actionName = (each: FourEyes): string => tOr(`four.action.${each.action}`, each.text);

function Switch({ of, onDone }: { of: FourEyes; onDone: () => void }) {
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const says = t(of.required ? 'four.release' : 'four.require');
  if (of.always) return <span class="grey">{t('four.fixed')}</span>;
  if (!mayEverywhere('settings.change')) return null;
  return (
    <>
      <button type="button" class="button button-small" aria-label={t(of.required ? 'four.release.of' : 'four.require.of', { action: actionName(of) })} onClick={() => setAsking(true)}>
        {says}
      </button>
      {asking && (
        <SignatureDialog
          action={says}
          meanings={['responsible']}
          onCancel={() => setAsking(false)}
          onSign={async (signature) => {
            await send('PUT', `/four-eyes/${encodeURIComponent(of.action)}`, { required: !of.required, reason, signature });
            setAsking(false);
            onDone();
          }}
        >
          <p>
            <b>{actionName(of)}</b>
            <br />
            {t(of.required ? 'four.yes' : 'four.no')} → {t(of.required ? 'four.no' : 'four.yes')}
          </p>
          <TextField label={t('account.reason')} value={reason} onInput={setReason} />
        </SignatureDialog>
      )}
    </>
  );
}

/** Which actions need a second person. */
export function FourEyesPage() {
  const loaded = useLoad<{ items: FourEyes[] }>('/four-eyes');
  return (
    <>
      <p class="hint settings-what">{t('four.what')}</p>
      <Await of={loaded}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('four.none')} />
          ) : (
            <div class="sheet scroll-x">
              <table class="listing listing-cards">
                <thead>
                  <tr>
                    <th scope="col">{t('four.action')}</th>
                    <th scope="col">{t('four.required')}</th>
                    <th scope="col">{t('four.changed')}</th>
                    <td />
                  </tr>
                </thead>
                <tbody>
                  {items.map((each) => (
                    <tr key={each.action}>
                      <th scope="row" class="full">
                        {actionName(each)}
                      </th>
                      <td>
                        <StateMark state={each.required ? 'active' : 'past'} label={t(each.required ? 'four.yes' : 'four.no')} />
                      </td>
                      <td class="grey">
                        {each.at && (
                          <>
                            {each.actor} · <Instant at={each.at} /> {each.reason}
                          </>
                        )}
                      </td>
                      <td class="end">
                        <Switch of={each} onDone={loaded.reload} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Await>
    </>
  );
}
