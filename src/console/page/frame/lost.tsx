import { Empty } from '../parts/notice';
import { t } from '../text';

export function Lost({ path }: { path: string }) {
  return (
    <Empty title={t('lost.title')}>
      <p>{t('lost.what', { path })}</p>
      <p>
        <a href="/problems">{t('lost.back')}</a>
      </p>
    </Empty>
  );
}
