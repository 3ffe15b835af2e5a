import './account.css';
import { PasswordForm } from '../frame/new_password';
import { session } from '../frame/session';
import { tOr } from '../text';
import { SecondFactor } from './second_factor';

/** What a person can change about their own account. */
export function AccountView() {
  const account = session.value?.account;
  if (!account) return null;
  return (
    <div class="account">
      <header>
        <h1>{account.display_name}</h1>
        <p class="grey">
          {account.name} ·{' '}
          {account.roles
            .map((each) => [tOr(`role.${each.role}`, each.role), each.study, each.site].filter(Boolean).join(' '))
            .join(', ')}
        </p>
      </header>
      <div class="account-forms">
        <SecondFactor />
        <PasswordForm />
      </div>
    </div>
  );
}
