import { useState } from 'preact/hooks';
import { withQuery } from '../api/client';
import { useLoad } from '../api/load';
import type { Exportable } from '../api/study_end_types';
import { study } from '../frame/session';
import { FormField } from '../parts/field';
import { Await, Empty } from '../parts/notice';
import { t, tOr } from '../text';
import { StudyTabs } from './study_tabs';
import './study_end.css';

const api = '/api/v1';

function Take({ href, name, says }: { href: string; name: string; says: string }) {
  return (
    <a class="button" href={href} download={name}>
      {says}
    </a>
  );
}

function Of({ of }: { of: Exportable }) {
  const [format, setFormat] = useState(of.formats[0] ?? 'csv');
  return (
    <section class="sheet pad export-study" aria-labelledby={`export-${of.study}`}>
      <h2 id={`export-${of.study}`}>
        {of.study} <span class="grey">{of.name}</span>
      </h2>
      {of.domains.length > 0 && (
        <div class="export-part">
          <h3>{t('exports.sdtm')}</h3>
          <FormField label={t('exports.format')}>
            {(id) => (
              <select id={id} class="input input-short" value={format} onChange={(event) => setFormat(event.currentTarget.value)}>
                {of.formats.map((each) => (
                  <option key={each} value={each}>
                    {tOr(`exports.format.${each}`, each)}
                  </option>
                ))}
              </select>
            )}
          </FormField>
          <div class="buttons">
            {of.domains.map((domain) => (
              <Take key={domain} href={withQuery(`${api}/exports/sdtm`, { study: of.study, domain, format })} name={`${of.study}-${domain.toLowerCase()}.${format}`} says={t('exports.domain', { domain })} />
            ))}
          </div>
        </div>
      )}
      {of.odm && (
        <div class="export-part">
          <h3>{t('exports.odm')}</h3>
          <div class="buttons">
            <Take href={withQuery(`${api}/exports/odm`, { study: of.study })} name={`${of.study}-odm.xml`} says={t('exports.odm.transactional')} />
            <Take href={withQuery(`${api}/exports/odm`, { study: of.study, snapshot: 'yes' })} name={`${of.study}-odm.xml`} says={t('exports.odm.snapshot')} />
          </div>
        </div>
      )}
      <div class="export-part">
        <h3>{t('exports.work')}</h3>
        <div class="buttons">
          <Take href={withQuery(`${api}/exports/outstanding`, { study: of.study })} name={`${of.study}-outstanding.csv`} says={t('exports.outstanding')} />
          <Take href={withQuery(`${api}/exports/queries`, { study: of.study })} name={`${of.study}-queries.csv`} says={t('exports.queries')} />
          {of.odm && <Take href={withQuery(`${api}/exports/queries`, { study: of.study, format: 'odm' })} name={`${of.study}-queries.xml`} says={t('exports.queries.odm')} />}
        </div>
      </div>
    </section>
  );
}

/** What of a study may be taken away as files. */
export function ExportsView() {
  const loaded = useLoad<{ items: Exportable[] }>('/exports');
  return (
    <>
      <StudyTabs />
      <div class="view-head">
        <h1>{t('exports.title')}</h1>
      </div>
      <p class="hint settings-what">{t('exports.what')}</p>
      <Await of={loaded}>
        {({ items }) => {
          const shown = items.filter((each) => !study.value || each.study === study.value);
          return shown.length ? (
            <>
              {shown.map((each) => (
                <Of key={each.study} of={each} />
              ))}
            </>
          ) : (
            <div class="sheet">
              <Empty title={t('exports.none')} />
            </div>
          );
        }}
      </Await>
    </>
  );
}
