import { send } from '../api/client';
import { useLoad, usePages } from '../api/load';
import type { AccessReview, AccessToReview, ReviewedAccount } from '../api/study_end_types';
import { queryValue } from '../frame/router';
import { mayEverywhere } from '../frame/session';
import { dayOf, Instant } from '../parts/instant';
import { Listing, PagedListing, type ListingColumn } from '../parts/listing';
import { Await, Empty, Notice } from '../parts/notice';
import { SignedFinding } from '../parts/signed_finding';
import { StateMark } from '../parts/state_mark';
import { t, tOr } from '../text';
import { roleName } from './roles';

const accountColumns = (signIns: boolean): ListingColumn<ReviewedAccount>[] => [
  {
    id: 'who',
    title: t('accounts.name'),
    names: true,
    full: true,
    cell: (each) => (
      <>
        {each.display_name} <span class="grey mono small">{each.name}</span>
      </>
    ),
  },
  { id: 'state', title: t('accounts.state'), cell: (each) => <StateMark state={each.state === 'active' ? 'active' : 'past'} label={t(each.state === 'active' ? 'accounts.active' : 'accounts.disabled')} /> },
  {
    id: 'roles',
    title: t('accounts.roles'),
    full: true,
    cell: (each) =>
      each.grants.length === 0 ? (
        <span class="grey">{t('accounts.no_role')}</span>
      ) : (
        <ul>
          {each.grants.map((grant) => (
            <li key={`${grant.role} ${grant.study} ${grant.site} ${grant.from}`}>
              {roleName(grant.role)} <span class="grey">{[grant.study, grant.site].filter(Boolean).join(' · ') || t('grant.all')}</span> <span class="grey small">{t('reviews.grant', { from: dayOf(grant.from), by: grant.granted_by, training: grant.training })}</span>
            </li>
          ))}
        </ul>
      ),
  },
  { id: 'factor', title: t('accounts.factor'), label: t('accounts.factor'), cell: (each) => t(each.second_factor ? 'accounts.factor.on' : 'accounts.factor.off') },
  ...(signIns
    ? [{ id: 'last', title: t('reviews.last_sign_in'), label: t('reviews.last_sign_in'), class: 'grey nowrap', cell: (each: ReviewedAccount) => (each.last_sign_in ? <Instant at={each.last_sign_in} /> : t('reviews.never')) }]
    : []),
];

const reviewColumns = (): ListingColumn<AccessReview>[] => [
  { id: 'at', title: t('review.at'), names: true, class: 'nowrap', cell: (each) => <a href={`/settings/reviews?id=${each.id}`}><Instant at={each.at} exact /></a> },
  { id: 'by', title: t('review.by'), cell: (each) => <>{each.signature.name} <span class="grey small">{tOr(`sign.meaning.${each.signature.meaning}`, each.signature.meaning)}</span></> },
  { id: 'finding', title: t('review.finding'), full: true, cell: (each) => each.finding },
  { id: 'seen', title: 'SHA-256', full: true, class: 'mono small grey cut', cell: (each) => <span title={each.seen_sha256}>{each.seen_sha256.slice(0, 16)}…</span> },
];

function Record({ of, onDone }: { of: AccessToReview; onDone: () => void }) {
  return (
    <SignedFinding
      title={t('reviews.record')}
      what={t('reviews.record.what')}
      look="giving"
      action={t('reviews.do')}
      meanings={['reviewed']}
      signsFor={t('reviews.signs_for', { n: of.accounts.length })}
      sha256={of.sha256}
      send={(finding, signature) => send('POST', '/access/reviews', { seen: of.sha256, finding, signature })}
      onDone={onDone}
    />
  );
}

function Past({ id }: { id: string }) {
  const loaded = useLoad<AccessReview>(`/access/reviews/${encodeURIComponent(id)}`);
  return (
    <>
      <p>
        <a class="crumb" href="/settings/reviews">
          ← {t('settings.reviews')}
        </a>
      </p>
      <Await of={loaded}>
        {(review) => (
          <>
            <Notice kind="info">
              <p>
                <Instant at={review.at} exact /> · {review.signature.name} · {review.finding}
              </p>
            </Notice>
            <div class="block">
              <Listing rows={review.accounts ?? []} columns={accountColumns(false)} id={(each) => each.id} caption={t('reviews.seen')} />
            </div>
            <p class="foot-note mono">SHA-256 {review.seen_sha256}</p>
          </>
        )}
      </Await>
    </>
  );
}

/** Accounts with their roles, to be looked through and signed for. */
export function AccessReviewPage() {
  const id = queryValue('id');
  return id ? <Past id={id} /> : <Now />;
}

function Now() {
  const now = useLoad<AccessToReview>('/access/review');
  const past = usePages<AccessReview>('/access/reviews', 50);
  return (
    <>
      <p class="hint settings-what">{t('reviews.what')}</p>
      <Await of={now}>
        {(data) => (
          <>
            {data.due && (
              <div class="block">
                <Notice kind="warning">
                  <p>{t('reviews.due', { days: data.each_days })}</p>
                </Notice>
              </div>
            )}
            <div class="block">
              <Listing rows={data.accounts} columns={accountColumns(true)} id={(each) => each.id} caption={t('settings.reviews')} />
            </div>
            {mayEverywhere('access.review') && (
              <Record
                of={data}
                onDone={() => {
                  now.reload();
                  past.reload();
                }}
              />
            )}
          </>
        )}
      </Await>
      <section class="block" aria-labelledby="past-reviews">
        <h2 id="past-reviews">{t('reviews.past')}</h2>
        <PagedListing list={past} columns={reviewColumns()} id={(each) => String(each.id)} caption={t('reviews.past')} empty={<Empty title={t('reviews.none')} />} />
      </section>
    </>
  );
}
