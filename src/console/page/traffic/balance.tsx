import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { withQuery } from '../api/client';
import type { BalanceRow, RuleCount } from '../api/study_types';
import { StateMark } from '../parts/state_mark';
import { ruleSentence, t } from '../text';
import { locale } from '../text/language';

const number = (n: number) => n.toLocaleString(locale());

function Rules(props: { rules: RuleCount[]; state: 'held' | 'ignored'; row: BalanceRow }) {
  return (
    <ul class="rule-list">
      {props.rules.map((each) => (
        <li key={each.rule}>
          <StateMark state={props.state} bare />
          <a
            class="end"
            href={
              props.state === 'held'
                ? withQuery('/problems', { source: props.row.source, rule: each.rule })
                : withQuery('/messages', { source: props.row.source, state: 'ignored', from: props.row.day, to: props.row.day })
            }
          >
            {number(each.count)}
          </a>
          <span>
            {ruleSentence(each.rule, each.sentence)} <span class="grey mono small">{each.rule}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Beside({ row }: { row: BalanceRow }) {
  const words = [
    row.duplicates > 0 && t('balance.duplicates', { n: row.duplicates }),
    row.refused > 0 && t('balance.refused', { n: row.refused }),
    row.quarantined > 0 && t('balance.quarantined', { n: row.quarantined }),
  ].filter(Boolean);
  return <>{words.join(' · ')}</>;
}

/** Received = stored + held + ignored, a line a source; every number leads to what it counts. */
export function Balance({ rows, day }: { rows: BalanceRow[]; day: string }) {
  const [open, setOpen] = useState<string | null>(null);
  const sum = (of: 'messages' | 'received' | 'stored' | 'held' | 'ignored') => rows.reduce((total, row) => total + row[of], 0);
  const messages = (source: string, state: string) => withQuery('/messages', { source, state, from: day, to: day });
  const balanced = rows.every((row) => row.balanced);
  if (rows.length === 0) return <p class="pad grey">{t('balance.none')}</p>;
  return (
    <div class="scroll-x">
      <table class="listing balance">
        <thead>
          <tr>
            <th scope="col">{t('traffic.source')}</th>
            <th scope="col" class="end only-wide">
              {t('traffic.messages')}
            </th>
            <th scope="col" class="end">
              {t('balance.received')}
            </th>
            <th scope="col" class="end">
              <span class="sum-sign">=</span>
              {t('balance.stored')}
            </th>
            <th scope="col" class="end">
              <span class="sum-sign">+</span>
              {t('balance.held')}
            </th>
            <th scope="col" class="end">
              <span class="sum-sign">+</span>
              {t('balance.ignored')}
            </th>
            <th scope="col" class="only-wide">
              {t('balance.balanced')}
            </th>
            <th scope="col" class="only-wide">
              {t('balance.also')}
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const rules = row.held_by_rule.length + row.ignored_by_rule.length;
            return (
              <Fragment key={row.source}>
                <tr>
                  <th scope="row">
                    <a href={`/sources/${row.source}`}>{row.source}</a>
                  </th>
                  <td class="end only-wide">
                    <a href={messages(row.source, '')}>{number(row.messages)}</a>
                  </td>
                  <td class="end">
                    <a href={messages(row.source, '')}>{number(row.received)}</a>
                  </td>
                  <td class="end">
                    <a href={messages(row.source, 'stored')}>{number(row.stored)}</a>
                  </td>
                  <td class="end">
                    {row.held ? <a href={withQuery('/problems', { source: row.source })}>{number(row.held)}</a> : <span class="grey">0</span>}
                  </td>
                  <td class="end">
                    {row.ignored ? <a href={messages(row.source, 'ignored')}>{number(row.ignored)}</a> : <span class="grey">0</span>}
                  </td>
                  <td class="only-wide">
                    <StateMark state={row.balanced ? 'done' : 'refused'} label={t(row.balanced ? 'balance.yes' : 'balance.no')} />
                  </td>
                  <td class="grey only-wide">
                    <Beside row={row} />
                  </td>
                  <td class="end">
                    {rules > 0 && (
                      <button
                        type="button"
                        class="button button-quiet button-small"
                        aria-expanded={open === row.source}
                        aria-label={t('balance.show_rules', { source: row.source })}
                        onClick={() => setOpen(open === row.source ? null : row.source)}
                      >
                        <span class="only-wide">{t('balance.rules')}</span> <i class="caret" aria-hidden />
                      </button>
                    )}
                  </td>
                </tr>
                {open === row.source && (
                  <tr class="balance-rules">
                    <td colSpan={9}>
                      <Rules rules={row.held_by_rule} state="held" row={row} />
                      <Rules rules={row.ignored_by_rule} state="ignored" row={row} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('balance.total')}</th>
            <td class="end only-wide">{number(sum('messages'))}</td>
            <td class="end">{number(sum('received'))}</td>
            <td class="end">{number(sum('stored'))}</td>
            <td class="end">{number(sum('held'))}</td>
            <td class="end">{number(sum('ignored'))}</td>
            <td class="only-wide">
              <StateMark state={balanced ? 'done' : 'refused'} label={t(balanced ? 'balance.yes' : 'balance.no')} />
            </td>
            <td class="only-wide" />
            <td />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
