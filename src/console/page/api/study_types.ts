/** What the server answers about subjects, traffic, deliveries, the audit trail and the settings. */
import type { Id, Labelled, SaidSentence } from './types';

export type CellState = 'stored' | 'held' | 'missing' | 'waiting' | 'out of window' | 'locked' | 'not expected';
/** What the matrix marks one by one; whatever else a visit expects is marked together. */
export const panels = ['CD4A', 'CD8A', 'CD4CD8', 'hiv-rna', 'cbc', 'chemistry'];

export interface Cell {
  state: CellState;
  /** Frozen or locked, by its own lock or one over it. */
  lock?: string;
  marks: Record<string, string>;
  days_left: number | null;
}
export interface SubjectRow {
  id: string;
  label: string;
  study: string;
  site: string;
  status: string;
  eligibility: string;
  day0: string | null;
  cells: Record<string, Cell>;
}
export interface SubjectList {
  items: SubjectRow[];
  visits: { id: string; name: string; day: number; from: number; to: number }[];
  marks?: { key: string; name: string }[];
  next: string | null;
  total: number | null;
}

export interface ResultVersion {
  version: number;
  value_text: string;
  unit: string;
  status: string;
  reported_at: string;
  received_at: string;
  message_id: string;
  current: boolean;
}
export interface Result {
  result_id: string;
  observation: string;
  visit: string;
  visit_kind: 'scheduled' | 'unscheduled' | 'history';
  role: 'chosen' | 'additional';
  study_day: number | null;
  analyte: string;
  analyte_name: string;
  value_reported: string;
  unit_reported: string;
  comparator: string;
  value_text: string;
  value_num: string | null;
  unit: string;
  ref_low: string | null;
  ref_high: string | null;
  range_flag: string;
  grade: number | null;
  lloq: string | null;
  uloq: string | null;
  result_state: string;
  status: string;
  version: number;
  versions: ResultVersion[];
  derived_from: string[] | null;
  collected_at: string;
  collected_utc: string | null;
  laboratory: string;
  reported_at: string;
  received_at: string;
  source: string;
  delivery: Record<string, string>;
  lineage_id: string;
}

export interface Criterion {
  id: string;
  text: string;
  answer: 'met' | 'not met' | 'undecided' | 'site attests';
  /** What an answer means for the subject: that an exclusion is met is against it. */
  bearing?: string;
  evidence: { text: string; sentences: SaidSentence[]; result_id?: string | null; lineage_id?: string | null; status?: string }[];
}
export interface VisitSpan {
  id: string;
  name: string;
  open: string;
  target: string;
  close: string;
  state: string;
  lock?: string;
  locked: boolean;
}
export interface SubjectDetail {
  id: string;
  label: string;
  study: string;
  site: string;
  status: string;
  dates: Record<string, string | null>;
  identity: { masked: boolean; identifiers: { authority: string; value: string }[]; sex: string; birth_date: string };
  eligibility: { answer: string; criteria: Criterion[] };
  visits: VisitSpan[];
  doses: { name: string; at: string; day: number }[];
  results: Result[];
  problems: { id: string; sentence: string; rule: string }[];
  notices: { text?: string; rule?: string; sentence?: string; detail?: string; at: string }[];
  locks: { scope: string; visit: string; state: string; since: string }[];
}

export interface Point {
  day: number;
  at: string;
  value: string | null;
  plotted: number | null;
  comparator: string;
  visit: string;
  kind: string;
  role: string;
  state: string;
  derived: boolean;
  result_id: string;
}
export interface SeriesOf {
  analyte: string;
  name: string;
  unit: string;
  log: boolean;
  lloq: number | null;
  thresholds: { value: number; text: string }[];
  points: Point[];
}
export interface SeriesAnswer {
  visits: { id: string; open: number; close: number; target: number }[];
  doses: { name: string; day: number }[];
  series: SeriesOf[];
}

/** Bytes of the original message, and what they are called. */
export interface ReadPlace {
  place: string;
  offset: number | null;
  length: number | null;
}
export interface LineageStep {
  kind: 'bytes' | 'segment' | 'rule' | 'decision' | 'version' | 'placement' | 'delivery';
  title: string;
  title_sentences: SaidSentence[];
  text: string;
  sentences: SaidSentence[];
  rule: string;
  version: string | number | null;
  at: string | null;
  config_hash: string;
  message_id: string | null;
  /** Everything that the step read; the first of it stands beside. */
  read: ReadPlace[];
  place: string;
  offset: number | null;
  length: number | null;
}
export interface Lineage {
  result_id: string;
  message_id: string;
  subject?: Labelled;
  visit?: string;
  analyte?: string;
  analyte_name?: string;
  value_text?: string;
  unit?: string;
  steps: LineageStep[];
}

export interface OutstandingItem {
  kind: string;
  subject: Labelled | null;
  visit: string;
  analyte: string;
  /** The laboratory's code of what is held; of some the mapping knows no analyte. */
  code: string;
  rule: string | null;
  text: string;
  since: string;
  problem: string | null;
}
export interface Outstanding {
  as_of: string;
  items: OutstandingItem[];
  counts: Record<string, number>;
}

export interface SourceRow {
  id: string;
  name: string;
  mode: string;
  last_message: string | null;
  silent: boolean;
  silence_minutes: number | null;
  habit_minutes: number | null;
  messages_24h: number;
  held_24h: number;
  hours: { messages: number; held: number }[];
  ack_p50_ms: number | null;
  ack_p99_ms: number | null;
  ack_answers_24h: number;
  clock_skew_s: number | null;
  sequence_gaps: number;
  new_findings: (string | { rule: string; sentence: string })[];
}
export interface RuleCount {
  rule: string;
  sentence: string;
  count: number;
}
export interface BalanceRow {
  day: string;
  source: string;
  messages: number;
  received: number;
  stored: number;
  held: number;
  ignored: number;
  balanced: boolean;
  held_by_rule: RuleCount[];
  ignored_by_rule: RuleCount[];
  duplicates: number;
  refused: number;
  quarantined: number;
}
/** Latencies and connections are what one node knows; `shared`: others take messages in too. */
export interface NodeOfStore {
  id: string;
  shared: boolean;
}
export interface Traffic {
  at: string;
  node: NodeOfStore;
  sources: SourceRow[];
  balance: BalanceRow[];
}
export interface SourceDetail {
  id: string;
  name: string;
  mode: string;
  file: string;
  recognise: { what: string; value: string }[];
  new_findings: SourceRow['new_findings'];
  clock_skew_s: number | null;
  sequence_gaps: number;
  node: NodeOfStore;
  ack_p50_ms: number | null;
  ack_p99_ms: number | null;
  ack_answers_24h: number;
  connections: {
    peer: string;
    way: string;
    tls: boolean;
    since: string;
    last_message: string;
    messages: number;
    certificate: { subject: string; expires: string | null } | null;
  }[];
  drift: { at: string; kind: string; text: string; count: number; message_id: string }[];
  lines: { code: string; system: string; analyte: string; unit: string; count_30d: number }[];
  approvals: { site: string; by: string; at: string; config_hash: string }[];
}

export interface TargetCard {
  name: string;
  kind?: string;
  state: string;
  lag_s: number;
  waiting: number;
  oldest: string | null;
  rate_per_min: number;
  last_error: string | null;
  breaker?: string;
}
export interface DeliveryRow {
  id: string;
  target: string;
  state: string;
  subject: Labelled | string | null;
  message_id: string | null;
  results: number | null;
  attempts: number;
  not_before: string | null;
  closed: string | null;
  why: string;
}
export interface Deliveries {
  targets: TargetCard[];
  items: DeliveryRow[];
  next: string | null;
  total: number | null;
}

export interface AuditEntry {
  /** Texts into which personal data had come were taken out by two persons. */
  erased?: boolean;
  reason_code?: string;
  id: string;
  at: string;
  node: string;
  kind: string;
  actor: string;
  role: string;
  origin: string;
  what: string;
  object_kind: string;
  object: string;
  before: unknown;
  after: unknown;
  reason: string | null;
  session: string;
  version: string;
  config_hash: string;
  hash: string;
}
export interface AuditProof {
  ok: boolean;
  rows: number;
  first_bad: { id: string; why: string } | null;
  not_proven: string[];
  anchors: number;
}
export interface AuditReview {
  id: Id;
  from: string;
  to: string;
  filter: string;
  finding: string;
  actor: string;
  at: string;
  signature: { id: Id; name: string; meaning: string };
}

export interface Grant {
  id: string;
  role: string;
  study: string;
  site: string;
  training: string;
  from: string;
  until: string | null;
  granted_by: string;
  ended_by: string | null;
  reason: string;
  active: boolean;
  /** Whether who reads it may end it. */
  may_end: boolean;
}
export interface AccountDetail {
  id: string;
  etag: string;
  name: string;
  display_name: string;
  state: 'active' | 'disabled';
  locked_until: string | null;
  second_factor: boolean;
  must_change_password: boolean;
  created: string;
  grants: Grant[];
  /** Whether who reads it administers the account itself, and whether they may give it a role of theirs. */
  may_change: boolean;
  may_give: boolean;
}
export interface AccessRow {
  account: { id: string; name: string; display_name: string };
  state: string;
  role: string;
  study: string;
  site: string;
  training: string;
  from: string;
  until: string | null;
  granted_by: string;
}
export interface PermissionTable {
  roles: string[];
  rows: ({ permission: string; text: string } & Record<string, boolean | string>)[];
}
export interface Incident {
  id: string | number;
  kind: string;
  object: string;
  opened: string;
  closed: string | null;
  notified: { channel: string; over: boolean; state: 'waiting' | 'sent' | 'failed'; at: string; attempts: number; why: string }[];
  text: string;
  advice: string;
}
export interface AlarmChannel {
  name: string;
  kind: string;
  where: string;
  about: string[] | string;
  study: string;
}
export interface Alarms {
  items: Incident[];
  next: string | null;
  total: number | null;
  channels: AlarmChannel[];
}
export interface CriticalValue {
  id: string;
  message_id: string;
  at: string;
  subject: Labelled | null;
  study: string;
  site: string;
  visit: string;
  analyte: string;
  analyte_name: string;
  value: string;
  unit: string;
  rule: string;
  source: string;
  acknowledged_by: string | null;
  acknowledged_at: string | null;
  note: string | null;
}
export interface FourEyes {
  action: string;
  text: string;
  required: boolean;
  /** Cannot be done without. */
  always: boolean;
  actor: string;
  at: string | null;
  reason: string;
}
export interface ServerSetting {
  name: string;
  /** null: not set, the default holds. */
  value: string | number | boolean | null;
  meaning: string;
}
