import './messages.css';
import { useState } from 'preact/hooks';
import { useLoad } from '../api/load';
import type { Message } from '../api/types';
import { may } from '../frame/session';
import { Await } from '../parts/notice';
import { ShortId } from '../parts/short_id';
import { TabStrip } from '../parts/tab_strip';
import { t } from '../text';
import { DiffTab } from './diff_tab';
import { HexTab } from './hex_tab';
import { marksOf, type Focus } from './hit';
import { RawTab } from './raw_tab';
import { messagePath } from './message_path';
import { Reveal } from './reveal';
import { SegmentsTab } from './segments_tab';
import { TreeTab } from './tree_tab';

const tabs = ['segments', 'tree', 'raw', 'hex', 'last-good', 'previous'] as const;
type Tab = (typeof tabs)[number];

/** One message in six ways of reading it. */
export function MessagePane({ id, focus, link = true }: { id: string; focus?: Focus; link?: boolean }) {
  const [revealed, setRevealed] = useState(false);
  const loaded = useLoad<Message>(messagePath(id, '', revealed));
  const [tab, setTab] = useState<Tab>('segments');
  return (
    <section class="sheet message-pane" aria-label={t('tab.messages')}>
      <Await of={loaded}>
        {(message) => {
          const marks = marksOf(message.segments, message.findings, focus);
          return (
          <>
            <header class="message-head">
              <span class="message-id">
                <ShortId id={message.control_id} whole />
                <span class="grey">{message.message_type}</span>
              </span>
              {message.masked && may('identity.reveal') && <Reveal of={`/messages/${id}`} onDone={() => setRevealed(true)} />}
              {link && (
                <a class="button button-quiet" href={`/messages/${encodeURIComponent(id)}`}>
                  {t('message.open')}
                </a>
              )}
            </header>
            <TabStrip
              label={t('message.tabs')}
              tabs={tabs.map((each) => ({ id: each, text: t(`message.tab.${each}`) }))}
              chosen={tab}
              onChoose={(each) => setTab(each as Tab)}
            />
            <div class="message-body" role="tabpanel">
              {tab === 'segments' && <SegmentsTab message={message} marks={marks} />}
              {tab === 'tree' && <TreeTab message={message} marks={marks} />}
              {tab === 'raw' && <RawTab message={message} />}
              {tab === 'hex' && <HexTab message={message} marks={marks} />}
              {(tab === 'last-good' || tab === 'previous') && <DiffTab key={tab} message={message} against={tab} />}
            </div>
          </>
          );
        }}
      </Await>
    </section>
  );
}
