/** What the server answers about locks, reconciliations, exports, imports and reviews of access. */

export interface Scope {
  scope: 'study' | 'subject' | 'visit';
  study: string;
  subject: string;
  subject_id: number | null;
  visit: string;
}
export type LockState = 'open' | 'frozen' | 'locked';
export interface Lock extends Scope {
  state: LockState;
  since: string;
  by?: string;
  reason?: string;
  signature?: string;
}
export interface LockFact extends Scope {
  action: 'freeze' | 'unfreeze' | 'lock' | 'unlock';
  at: string;
  by: string;
  reason: string;
  signature: string;
  accepted: string[];
}
export interface LockItem {
  id: string;
  kind: string;
  subject: string;
  subject_id?: number;
  visit: string;
  analyte: string;
  text: string;
  acceptable: boolean;
  since: string | null;
  problem: string | null;
}
export interface LockStanding {
  state: LockState;
  items: LockItem[];
  /** There is more, of analytes that are closed to the reader. */
  closed: boolean;
}

export interface ResultWords {
  value: string;
  unit: string;
  state: string;
  status: string;
  visit: string;
  visit_kind: string;
  role: string;
  lineage_id: string;
  study_day: number | null;
}
export interface PostLockFact {
  at: string;
  by: string;
  from: string;
  to: string;
  reason: string;
  signature: string;
}
export interface PostLockItem {
  id: number;
  state: 'waiting' | 'open' | 'authorised' | 'forwarded' | 'not applied' | 'lapsed';
  study: string;
  subject: string;
  subject_id: number;
  analyte: string;
  analyte_name: string;
  old: ResultWords | null;
  new: ResultWords;
  impact: string[];
  reason: string;
  message_id: string;
  opened: string;
  changed: string;
  authorised_by: string;
  history?: PostLockFact[];
}

export interface SignatureLine {
  id: number;
  name: string;
  meaning: string;
  at?: string | null;
}
export interface Reconciliation {
  id: number;
  study: string;
  target: string;
  list: string;
  state: 'running' | 'done' | 'failed';
  asked_by: string;
  asked: string;
  ended: string | null;
  differences: number;
  problems_opened: number;
  problems_resolved: number;
  why: string;
  finding: string;
  signature: SignatureLine | null;
}
export interface Difference {
  rule: string;
  sentence: string;
}
export interface ReconciliationReport extends Reconciliation {
  sha256: string;
  report: {
    subjects: number;
    post_lock_undecided: number;
    at: string;
    config_hash: string;
    schedule: { expected: number; received: number; held: number; missing: number; missing_items: string[] };
    target_comparison: Record<'here' | 'there' | 'same' | 'different' | 'missing' | 'extra' | 'waiting_there' | 'waiting_absent' | 'not_forwarded', number> & { differences: Difference[] };
    list_comparison: (Record<'lines' | 'same' | 'different' | 'held' | 'never_arrived' | 'repeated' | 'header_differs', number> & { differences: Difference[] }) | null;
    differences: number;
  } | null;
}
export interface ReconcileTarget {
  name: string;
  readable: boolean;
}

export interface Exportable {
  study: string;
  name: string;
  domains: string[];
  formats: string[];
  odm: boolean;
}

export interface ImportPlan {
  digest: string;
  new: number;
  changed: number;
  unchanged: number;
  rows: { place: string; line: number; what: string; study: string; new: boolean; added: string[] }[];
  errors: { place: string; line: number; code: string; text: string; detail: string; advice: string }[];
}

export interface ReviewedGrant {
  role: string;
  study: string;
  site: string;
  training: string;
  from: string;
  granted_by: string;
}
export interface ReviewedAccount {
  id: string;
  name: string;
  display_name: string;
  state: string;
  second_factor: boolean;
  grants: ReviewedGrant[];
  last_sign_in?: string | null;
}
export interface AccessToReview {
  accounts: ReviewedAccount[];
  sha256: string;
  since: string | null;
  each_days: number;
  due: boolean;
}
export interface AccessReview {
  id: number;
  at: string;
  actor: string;
  seen_sha256: string;
  finding: string;
  signature: SignatureLine;
  accounts?: ReviewedAccount[];
}
export interface Reveals {
  month: string;
  total: number;
  items: { actor: string; count: number; subjects: number; messages: number; first: string; last: string; reasons: { reason: string; count: number }[] }[];
}
