import type { TextKey } from '../text';
import { t } from '../text';

interface Group {
  title: TextKey;
  names: string[];
}

function grouped(names: string[]): Group[] {
  const sources = names.filter((name) => name.startsWith('sources/'));
  const studies = names.filter((name) => !name.startsWith('sources/') && name.includes('/'));
  const shared = names.filter((name) => !name.includes('/'));
  const groups: Group[] = [
    { title: 'mappings.sources', names: sources },
    { title: 'mappings.study', names: studies },
    { title: 'mappings.shared', names: shared },
  ];
  return groups.filter((group) => group.names.length > 0);
}

const shortName = (name: string) => name.replace(/^sources\//, '').replace(/\.xml$/, '');

/** The files of a configuration; on a narrow window one list to choose from. */
export function FileTree(props: {
  names: string[];
  chosen: string;
  changed: Set<string>;
  wrong: Set<string>;
  onChoose: (name: string) => void;
}) {
  const groups = grouped(props.names);
  return (
    <nav class="file-tree sheet" aria-label={t('mappings.files')}>
      <select
        class="input file-choice"
        aria-label={t('mappings.files')}
        value={props.chosen}
        onChange={(event) => props.onChoose(event.currentTarget.value)}
      >
        <option value="">{t('mappings.choose')}</option>
        {groups.map((group) => (
          <optgroup key={group.title} label={t(group.title)}>
            {group.names.map((name) => (
              <option key={name} value={name}>
                {shortName(name)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <div class="file-list">
        {groups.map((group) => (
          <section key={group.title}>
            <h2>{t(group.title)}</h2>
            {group.names.map((name) => (
              <button
                key={name}
                type="button"
                class="file"
                aria-current={name === props.chosen ? 'true' : undefined}
                onClick={() => props.onChoose(name)}
              >
                <span>{shortName(name)}</span>
                {props.wrong.has(name) && <i class="hl7-margin" aria-hidden />}
                {props.changed.has(name) && <span class="file-changed">{t('mappings.changed')}</span>}
              </button>
            ))}
          </section>
        ))}
      </div>
    </nav>
  );
}
