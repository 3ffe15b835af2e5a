import { useLoad } from '../api/load';
import type { PermissionTable } from '../api/study_types';
import { session } from '../frame/session';
import { Await } from '../parts/notice';
import { t, tOr } from '../text';

export const roleName = (role: string): string => tOr(`role.${role.replace(' ', '_')}`, role);

/** Rights and roles as the table that the program itself goes by. */
export function Roles() {
  const loaded = useLoad<PermissionTable>('/permissions');
  const own = new Set(session.value?.account.roles.map((each) => each.role.replace(' ', '_')));
  return (
    <>
      <p class="hint settings-what">{t('roles.what')}</p>
      <Await of={loaded}>
        {(table) => (
          <div class="sheet scroll-x" tabIndex={0} role="region" aria-label={t('settings.roles')}>
            <table class="listing rights">
              <thead>
                <tr>
                  <th scope="col">{t('roles.permission')}</th>
                  {table.roles.map((role) => (
                    <th scope="col" key={role} class={own.has(role.replace(' ', '_')) ? 'rights-own' : ''}>
                      <span>{roleName(role)}</span>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {table.rows.map((row) => (
                  <tr key={row.permission}>
                    <th scope="row">
                      {tOr(`permission.${row.permission}`, row.text)} <code class="grey small only-wide">{row.permission}</code>
                    </th>
                    {table.roles.map((role) => {
                      const has = row[role] === true || row[role.replace(' ', '_')] === true;
                      return (
                        <td key={role} class={own.has(role.replace(' ', '_')) ? 'rights-own' : ''}>
                          <span role="img" aria-label={t(has ? 'roles.yes' : 'roles.no', { role: roleName(role) })} title={t(has ? 'roles.yes' : 'roles.no', { role: roleName(role) })}>
                            {has ? (
                              <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden>
                                <circle cx="6" cy="6" r="4.2" fill="currentColor" />
                              </svg>
                            ) : (
                              <i class="rights-none" />
                            )}
                          </span>
                        </td>
                      );
                    })}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Await>
    </>
  );
}
