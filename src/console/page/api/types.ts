/** What the server's REST interface answers (docs/rest.md), as far as the page reads it. */

/** Some of the server's ids are numbers; they are compared as text. */
export type Id = string | number;
export const sameId = (a: Id | null | undefined, b: Id | null | undefined): boolean => String(a) === String(b);

/** An id as the server takes it in a body: a number where it is one. */
export const asId = (id: Id): Id => (/^\d+$/.test(String(id)) ? Number(id) : id);

export interface Named {
  id: Id;
  name: string;
}
export interface Labelled {
  id: Id;
  label: string;
}

export interface Engine {
  state: string;
  reason: string;
  version: string;
  config_hash: string;
  config_id?: string;
  node: string;
}

export interface Me {
  account: {
    id: string;
    name: string;
    display_name: string;
    roles: { role: string; study: string; site: string }[];
    second_factor: boolean;
    must_change_password: boolean;
    must_enrol_second_factor?: boolean;
    /** What the next signature must carry beside the password, and what a first one declares. */
    signing?: { name_needed: boolean; declaration: string | null };
  };
  permissions: string[];
  /** Those of them that are held in all studies. */
  everywhere: string[];
  studies: { id: string; name: string; sites: string[] }[];
  csrf: string;
  expires_at: string;
  engine: Engine;
  open_problems: number;
  oidc: boolean;
}

export interface FacetValue {
  value: string;
  label: string;
  count: number;
}

export type ProblemState = 'open' | 'in review' | 'resolved' | 'dismissed';

export interface Problem {
  id: string;
  etag: string;
  state: ProblemState;
  rule: string;
  rule_number: number;
  sentence: string;
  sentence_key: string;
  parameters: Record<string, string | number>;
  source: string;
  object: string;
  object_masked: boolean;
  held: number;
  total: number;
  subjects: number;
  first: string;
  last: string;
  closed: string | null;
  age_hours: number;
  risk: 0 | 1 | 2 | 3;
  risk_why: string;
  risk_reasons: { key: string; n?: number }[];
  assignee: Named | null;
  snoozed_until: string | null;
  /** Put away until it holds so many results. */
  snoozed_held?: number | null;
  regressed: boolean;
  study: string | null;
  sites: string[];
  /** What stands in the place of the size where the problem is one result: `612 → 621`. */
  delta?: string | null;
}

export interface ProblemList {
  items: Problem[];
  next: string | null;
  total: number | null;
  facets: Record<string, FacetValue[]>;
  counts: { open: number; in_review: number; resolved_week: number };
}

export interface SubjectCandidate {
  subject: { id: Id; label: string; site: string; status: string };
  score: number;
  evidence: string[];
  contradictions: string[];
}
export interface VisitCandidate {
  visit: string;
  name: string;
  open: string;
  target: string;
  close: string;
  contains: boolean;
  days_from_target: number;
}

export type RepairFields = Record<string, unknown>;

export interface Repair {
  kind: string;
  /** As the server sees it, where it says so; else the permission tells. */
  allowed?: boolean;
  title_key: string;
  likely: boolean;
  permission: string;
  four_eyes: boolean;
  fields: RepairFields;
  candidates?: (SubjectCandidate | VisitCandidate)[];
}

export interface Comment {
  id: string;
  at: string;
  actor: string;
  text: string;
  kind: string;
}
export interface HistoryEntry {
  id: Id;
  at: string;
  actor: string;
  kind: string;
  text: string;
}

export interface SiteQuery {
  id: Id;
  etag: string;
  state: 'open' | 'answered' | 'closed' | 'cancelled';
  problem: Id | null;
  subject: Labelled | null;
  recipient: string;
  text: string;
  due: string | null;
  created: string;
  created_by: string;
  events: { at: string; actor: string; from: string; to: string; text: string }[];
}

export interface BlockedVisit {
  subject: string;
  visit: string;
  locks_in_days: number | null;
}

export interface ProblemDetail extends Problem {
  expected: string;
  came: string;
  advice: string;
  who_can_fix: string;
  blocks: { subjects: Labelled[]; visits: (string | BlockedVisit)[]; deliveries: number };
  repairs: Repair[];
  comments: Comment[];
  history: HistoryEntry[];
  queries: SiteQuery[];
  example: { message_id: string; ordinal: number; place: string } | null;
}

export interface ProblemItem {
  observation: string;
  message_id: string | null;
  control_id: string;
  source: string;
  received_at: string;
  place: string;
  code: string;
  code_system: string;
  code_text: string;
  analyte: string;
  value_reported: string;
  unit_reported: string;
  collected: string;
  subject: Labelled | null;
  released: string | null;
}

export interface Preview {
  total: number;
  /** Over how many the rest was counted, where they are not all. */
  sampled?: number;
  /** Of a repair that is taken back: how many that are stored now would be held. */
  held_again?: number;
  /** With what was filled in, a second person has to approve. */
  four_eyes?: boolean;
  would_store: number;
  still_held: number;
  ignored: number;
  changes_delivered: number;
  /** Of a configuration: subjects of the studies that differ, and how many of their results would stand elsewhere. */
  placed_again?: { subjects: number; tried: number; moved: number };
  examples: {
    observation: string;
    control_id: string;
    before: { disposition: string; rule: string; text: string };
    after: { disposition: string; rule: string; text: string };
  }[];
  still: { rule: string; sentence: string; count: number }[];
  delivered_changes: { result_id: string; subject: string; visit: string; analyte: string; from: string; to: string }[];
}

export interface Job {
  id: Id;
  kind: string;
  state: 'queued' | 'running' | 'done' | 'stopped';
  total: number;
  done: number;
  stored: number;
  held: number;
  ignored: number;
  failed: number;
  started: string | null;
  ended: string | null;
  actor: string;
  problem?: Id | null;
}

export interface JobItem {
  observation: string;
  control_id: string;
  outcome: 'stored' | 'held' | 'ignored' | 'failed';
  sentence: string;
}

export interface SavedView {
  id: string;
  name: string;
  query: string;
}

export interface Signature {
  password: string;
  meaning: string;
  name?: string;
  declare?: boolean;
}

export interface Approval {
  id: Id;
  etag: string;
  action: string;
  object: string;
  content: unknown;
  content_sha256: string;
  asked_by: Named;
  object_href?: string | null;
  /** Whether the person may approve or refuse it. */
  may_decide?: boolean;
  expires_at?: string | null;
  changes?: { what: string; before: string; after: string }[];
  asked_at: string;
  reason: string;
  preview: Preview | null;
  state: 'pending' | 'approved' | 'refused' | 'stale' | 'applied';
  decided_by: Named | string | null;
  decided_at: string | null;
  /** Why it was refused or is out of date. */
  why?: string;
  signature: Id | { id: Id; name: string; at: string; meaning: string } | null;
}

export interface Component {
  number: number;
  name: string;
  text: string;
  sub: string[];
  offset: number;
  length: number;
  masked?: boolean;
}
export interface Field {
  number: number;
  name: string;
  text: string;
  offset: number;
  length: number;
  masked: boolean;
  repetitions: { components: Component[] }[];
}
export interface Segment {
  position: number;
  id: string;
  name: string;
  offset: number;
  length: number;
  text?: string;
  fields: Field[];
}
export interface Finding {
  code: string;
  severity: 'note' | 'warning' | 'hold' | 'refuse';
  place: string;
  offset: number | null;
  length: number | null;
  sentence: string;
}
/** A sentence of core/sentences.def with what is filled in. */
export interface SaidSentence {
  key: string;
  parameters: Record<string, string>;
}
export interface Observation {
  ordinal: number;
  place: string;
  disposition: 'stored' | 'held' | 'ignored' | 'withheld';
  rule: string;
  sentence: string;
  code: string;
  code_system: string;
  code_text: string;
  analyte: string;
  subject: Labelled | null;
  visit: string | null;
  value_reported: string;
  unit_reported: string;
  value_text: string;
  value_num: string | null;
  unit: string;
  range_flag: string;
  result_id: string | null;
  lineage: { rule: string; text: string; sentences: SaidSentence[] }[];
}
export interface Message {
  message_id: string;
  control_id: string;
  source: string;
  message_type: string;
  state: string;
  rule: string;
  received_at: string;
  peer: string;
  /** Nothing where something of the message is closed to the person. */
  size: number | null;
  sha256: string;
  sha256_proven: boolean;
  answer: { code: string; text: string };
  counts: { stored: number; held: number; ignored: number };
  config_hash: string;
  registry_version: number;
  duplicates: number;
  masked: boolean;
  segments: Segment[];
  findings: Finding[];
  observations: Observation[];
  again: { at: string; config_hash: string; moves: string }[];
}
export interface MessageDiff {
  other: { message_id: string; control_id: string } | null;
  segments: { kind: 'same' | 'changed' | 'added' | 'removed'; id: string; left: string; right: string; fields: number[] }[];
}

export interface Hit {
  kind: 'message' | 'subject' | 'specimen' | 'problem' | 'source';
  id: string;
  label: string;
  detail: string;
  href: string;
}

export interface ConfigVersion {
  id: Id;
  hash: string;
  parent: Id | null;
  author: string;
  at: string;
  reason: string;
  state: 'active' | 'past' | 'proposed';
  etag?: string;
}
export interface ConfigList {
  active: null | { id: Id; hash: string; activated_at: string; activated_by: string; author: string; reason: string };
  versions: ConfigVersion[];
}
export interface ConfigDiff {
  changes: { kind: 'added' | 'removed' | 'changed'; what: string; where: string; before: string; after: string; sentence: string }[];
}
export interface MappingError {
  place: string;
  line: number;
  column: number;
  code: string;
  sentence: string;
  advice: string;
}
export interface ConfigCheck {
  hash?: string;
  errors: MappingError[];
  warnings: MappingError[];
  /** Null where they were not run: not asked for, or the files cannot be loaded. */
  cases: null | { passed: number; failed: { name: string; file?: string; expected: string; got: string }[] };
}
export interface Vocabulary {
  analytes: { key: string; name: string; unit: string; loinc: string }[];
  units: string[];
  elements: Record<string, { text: string; attributes: { name: string; values?: string[] }[]; children: string[] }>;
}

export interface Account {
  id: string;
  name: string;
  display_name: string;
}
