import '../problems/problem.css';
import '../messages/messages.css';
import './mappings.css';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, getText } from '../api/client';
import { useLoad } from '../api/load';
import type { ConfigList, MappingError, Vocabulary } from '../api/types';
import { queryValue, setQuery } from '../frame/router';
import { may, mayEverywhere } from '../frame/session';
import { Await, Empty, ErrorNotice } from '../parts/notice';
import { t, tOr } from '../text';
import { CheckPanel, useCheck } from './check_panel';
import { useDraft } from './draft';
import { Editor, type Jump } from './editor';
import { CasesPanel, EffectPanel, ExplainPanel, ProposePanel } from './effect_panels';
import { FileTree } from './file_tree';

/** The text of a file as the configuration has it. */
function useFile(config: string, name: string) {
  const [file, setFile] = useState<{ name: string; text: string } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    setFile(null);
    setError(null);
    if (!name || !config) return;
    const stop = new AbortController();
    getText(`/config/${config}/files/${name.split('/').map(encodeURIComponent).join('/')}`, stop.signal)
      .then((text) => setFile({ name, text }))
      .catch((fault) => {
        if (fault instanceof ApiError) setError(fault);
      });
    return () => stop.abort();
  }, [config, name]);
  return { file, error };
}

function Workbench({ configs, reload }: { configs: ConfigList; reload: () => void }) {
  const active = String(configs.active?.id ?? configs.versions[0]?.id ?? '');
  const config = queryValue('config') || active;
  const name = queryValue('file');
  const files = useLoad<{ name: string; size: number }[]>(`/config/${config}/files`);
  const vocabulary = useLoad<Vocabulary>('/mappings/vocabulary');
  const { file, error } = useFile(config, name);
  const draft = useDraft(config);
  const checked = useCheck(config, draft);
  const [jump, setJump] = useState<Jump | null>(null);
  const text = draft.textOf(name) ?? file?.text ?? '';
  const findings = [...(checked.check?.errors ?? []), ...(checked.check?.warnings ?? [])];
  const n = draft.files.length;

  const goTo = (error: MappingError) => {
    if (error.place !== name) setQuery({ file: error.place });
    // The other file's text must be there before the caret can go to it.
    setTimeout(() => setJump({ line: error.line, column: error.column, turn: Date.now() }), error.place === name ? 0 : 300);
  };
  return (
    <>
      <div class="list-head">
        <h1 class="unseen">{t('tab.mappings')}</h1>
        <div class="filters">
          <label class="sorted">
            <span class="grey">{t('mappings.version')}</span>
            <select
              class="quiet-select"
              value={config}
              onChange={(event) => setQuery({ config: event.currentTarget.value === active ? null : event.currentTarget.value })}
            >
              {configs.versions.map((each) => (
                <option key={each.id} value={each.id}>
                  {t('mappings.version.option', { id: String(each.id), state: tOr(`state.${each.state}`, each.state) })}
                </option>
              ))}
            </select>
          </label>
          {n > 0 && (
            <>
              <span class="tag">{t('mappings.draft', { n })}</span>
              <button type="button" class="button button-quiet" onClick={draft.discard}>
                {t('mappings.discard')}
              </button>
            </>
          )}
        </div>
        <a class="list-end" href={`/config/${config}`}>
          {t('mappings.compare')}
        </a>
      </div>
      <div class="workbench">
        <Await of={files}>
          {(all) => (
            <FileTree
              names={all.map((each) => each.name)}
              chosen={name}
              changed={new Set(draft.files.map((each) => each.name))}
              wrong={new Set(checked.check?.errors.map((each) => each.place))}
              onChoose={(chosen) => setQuery({ file: chosen }, 'push')}
            />
          )}
        </Await>
        <div class="sheet workbench-editor">
          {error && <ErrorNotice error={error} />}
          {!name && (
            <Empty title={t('mappings.choose')}>
              <p>{t('mappings.choose.what')}</p>
            </Empty>
          )}
          {name && file?.name === name && (
            <Editor
              name={name}
              text={text}
              errors={findings.filter((each) => each.place === name)}
              vocabulary={vocabulary.data}
              readOnly={!may('config.propose')}
              jump={jump}
              onChange={(next) => draft.put(name, next, file.text)}
            />
          )}
        </div>
        <div class="workbench-effect sheet">
          <CheckPanel checked={checked} isChanged={n > 0} onGo={goTo} />
          <CasesPanel parent={config} draft={draft} />
          {n > 0 && <EffectPanel parent={config} draft={draft} />}
          <ExplainPanel parent={config} draft={draft} />
          {mayEverywhere('config.propose') && config !== active ? (
            <p class="hint panel">{t('mappings.not_active')}</p>
          ) : mayEverywhere('config.propose') ? (
            <ProposePanel
              parent={config}
              draft={draft}
              ready={checked.check !== null && checked.check.errors.length === 0 && !checked.running}
              onDone={reload}
            />
          ) : (
            <p class="hint panel">{t('mappings.read_only')}</p>
          )}
        </div>
      </div>
    </>
  );
}

/** Files left, the text in the middle, and right what a change would do before anybody is asked for it. */
export function MappingsView() {
  const configs = useLoad<ConfigList>('/config');
  return <Await of={configs}>{(list) => <Workbench configs={list} reload={configs.reload} />}</Await>;
}
